package cgroupmgr

import (
	"fmt"
	"path"
	"strings"

	"github.com/podctl/podctl/pkg/errdefs"
)

const sliceSuffix = ".slice"

// checkSlice applies the rules for a cgroup parent under systemd.
func checkSlice(name string) error {
	if !strings.HasSuffix(name, sliceSuffix) {
		return fmt.Errorf("did not receive systemd slice as cgroup parent when using systemd to manage cgroups: %w", errdefs.ErrInvalidArg)
	}
	return nil
}

// childSlice names a slice below parent: a dash in the name of a slice means
// "in", see systemd.slice(5).
func childSlice(parent, name string) string {
	if parent == "-.slice" {
		return name + sliceSuffix
	}
	return strings.TrimSuffix(parent, sliceSuffix) + "-" + name + sliceSuffix
}

// parentSlice returns the slice a slice is in.
func parentSlice(slice string) string {
	name := strings.TrimSuffix(slice, sliceSuffix)
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		return name[:i] + sliceSuffix
	}
	return "-.slice"
}

// expandSlice returns the path of a slice's cgroup: a-b.slice is in
// a.slice/a-b.slice. The root slice has none of its own.
func expandSlice(slice string) string {
	if slice == "-.slice" {
		return ""
	}
	name := strings.TrimSuffix(slice, sliceSuffix)
	var p string
	for i := 0; i < len(name); i++ {
		if name[i] == '-' && i > 0 {
			p = path.Join(p, name[:i]+sliceSuffix)
		}
	}
	return path.Join(p, slice)
}
