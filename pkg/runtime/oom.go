package runtime

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/cgroupmgr"
	"github.com/podctl/podctl/pkg/container"
)

// Whether the kernel killed a process of a container for want of memory is
// counted by the container's cgroup, and podctl removes that when it has looked.
// systemd does not wait: it removes a scope with its last process. Then there is
// the count of the cgroup above, which includes those of cgroups that are gone.
// So the containers of one cgroup parent each have a mark: that count when they
// were started, or when the end of another one was dealt with since. What
// exceeds it when a container is gone, killed, is its own.
//
// What cannot be told apart are a container that is killed by somebody else in
// the instants between the kernel killing another one of the same parent and
// podctl dealing with that end. One that was not killed is not taken for it then.

// killedCode is the exit code of what SIGKILL ended.
const killedCode = 137

// oomKilled tells whether the kernel killed a process of a container that has
// ended for want of memory. The cgroup's own count is right as long as there is
// one; on version 1 conmon is also told of what happened to others in the pod.
func (r *Runtime) oomKilled(c *container.Container) bool {
	m, parent := r.cgroupOf(c)
	if m != nil {
		if n, known := m.OOMKills(m.ContainerCgroup(parent, c.ID)); known {
			return n > 0
		}
	}
	if _, err := os.Stat(filepath.Join(r.settings.PersistDir(), c.ID, "oom")); err == nil {
		return true // conmon was in time
	}
	// What we stop is killed by us.
	if m == nil || c.Intent == intentStop {
		return false
	}
	before, marked := readOOMMark(r.oomMark(c.ID), parent)
	if !marked {
		return false
	}
	if n, known := m.OOMKillsGone(parent); !known || n <= before {
		return false
	}
	return c.Runtime.ExitCode == killedCode || !slices.ContainsFunc(r.oomMarks(), func(mark string) bool {
		other := filepath.Base(filepath.Dir(mark))
		_, _, ended := r.exitFile(other)
		_, marked := readOOMMark(mark, parent)
		return ended && marked && other != c.ID
	})
}

// killedWithConmon tells whether the kernel killed a container that left no exit
// file for want of memory, and its conmon too: it does when what the pod may use is
// not free again before somebody in it needs more, and conmon can except itself
// with CAP_SYS_RESOURCE only.
func (r *Runtime) killedWithConmon(c *container.Container) bool {
	m, parent := r.cgroupOf(c)
	if m == nil || c.Intent == intentStop || r.alive(c.Runtime.Conmon) {
		return false
	}
	killed, known := m.OOMKills(m.ContainerCgroup(parent, c.ID))
	if known && killed == 0 {
		return false
	}
	conmons, conmonKnown := m.OOMKills(m.ConmonCgroup(parent, c.ID))
	if known && conmonKnown {
		return conmons > 0
	}
	// systemd has removed what they were in.
	before, marked := readOOMMark(r.oomMark(c.ID), parent)
	if !marked {
		return false
	}
	gone, goneKnown := m.OOMKillsGone(parent)
	return goneKnown && killed+conmons+gone >= before+2
}

// markOOMKills notes how many were killed before a container that is about to
// start. Without it the container's own count, or conmon, must do.
func (r *Runtime) markOOMKills(c *container.Container) {
	m, parent := r.cgroupOf(c)
	if m == nil {
		return
	}
	n, known := m.OOMKillsGone(parent)
	if !known {
		return
	}
	if err := writeOOMMark(r.oomMark(c.ID), parent, n); err != nil {
		logrus.Debugf("Container %s: %v", c.ID, err)
	}
}

// settleOOMKills takes what was counted until a container's cgroup was removed
// for its own and that of others before it: none of those that still run has to
// do with it. One with an exit file has ended too, and may.
func (r *Runtime) settleOOMKills(c *container.Container) {
	m, parent := r.cgroupOf(c)
	if m == nil {
		return
	}
	before, marked := readOOMMark(r.oomMark(c.ID), parent)
	if !marked {
		return
	}
	n, known := m.OOMKillsGone(parent)
	if !known || n <= before {
		return
	}
	for _, mark := range r.oomMarks() {
		other := filepath.Base(filepath.Dir(mark))
		if _, _, ended := r.exitFile(other); ended {
			continue
		}
		if before, marked := readOOMMark(mark, parent); !marked || before >= n {
			continue
		}
		if err := writeOOMMark(mark, parent, n); err != nil {
			logrus.Debugf("Container %s: %v", other, err)
		}
	}
}

// cgroupOf returns the manager of a container's cgroup, nil if it has none or it
// cannot be known, and the cgroup parent.
func (r *Runtime) cgroupOf(c *container.Container) (m cgroupmgr.Manager, parent string) {
	if c.Config == nil || c.Config.Resources.CgroupMode == cgroupsDisabled {
		return nil, ""
	}
	m, err := r.cgroups()
	if err != nil {
		return nil, ""
	}
	return m, c.Config.Resources.CgroupParent
}

// forgetOOMMark removes the mark of a container whose end is recorded.
func (r *Runtime) forgetOOMMark(id string) { _ = os.Remove(r.oomMark(id)) }

// oomMarks are the marks of all containers that run, or have ended without
// podctl having dealt with it.
func (r *Runtime) oomMarks() []string {
	marks, _ := filepath.Glob(r.oomMark("*")) // the pattern is well-formed
	return marks
}

// oomMark is the file of a container's mark: "N PARENT\n". It goes with what
// conmon records beside it.
func (r *Runtime) oomMark(id string) string {
	return filepath.Join(r.settings.PersistDir(), id, "oom-before")
}

// readOOMMark reads the mark of a container in parent; one that started without
// a mark, or elsewhere, has none.
func readOOMMark(file, parent string) (n uint64, marked bool) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	count, in, _ := strings.Cut(strings.TrimSuffix(string(b), "\n"), " ")
	if _, err := fmt.Sscan(count, &n); err != nil || in != parent {
		return 0, false
	}
	return n, true
}

// writeOOMMark replaces a mark at once: others read it meanwhile, and write it.
// There is none to replace once the container is gone.
func writeOOMMark(file, parent string, n uint64) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%d %s\n", n, parent)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // gone with all others, or in nobody's way
	}
	return err
}
