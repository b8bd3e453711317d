package proc

import (
	"cmp"
	"os"
	"slices"
	"strconv"
)

// All returns the ids of the processes there are, ascending. What is looked at
// afterwards may be gone, or another process by then.
func All() ([]int, error) { return Source{}.All() }

// All is the function [All] for this source.
func (s Source) All() ([]int, error) {
	dir, err := os.Open(cmp.Or(s.ProcRoot, "/proc"))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	pids := make([]int, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids, nil
}
