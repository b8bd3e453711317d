package lock

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/podctl/podctl/pkg/proc"
)

// Waiter is a process that waits for a lock.
type Waiter struct {
	Name    string
	PID     int
	Cmdline string
	Since   time.Time // UTC, to the millisecond
}

// markWaiting says on f that its owner waits from now on: the time is the
// descriptor's offset, which nothing else uses (holders write at an offset of
// their own). Others see it in /proc/PID/fdinfo, and it is gone with the process,
// however that ends. Milliseconds, because ext4 takes no larger offset.
func markWaiting(f *os.File) { _, _ = f.Seek(time.Now().UnixMilli(), io.SeekStart) }

// unmarkWaiting ends what markWaiting began.
func unmarkWaiting(f *os.File) { _, _ = f.Seek(0, io.SeekStart) }

// Waiters returns who waits for a lock of the directory now, by name, then by
// time. It takes no lock. Processes whose descriptors may not be looked at (of
// another user) are not seen.
func (d *Dir) Waiters() ([]Waiter, error) {
	pids, err := proc.All()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	locks, err := filepath.EvalSymlinks(d.path)
	if err != nil {
		return nil, nil //nolint:nilerr // there is no directory, and so nobody waits
	}
	var out []Waiter
	for _, pid := range pids {
		out = append(out, waitsOf(pid, locks)...)
	}
	slices.SortFunc(out, func(a, b Waiter) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.Since.Compare(b.Since), cmp.Compare(a.PID, b.PID))
	})
	return out, nil
}

// waitsOf returns what a process waits for in the directory locks, whose path is
// free of symbolic links. One that ends meanwhile waits for nothing.
func waitsOf(pid int, locks string) (out []Waiter) {
	dir := fmt.Sprintf("/proc/%d", pid)
	descriptors, err := os.ReadDir(dir + "/fd")
	if err != nil {
		return nil
	}
	for _, fd := range descriptors {
		target, err := os.Readlink(filepath.Join(dir, "fd", fd.Name()))
		if err != nil {
			continue
		}
		// Who waits on a file that was removed goes on to the new one at once.
		path := strings.TrimSuffix(target, " (deleted)")
		if filepath.Dir(path) != locks {
			continue
		}
		if since, ok := waiting(filepath.Join(dir, "fdinfo", fd.Name())); ok {
			out = append(out, Waiter{Name: filepath.Base(path), PID: pid, Cmdline: proc.Cmdline(pid), Since: since})
		}
	}
	return out
}

// waiting reads an fdinfo file (proc(5)): a descriptor with the mark and without
// a lock is that of a waiter.
func waiting(fdinfo string) (since time.Time, ok bool) {
	data, err := os.ReadFile(fdinfo)
	if err != nil {
		return since, false
	}
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch key {
		case "pos":
			if ms, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil && ms > 0 {
				since, ok = time.UnixMilli(ms).UTC(), true
			}
		case "lock":
			return since, false
		}
	}
	return since, ok
}
