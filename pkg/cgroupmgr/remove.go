package cgroupmgr

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/podctl/podctl/pkg/errdefs"
	"golang.org/x/sys/unix"
)

const (
	// removeTime bounds a removal whose context has no deadline. On a busy host the
	// kernel takes seconds to let go of the processes of a cgroup.
	removeTime = 20 * time.Second
	// A cgroup stays busy for an instant after its last process ended, until
	// the process is reaped; longer waits are for processes to end.
	firstPause = time.Millisecond
	maxPause   = 50 * time.Millisecond
)

// BusyError says that a cgroup cannot be removed because processes are in it.
// Its class is errdefs.ErrInUse.
type BusyError struct {
	Cgroup string
	PIDs   []int // may be empty: the last one ended too late
}

func (e *BusyError) Error() string {
	if len(e.PIDs) == 0 {
		return fmt.Sprintf("remove cgroup %s: the kernel still holds it: %v", e.Cgroup, errdefs.ErrInUse)
	}
	names := make([]string, len(e.PIDs))
	for i, pid := range e.PIDs {
		names[i] = strconv.Itoa(pid)
		if comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil {
			names[i] += " (" + strings.TrimSpace(string(comm)) + ")"
		}
	}
	return fmt.Sprintf("remove cgroup %s: processes in it: %s: %v", e.Cgroup, strings.Join(names, ", "), errdefs.ErrInUse)
}

// Unwrap gives the class.
func (e *BusyError) Unwrap() error { return errdefs.ErrInUse }

// remove removes the cgroup and all below it from every hierarchy, trying
// again while it is busy. Before each new attempt it calls clear, which may
// make the next one succeed.
func (t tree) remove(ctx context.Context, p string, clear func()) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := t.removeOnce(p)
		if err == nil {
			return nil
		}
		if !isBusy(err) {
			return fmt.Errorf("remove cgroup %s: %w", p, err)
		}
		if clear != nil {
			clear()
		}
		if wait(ctx, pause) != nil {
			return t.busy(p, everyCgroup)
		}
	}
}

// busy makes the error for a cgroup that stays.
func (t tree) busy(p string, keep func(string) bool) error {
	pids, err := t.processes(p, keep)
	return errors.Join(&BusyError{Cgroup: p, PIDs: pids}, err)
}

// removeOnce goes through all hierarchies even if one of them fails. It returns
// one error, and one that waiting cannot help before one that it can.
func (t tree) removeOnce(p string) error {
	var first error
	for _, h := range t.layout.Hierarchies {
		err := t.removeDir(filepath.Join(h.Dir, p))
		if first == nil || (err != nil && isBusy(first)) {
			first = err
		}
	}
	return first
}

// removeDir removes a directory, and what is below it if need be, the conmon
// cgroup first.
func (t tree) removeDir(dir string) error {
	err := t.rmdir(dir)
	if err == nil || gone(err) {
		return nil
	}
	if !isBusy(err) {
		// A tree mounted read-only is refused before the name is looked up.
		if _, missing := os.Lstat(dir); gone(missing) {
			return nil
		}
		return &os.PathError{Op: "rmdir", Path: dir, Err: err}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		if gone(err) {
			return nil
		}
		return err
	}
	slices.SortStableFunc(entries, func(a, b os.DirEntry) int { return conmonFirst(a.Name()) - conmonFirst(b.Name()) })
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if err := t.removeDir(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	if err := t.rmdir(dir); err != nil && !gone(err) {
		return &os.PathError{Op: "rmdir", Path: dir, Err: err}
	}
	return nil
}

// prune removes the cgroup if nothing is in it, and says nothing if something is.
func (t tree) prune(p string) {
	for _, h := range t.layout.Hierarchies {
		_ = t.rmdir(filepath.Join(h.Dir, p))
	}
}

// idleTime is how long pruneIdle waits.
const idleTime = 25 * time.Millisecond

// pruneIdle is prune, and tries again for an instant if nobody is in there any
// more: for the kernel to let go of the cgroup. A conmon that is still there is
// that of another container, or cleans up itself later.
func (t tree) pruneIdle(p string) {
	ctx, cancel := context.WithTimeout(context.Background(), idleTime)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		t.prune(p)
		if !t.exists(p) || len(t.occupants(p)) > 0 {
			return
		}
		if wait(ctx, pause) != nil {
			return
		}
	}
}

// exists says whether any hierarchy has the cgroup.
func (t tree) exists(p string) bool {
	for _, h := range t.layout.Hierarchies {
		if _, err := os.Lstat(filepath.Join(h.Dir, p)); err == nil {
			return true
		}
	}
	return false
}

// isBusy: version 1 says ENOTEMPTY where there are children, version 2 EBUSY.
func isBusy(err error) bool {
	return errors.Is(err, unix.EBUSY) || errors.Is(err, unix.ENOTEMPTY)
}

// isConmon says whether a cgroup holds conmons, by the names that both
// managers give to theirs.
func isConmon(cgroup string) bool {
	name := path.Base(cgroup)
	return name == "conmon" || strings.HasPrefix(name, "podctl-conmon-")
}

// outsideConmons selects the cgroups that are neither below nor equal to a
// conmon cgroup of parent.
func outsideConmons(parent string) func(string) bool {
	return func(cgroup string) bool { return path.Dir(cgroup) != parent || !isConmon(cgroup) }
}

func conmonFirst(name string) int {
	if isConmon(name) {
		return 0
	}
	return 1
}

// bounded gives ctx a deadline if it has none.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, removeTime)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
