package cgroupmgr

import (
	"path/filepath"

	"github.com/opencontainers/cgroups"
)

// Ahead moves this process to where it is. Whether it succeeds is of no matter:
// what is wanted is the wait that every first move has.
func (t tree) Ahead() {
	own, err := cgroups.ParseCgroupFile("/proc/self/cgroup")
	if err != nil {
		return
	}
	for _, h := range t.layout.Hierarchies {
		name := "" // of version 2
		if !h.Unified {
			if len(h.Controllers) == 0 {
				continue
			}
			name = h.Controllers[0]
		}
		if p, ok := own[name]; ok {
			_ = addProcess(filepath.Join(h.Dir, p, procsFile), 0)
			return // the lock is the same for all of them
		}
	}
}
