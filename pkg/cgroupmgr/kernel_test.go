package cgroupmgr

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// kernel lays out a cgroup tree of plain directories and does in it what the
// kernel does by itself: a new directory has control files, one with children
// or processes cannot be removed.
//
// A process has moved away if it was added to the root of the hierarchy later.
type kernel struct {
	t    *testing.T
	root string
	kind Kind

	mu sync.Mutex
	// without names control files this kernel does not have.
	without []string
	// onBusy is called once, after a removal was refused.
	onBusy func()
}

// v1Files are the control files of a v1 controller with their first values.
func v1Files(controllers string) map[string]string {
	return map[string]map[string]string{
		"cpu,cpuacct": {"cpu.shares": "1024", "cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "-1"},
		"cpuset":      {"cpuset.cpus": "", "cpuset.mems": ""},
		"memory":      {"memory.limit_in_bytes": "max", "memory.memsw.limit_in_bytes": "max"},
		"blkio":       {"blkio.bfq.weight": "100", "blkio.throttle.read_bps_device": "", "blkio.throttle.write_bps_device": ""},
		"pids":        {"pids.max": "max"},
		"systemd":     {},
	}[controllers]
}

// v2Files are those of a v2 controller.
func v2Files(controller string) map[string]string {
	return map[string]map[string]string{
		"cpu":     {"cpu.weight": "100", "cpu.max": "max 100000"},
		"cpuset":  {"cpuset.cpus": "", "cpuset.mems": ""},
		"memory":  {"memory.max": "max", "memory.swap.max": "max"},
		"io":      {"io.weight": "default 100", "io.max": ""},
		"pids":    {"pids.max": "max"},
		"hugetlb": {"hugetlb.2MB.max": "max"},
	}[controller]
}

func newKernel(t *testing.T, kind Kind) *kernel {
	k := &kernel{t: t, root: t.TempDir(), kind: kind}
	if kind == V2 {
		k.mount("", "cpu cpuset memory io pids")
		return k
	}
	for _, h := range []string{"cpu,cpuacct", "cpuset", "memory", "blkio", "pids", "systemd"} {
		k.mount(h, "")
	}
	require.NoError(t, os.Symlink("cpu,cpuacct", filepath.Join(k.root, "cpu")))
	if kind == Hybrid {
		k.mount("unified", "hugetlb")
	}
	return k
}

// mount makes the root of a hierarchy; controllers is empty for version 1.
func (k *kernel) mount(name, controllers string) {
	dir := filepath.Join(k.root, name)
	require.NoError(k.t, os.MkdirAll(dir, 0o755))
	k.write(dir, procsFile, "")
	switch {
	case name == "" || name == "unified":
		k.write(dir, "cgroup.controllers", controllers)
		k.write(dir, subtreeControlFile, "")
	case name == "cpuset":
		k.write(dir, "cpuset.cpus", "0-3\n")
		k.write(dir, "cpuset.mems", "0\n")
	case name == "memory":
		k.write(dir, "memory.memsw.limit_in_bytes", "max")
	}
}

func (k *kernel) write(dir, file, value string) {
	require.NoError(k.t, os.WriteFile(filepath.Join(dir, file), []byte(value), 0o644))
}

func (k *kernel) tree() tree {
	layout, err := Detect(k.root)
	require.NoError(k.t, err)
	return tree{layout: layout, mkdir: k.mkdir, rmdir: k.rmdir}
}

func (k *kernel) mkdir(dir string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for file, value := range k.files(dir) {
		if !slices.Contains(k.without, file) {
			k.write(dir, file, value)
		}
	}
	return nil
}

// files returns what a new cgroup has in it.
func (k *kernel) files(dir string) map[string]string {
	rel, _ := filepath.Rel(k.root, dir)
	hierarchy, _, _ := strings.Cut(rel, "/")
	if k.kind != V2 && hierarchy != "unified" {
		files := v1Files(hierarchy)
		require.NotNil(k.t, files, "no hierarchy %s", hierarchy)
		files[procsFile] = ""
		return files
	}
	enabled, _ := os.ReadFile(filepath.Join(filepath.Dir(dir), subtreeControlFile))
	files := map[string]string{procsFile: "", subtreeControlFile: ""}
	for _, c := range strings.Fields(string(enabled)) {
		for file, value := range v2Files(strings.TrimPrefix(c, "+")) {
			files[file] = value
		}
	}
	return files
}

func (k *kernel) rmdir(dir string) error {
	k.mu.Lock()
	busy := k.busy(dir)
	var then func()
	if busy != nil {
		then, k.onBusy = k.onBusy, nil
	} else {
		busy = os.RemoveAll(dir)
	}
	k.mu.Unlock()
	if then != nil {
		then()
	}
	return busy
}

func (k *kernel) busy(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return unix.ENOENT
	}
	for _, e := range entries {
		if e.IsDir() {
			return unix.ENOTEMPTY
		}
	}
	left, _ := readPIDs(filepath.Join(k.hierarchy(dir), procsFile))
	pids, _ := readPIDs(filepath.Join(dir, procsFile))
	for _, pid := range pids {
		if !slices.Contains(left, pid) {
			return unix.EBUSY
		}
	}
	return nil
}

func (k *kernel) hierarchy(dir string) string {
	if k.kind == V2 {
		return k.root
	}
	rel, _ := filepath.Rel(k.root, dir)
	name, _, _ := strings.Cut(rel, "/")
	return filepath.Join(k.root, name)
}

// dirs lists all cgroups but the roots, as paths from the tree's root.
func (k *kernel) dirs() []string {
	dirs := []string{}
	require.NoError(k.t, filepath.WalkDir(k.root, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && p != k.hierarchy(p) && p != k.root {
			rel, _ := filepath.Rel(k.root, p)
			dirs = append(dirs, rel)
		}
		return err
	}))
	return dirs
}

// read returns a control file; hierarchy is ignored on v2.
func (k *kernel) read(hierarchy, cgroup, file string) string {
	if k.kind == V2 {
		hierarchy = ""
	}
	b, err := os.ReadFile(filepath.Join(k.root, hierarchy, cgroup, file))
	require.NoError(k.t, err)
	return strings.TrimSpace(string(b))
}

// run puts a process into a cgroup, making it.
func (k *kernel) run(cgroup string, pids ...int) {
	t := k.tree()
	_, err := t.create(k.t.Context(), cgroup)
	require.NoError(k.t, err)
	for _, pid := range pids {
		require.NoError(k.t, t.move(cgroup, pid))
	}
}

// exit ends all processes of a cgroup.
func (k *kernel) exit(cgroup string) {
	for _, h := range k.tree().layout.Hierarchies {
		dir := filepath.Join(h.Dir, cgroup)
		if _, err := os.Stat(dir); err == nil {
			k.write(dir, procsFile, "")
		}
	}
}

// exists says in how many hierarchies a cgroup is.
func (k *kernel) exists(cgroup string) (n int) {
	for _, h := range k.tree().layout.Hierarchies {
		if _, err := os.Stat(filepath.Join(h.Dir, cgroup)); err == nil {
			n++
		}
	}
	return n
}

func (k *kernel) hierarchies() int { return len(k.tree().layout.Hierarchies) }

func pidText(pid int) string { return strconv.Itoa(pid) }
