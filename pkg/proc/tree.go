package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// KillTree kills p and every process that descends from it, and returns when
// they are gone, or with ctx.Err() if ctx ends first. p is stopped before, so that
// it starts nothing more. What a descendant that has ended started belongs to
// whoever adopted it: to p if p is a subreaper, as conmon is. One that is not
// alive is success. The caller may descend from p, as an exit command does from
// its conmon: it and what it started are left alone.
func KillTree(ctx context.Context, p Process) error { return Source{}.KillTree(ctx, p) }

// KillTree is the function [KillTree] for this source.
func (s Source) KillTree(ctx context.Context, p Process) error {
	if err := s.kill(p, unix.SIGSTOP); err != nil {
		return err
	}
	// Again until there are none: what was killed may have started another
	// before, and p adopts what is left of it.
	for {
		below := s.descendants(p)
		if len(below) == 0 {
			break
		}
		for _, child := range below {
			if err := errors.Join(s.kill(child, unix.SIGKILL), s.Wait(ctx, child)); err != nil {
				return fmt.Errorf("kill process %d, started by %d: %w", child.PID, p.PID, err)
			}
		}
	}
	if err := s.kill(p, unix.SIGKILL); err != nil {
		return err
	}
	return s.Wait(ctx, p)
}

// Children returns the processes alive whose parent is this one. One that another
// begins or ends beside may be missing, as proc(5) says of its source,
// /proc/self/task/TID/children; a kernel without these files makes it a look at
// every process there is.
func Children() ([]Process, error) {
	self, err := Self()
	if err != nil {
		return nil, err
	}
	pids, err := Source{}.childrenOf(self.PID)
	if err != nil {
		return Source{}.below(self, 1), nil
	}
	var found []Process
	for _, pid := range pids {
		if st, err := (Source{}).stat(pid); err != nil || st.parent != self.PID {
			continue
		}
		if child, err := Of(pid); err == nil {
			found = append(found, child)
		}
	}
	return found, nil
}

// childrenOf reads what each thread of a process has started. It fails where the
// kernel does not tell.
func (s Source) childrenOf(pid int) ([]int, error) {
	dir := s.path(pid, "task")
	threads, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, thread := range threads {
		data, err := os.ReadFile(filepath.Join(dir, thread.Name(), "children"))
		switch {
		case err == nil:
		case thread.Name() == strconv.Itoa(pid): // which is there as long as the process
			return nil, err
		default:
			continue // it has ended
		}
		for _, word := range strings.Fields(string(data)) {
			child, err := strconv.Atoi(word)
			if err != nil {
				return nil, err
			}
			pids = append(pids, child)
		}
	}
	return pids, nil
}

// kill is Signal where a process that is gone is success.
func (s Source) kill(p Process, sig unix.Signal) error {
	if err := s.Signal(p, sig); err != nil && !errors.Is(err, errdefs.ErrNotFound) {
		return err
	}
	return nil
}

// descendants returns the processes alive that p started, and what they started.
func (s Source) descendants(p Process) []Process { return s.below(p, maxDepth) }

// maxDepth is more generations than a pid namespace has pids.
const maxDepth = 1 << 22

// below returns the processes alive that descend from p in so many generations.
func (s Source) below(p Process, generations int) []Process {
	pids, err := s.All()
	if err != nil {
		return nil
	}
	children := map[int][]int{}
	for _, pid := range pids {
		if st, err := s.stat(pid); err == nil && !st.dead() {
			children[st.parent] = append(children[st.parent], pid)
		}
	}
	var found []Process
	seen := map[int]bool{p.PID: true, os.Getpid(): true}
	for parents := []int{p.PID}; len(parents) > 0 && generations > 0; generations-- {
		var next []int
		for _, parent := range parents {
			for _, pid := range children[parent] {
				if seen[pid] {
					continue // pids were reused while we read
				}
				seen[pid] = true
				if child, err := s.Of(pid); err == nil {
					found = append(found, child)
					next = append(next, pid)
				}
			}
		}
		parents = next
	}
	return found
}
