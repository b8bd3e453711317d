package cgroupmgr

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Kind is the shape of a host's cgroup tree.
type Kind string

// The kinds of cgroup trees.
const (
	V1     Kind = "v1"     // controllers in hierarchies of their own
	Hybrid Kind = "hybrid" // v1, and a v2 hierarchy beside them
	V2     Kind = "v2"     // one hierarchy
)

// Hierarchy is one mounted cgroup hierarchy.
type Hierarchy struct {
	// Dir is its mount point.
	Dir string
	// Controllers are those it can limit with; none in a named hierarchy.
	Controllers []string
	// Unified says that it is of version 2.
	Unified bool
}

// Layout describes the cgroup tree of a host.
type Layout struct {
	Kind        Kind
	Hierarchies []Hierarchy
}

// Detect reads the layout of the tree mounted at root. It is
// errdefs.ErrUnsupported if there is none.
func Detect(root string) (Layout, error) {
	if controllers, ok := unifiedControllers(root); ok {
		return Layout{Kind: V2, Hierarchies: []Hierarchy{{Dir: root, Controllers: controllers, Unified: true}}}, nil
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return Layout{}, fmt.Errorf("detect cgroup layout: %w", err)
	}
	layout := Layout{Kind: V1}
	for _, e := range entries {
		// Controllers that share a hierarchy have symbolic links to it
		// ("cpu" to "cpu,cpuacct"): only the directory counts.
		if !e.IsDir() {
			continue
		}
		dir := filepath.Join(root, e.Name())
		if controllers, ok := unifiedControllers(dir); ok {
			layout.Kind = Hybrid
			layout.Hierarchies = append(layout.Hierarchies, Hierarchy{Dir: dir, Controllers: controllers, Unified: true})
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, procsFile)); err == nil {
			layout.Hierarchies = append(layout.Hierarchies, Hierarchy{Dir: dir, Controllers: v1Controllers(e.Name())})
		}
	}
	if len(layout.Hierarchies) == 0 {
		return Layout{}, fmt.Errorf("no cgroup hierarchy is mounted at %s: %w", root, errdefs.ErrUnsupported)
	}
	return layout, nil
}

// v1Controllers tells the controllers from the name of a mount point; systemd
// and elogind keep a hierarchy without any.
func v1Controllers(name string) []string {
	if name == "systemd" || name == "elogind" || name == "openrc" {
		return nil
	}
	return strings.Split(name, ",")
}

func unifiedControllers(dir string) ([]string, bool) {
	b, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	return strings.Fields(string(b)), err == nil
}

// hierarchy returns the one that limits with the controller, by its name in
// version 1 or in version 2.
func (l Layout) hierarchy(v1, v2 string) (Hierarchy, bool) {
	for _, h := range l.Hierarchies {
		name := v1
		if h.Unified {
			name = v2
		}
		if slices.Contains(h.Controllers, name) {
			return h, true
		}
	}
	return Hierarchy{}, false
}

// SwapAccounting says whether the kernel can limit swap. Where it cannot, a
// swap limit is an error in CreatePod, so a caller that only fills in a default
// asks first.
func (l Layout) SwapAccounting() bool {
	h, ok := l.hierarchy("memory", "memory")
	if !ok {
		return false
	}
	if !h.Unified {
		_, err := os.Stat(filepath.Join(h.Dir, "memory.memsw.limit_in_bytes"))
		return err == nil
	}
	// Version 2 has the file in every cgroup but the root one.
	found, _ := filepath.Glob(filepath.Join(h.Dir, "*", "memory.swap.max"))
	return len(found) > 0
}
