package rootless

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/proc"
)

const (
	recordName = "pause.json"
	lockName   = "pause.lock"
)

// find opens the user's namespaces and makes them if there are none.
func find(cfg Config) (*namespaces, error) {
	if ns := recorded(cfg.Dir); ns != nil {
		return ns, nil
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	unlock, err := lock(filepath.Join(cfg.Dir, lockName))
	if err != nil {
		return nil, err
	}
	defer unlock()
	if ns := recorded(cfg.Dir); ns != nil {
		return ns, nil // another process was first
	}
	if ns := monitored(); ns != nil {
		// The pause process is gone, and not what runs in its namespaces.
		if err := pauseIn(cfg, ns); err != nil {
			logrus.Warnf("The user namespace will end with its last container: %v", err)
		}
		return ns, nil
	}
	return create(cfg)
}

// lock waits for the file to be ours. It dies with its holder.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

// recorded opens the namespaces of the pause process that is written down; nil
// if there is none, or it is no longer that process.
func recorded(dir string) *namespaces {
	p, err := readRecord(dir)
	if err != nil || !p.Alive() {
		return nil
	}
	ns, err := open(p.PID)
	if err != nil || !p.Alive() { // it was that process when opened
		if err == nil {
			ns.close()
		}
		return nil
	}
	return ns
}

func readRecord(dir string) (p proc.Process, err error) {
	data, err := os.ReadFile(filepath.Join(dir, recordName))
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(data, &p)
}

// writeRecord replaces the record in one step.
func writeRecord(dir string, pid int) error {
	p, err := proc.Of(pid)
	if err != nil {
		return err
	}
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, recordName)
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// monitored opens the namespaces of a conmon that watches a container of this
// user's podctl; nil without one. All conmons are in the user's namespaces, and
// each lives as long as its container.
func monitored() *namespaces {
	pids, err := proc.All()
	if err != nil {
		return nil
	}
	for _, pid := range pids {
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		if err != nil || strings.TrimSpace(string(comm)) != "conmon" || !isExitCommand(proc.Cmdline(pid)) {
			continue
		}
		if ns, err := open(pid); err == nil {
			return ns
		}
	}
	return nil
}

// isExitCommand recognizes our conmons by what they run at the end: podman has
// conmons too, in namespaces of its own.
func isExitCommand(cmdline string) bool {
	return strings.Contains(cmdline, "--exit-command-arg cleanup --exit-command-arg --stopped-only")
}
