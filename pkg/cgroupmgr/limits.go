package cgroupmgr

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/podctl/podctl/pkg/errdefs"
	"golang.org/x/sys/unix"
)

// setting is one value for one control file of a cgroup.
type setting struct {
	file, value string
	// instead is tried where the kernel has no such file.
	instead *setting
}

// controller turns resources into settings, for each cgroup version.
type controller struct {
	name   string // in version 1
	nameV2 string
	v1, v2 func(*specs.LinuxResources) ([]setting, error)
	remedy string // what to do if it is missing
}

func controllers() []controller {
	return []controller{
		{"cpu", "cpu", cpuV1, cpuV2, "leave out the CPU limits"},
		{"cpuset", "cpuset", cpusetBoth, cpusetBoth, "leave out --cpuset-cpus and --cpuset-mems"},
		{"memory", "memory", memoryV1, memoryV2, "boot with cgroup_enable=memory or leave out the memory limits"},
		{"blkio", "io", blkioV1, ioV2, "leave out the block I/O limits"},
		{"pids", "pids", pidsBoth, pidsBoth, "leave out the limit of processes"},
	}
}

// limit sets the limits in r on a cgroup that exists.
func (t tree) limit(p string, r *specs.LinuxResources) error {
	if r == nil {
		return nil
	}
	for _, c := range controllers() {
		h, found := t.layout.hierarchy(c.name, c.nameV2)
		convert := c.v1
		if h.Unified {
			convert = c.v2
		}
		settings, err := convert(r)
		if err != nil {
			return fmt.Errorf("limit cgroup %s: %w", p, err)
		}
		if len(settings) == 0 {
			continue
		}
		if !found {
			return fmt.Errorf("limit cgroup %s: this host has no %s controller: %s: %w", p, c.name, c.remedy, errdefs.ErrUnsupported)
		}
		if t.layout.Kind == Hybrid && h.Unified {
			delegateDown(h.Dir, p, c.nameV2)
		}
		if err := c.apply(h, p, settings); err != nil {
			return err
		}
	}
	return t.limitUnified(p, r.Unified)
}

// apply writes the settings. Some bound each other (memory and memory with
// swap, CPU quota and period), and which has to be first depends on whether
// they grow or shrink: what the kernel refuses is tried once more at the end.
func (c controller) apply(h Hierarchy, p string, settings []setting) error {
	var refused []setting
	for _, s := range settings {
		err := c.write(h, p, s)
		if errors.Is(err, unix.EINVAL) && len(settings) > 1 {
			refused = append(refused, s)
			continue
		}
		if err != nil {
			return err
		}
	}
	for _, s := range refused {
		if err := c.write(h, p, s); err != nil {
			return err
		}
	}
	return nil
}

func (c controller) write(h Hierarchy, p string, s setting) error {
	file := filepath.Join(h.Dir, p, s.file)
	err := writeFile(file, s.value)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("limit cgroup %s: set %s to %q: %w", p, s.file, s.value, err)
		if remedy := Remedy(s.file); remedy != "" {
			err = fmt.Errorf("%w: %s", err, remedy)
		}
		return err
	case s.instead != nil:
		return c.write(h, p, *s.instead)
	}
	if _, err := os.Stat(filepath.Dir(file)); err != nil {
		return fmt.Errorf("limit cgroup %s: %w: %w", p, err, errdefs.ErrNotFound)
	}
	return fmt.Errorf("limit cgroup %s: no file %s for the %s controller: %s: %w", p, file, c.name, c.whatToDo(h, s), errdefs.ErrUnsupported)
}

func (c controller) whatToDo(h Hierarchy, s setting) string {
	if strings.Contains(s.file, "memsw") || strings.Contains(s.file, "swap") {
		return "boot with swapaccount=1 or leave out --memory-swap"
	}
	if h.Unified {
		return fmt.Sprintf("enable it with +%s in the %s of the cgroups above or %s", c.nameV2, subtreeControlFile, c.remedy)
	}
	return c.remedy
}

// delegateDown enables one controller from the root of a hierarchy to the
// cgroup above p. On a hybrid tree only what is needed is enabled there, since
// OCI runtimes expect an empty v2 side.
func delegateDown(root, p, name string) {
	dir := root
	for _, e := range strings.Split(strings.Trim(p, "/"), "/") {
		delegate(dir, []string{name})
		dir = filepath.Join(dir, e)
	}
}

// limitUnified writes v2 control files by name, as --cgroup-conf has them.
func (t tree) limitUnified(p string, files map[string]string) error {
	if len(files) == 0 {
		return nil
	}
	if t.layout.Kind != V2 {
		return fmt.Errorf("limit cgroup %s: control files by name need cgroups v2, this host has %s: %w", p, t.layout.Kind, errdefs.ErrUnsupported)
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if strings.Contains(name, "/") {
			return fmt.Errorf("limit cgroup %s: control file %q is not a file name: %w", p, name, errdefs.ErrInvalidArg)
		}
		prefix, _, _ := strings.Cut(name, ".")
		c := controller{name: prefix, nameV2: prefix, remedy: "leave the file out"}
		if err := c.write(t.layout.Hierarchies[0], p, setting{file: name, value: files[name]}); err != nil {
			return err
		}
	}
	return nil
}
