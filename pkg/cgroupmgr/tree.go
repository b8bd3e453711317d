package cgroupmgr

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	procsFile          = "cgroup.procs"
	subtreeControlFile = "cgroup.subtree_control"
)

// createTries bounds how often making a cgroup starts again after a parent
// vanished; each needs another process to remove the parent in between.
const createTries = 20

// tree does to all hierarchies of a layout what concerns a cgroup. Paths are
// absolute and clean, from the root of a hierarchy.
//
// mkdir and rmdir are the two calls by which the kernel fills and empties a
// cgroup directory; tests on plain directories stand in for it.
type tree struct {
	layout Layout
	mkdir  func(dir string) error
	rmdir  func(dir string) error
}

func newTree(l Layout) tree {
	return tree{
		layout: l,
		mkdir:  func(dir string) error { return os.Mkdir(dir, 0o755) },
		rmdir:  unix.Rmdir,
	}
}

// create makes the cgroup everywhere and says whether it was missing somewhere.
func (t tree) create(ctx context.Context, p string) (made bool, err error) {
	for _, h := range t.layout.Hierarchies {
		for try := 0; ; try++ {
			var m bool
			m, err = t.createIn(h, p)
			made = made || m
			if err == nil {
				break
			}
			if !gone(err) || try == createTries || ctx.Err() != nil {
				return made, fmt.Errorf("create cgroup %s: %w%s", p, err, remedyOfMkdir(err))
			}
		}
	}
	return made, nil
}

// usable says whether this user may make cgroups in p, or make p where it is
// missing, in every hierarchy.
func (t tree) usable(p string) error {
	for _, h := range t.layout.Hierarchies {
		dir := filepath.Join(h.Dir, p)
		err := unix.Access(dir, unix.W_OK)
		for errors.Is(err, unix.ENOENT) && dir != h.Dir {
			dir = filepath.Dir(dir)
			err = unix.Access(dir, unix.W_OK)
		}
		if err != nil {
			return fmt.Errorf("cgroup parent %s: write to %s: %w%s", p, dir, err, remedyOfMkdir(err))
		}
	}
	return nil
}

// createIn walks down one hierarchy, readying each level for the next.
func (t tree) createIn(h Hierarchy, p string) (made bool, err error) {
	cpuset := !h.Unified && slices.Contains(h.Controllers, "cpuset")
	if t.layout.Kind != V2 && !cpuset {
		// Nothing to ready: what is above is there but for the first time.
		if err := t.mkdir(filepath.Join(h.Dir, p)); !errors.Is(err, fs.ErrNotExist) {
			if errors.Is(err, fs.ErrExist) {
				return false, nil
			}
			return err == nil, err
		}
	}
	dir := h.Dir
	for _, name := range strings.Split(strings.Trim(p, "/"), "/") {
		if t.layout.Kind == V2 {
			delegate(dir, h.Controllers)
		}
		parent := dir
		dir = filepath.Join(dir, name)
		err := t.mkdir(dir)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return made, err
		}
		made = err == nil
		if cpuset {
			if err := inheritCpuset(parent, dir); err != nil {
				return made, err
			}
		}
	}
	return made, nil
}

// delegate lets the children of dir have the controllers. A controller that
// cannot be had is no error here: most pods have no limit for it, and setting
// one says what is missing. One bad name spoils a whole write, hence the
// second attempt, one by one.
func delegate(dir string, controllers []string) {
	enabled, err := os.ReadFile(filepath.Join(dir, subtreeControlFile))
	if err != nil {
		return
	}
	var missing []string
	for _, c := range controllers {
		if !slices.Contains(strings.Fields(string(enabled)), c) {
			missing = append(missing, "+"+c)
		}
	}
	if len(missing) == 0 {
		return
	}
	file := filepath.Join(dir, subtreeControlFile)
	if writeFile(file, strings.Join(missing, " ")) == nil {
		return
	}
	for _, m := range missing {
		_ = writeFile(file, m)
	}
}

// inheritCpuset gives a new v1 cpuset its parent's CPUs and memory nodes: it
// starts with none, and no process can enter a cpuset without. One that exists
// is looked at too, for another process may have made it an instant ago.
func inheritCpuset(parent, dir string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		have, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(have)) != "" {
			continue
		}
		want, err := os.ReadFile(filepath.Join(parent, file))
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, file), strings.TrimSpace(string(want))); err != nil {
			return err
		}
	}
	return nil
}

// crowded reports that there is more than one cgroup in p, as one look at the
// first hierarchy tells: a directory has a link from each directory in it, its
// own and its parent's. Where the file system does not count them it says no.
func (t tree) crowded(p string) bool {
	var st unix.Stat_t
	return unix.Stat(filepath.Join(t.layout.Hierarchies[0].Dir, p), &st) == nil && st.Nlink > 2+1
}

// enter moves a process into the cgroup in every hierarchy, and makes it where it
// is missing.
func (t tree) enter(ctx context.Context, p string, pid int) error {
	for try := 0; ; try++ {
		err := t.move(p, pid)
		missing := gone(err) || errors.Is(err, unix.ENOSPC) // a v1 cpuset that nothing was put into yet
		if err == nil || !missing || try == createTries || ctx.Err() != nil {
			return err
		}
		if _, err := t.create(ctx, p); err != nil {
			return err
		}
	}
}

// move puts a process into a cgroup that exists.
func (t tree) move(p string, pid int) error {
	for _, h := range t.layout.Hierarchies {
		if err := addProcess(filepath.Join(h.Dir, p, procsFile), pid); err != nil {
			return fmt.Errorf("move process %d to cgroup %s: %w", pid, p, err)
		}
	}
	return nil
}

// evict moves a process to the root of each hierarchy, where it can. In a
// cgroup namespace the root of version 2 is a cgroup like others and takes no
// process beside children with controllers: there the process joins init.
func (t tree) evict(pid int) {
	for _, h := range t.layout.Hierarchies {
		err := addProcess(filepath.Join(h.Dir, procsFile), pid)
		if err != nil && h.Unified {
			_ = addProcess(filepath.Join(h.Dir, initCgroup(), procsFile), pid)
		}
	}
}

// initCgroup is the version 2 cgroup of process 1.
func initCgroup() string {
	b, _ := os.ReadFile("/proc/1/cgroup")
	for line := range strings.Lines(string(b)) {
		if p, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return p
		}
	}
	return "/"
}

// processes lists the processes in the cgroup and below it for which keep is
// true, given the path of the cgroup they are in.
func (t tree) processes(p string, keep func(cgroup string) bool) ([]int, error) {
	var pids []int
	for _, h := range t.layout.Hierarchies {
		err := filepath.WalkDir(filepath.Join(h.Dir, p), func(name string, d fs.DirEntry, err error) error {
			if gone(err) {
				return nil
			}
			if err != nil || d.Name() != procsFile {
				return err
			}
			if cgroup := strings.TrimPrefix(path.Dir(name), h.Dir); !keep(cgroup) {
				return nil
			}
			found, err := readPIDs(name)
			pids = append(pids, found...)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("list processes of cgroup %s: %w", p, err)
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids), nil
}

// inside lists the processes in the cgroup, not those below it.
func (t tree) inside(p string) ([]int, error) {
	var pids []int
	for _, h := range t.layout.Hierarchies {
		found, err := readPIDs(filepath.Join(h.Dir, p, procsFile))
		if err != nil {
			return nil, fmt.Errorf("list processes of cgroup %s: %w", p, err)
		}
		pids = append(pids, found...)
	}
	slices.Sort(pids)
	return slices.Compact(pids), nil
}

// occupants are the processes in the cgroup in the first hierarchy that has any there:
// who is in one is in all, but for a moment.
func (t tree) occupants(p string) []int {
	for _, h := range t.layout.Hierarchies {
		pids, err := readPIDs(filepath.Join(h.Dir, p, procsFile))
		if err == nil && len(pids) > 0 {
			return pids
		}
	}
	return nil
}

func everyCgroup(string) bool { return true }

// readPIDs reads a cgroup.procs file. A zero stands for a process outside our
// pid namespace, which has no id here. A threaded v2 cgroup refuses to be read
// (EOPNOTSUPP): its processes are listed above it, in the cgroup that is not.
func readPIDs(file string) ([]int, error) {
	f, err := os.Open(file)
	if err != nil {
		if gone(err) {
			return nil, nil
		}
		return nil, err
	}
	defer f.Close()
	var pids []int
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if pid, err := strconv.Atoi(lines.Text()); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	if err := lines.Err(); err != nil && !gone(err) && !errors.Is(err, unix.EOPNOTSUPP) {
		return nil, err
	}
	return pids, nil
}

// writeFile writes to a control file that exists, in one call, as the kernel
// wants it. It must not create: a missing file means a missing feature.
func writeFile(file, value string) error { return write(file, os.O_TRUNC, value) }

// addProcess writes to a cgroup.procs file, which takes one id at a time.
func addProcess(file string, pid int) error { return write(file, os.O_APPEND, strconv.Itoa(pid)+"\n") }

func write(file string, flag int, value string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|flag, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(value); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// gone says that a cgroup was removed: before its file was opened, or after.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV)
}
