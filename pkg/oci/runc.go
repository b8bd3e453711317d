package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	jsoniter "github.com/json-iterator/go"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/proc"
)

// "runc start" opens a fifo and "runc delete" of a container that has ended
// removes two directories: the program that is run for it takes
// hundred times as long to start. So they are
// done here the way runc does them (start.go, delete.go and libcontainer's
// container_linux.go, alike from runc 1.0 on), where runc's own record says that
// nothing else is to be done. Where anything is not as expected runc is asked:
// what it refuses is said in its words.

// runcState is what runc's record of a container (state.json) says of its first
// process, and of what delete has to do. A member that is missing is zero.
type runcState struct {
	ID        string            // "id"
	InitPID   int               // "init_process_pid"
	InitStart uint64            // "init_process_start"
	Cgroups   map[string]string // "cgroup_paths", by controller
	IntelRdt  bool              // "intel_rdt_path", or "intel_rdt" of its configuration
	OwnPIDs   bool              // "namespaces" has a PID namespace of its own
	Systemd   bool              // its cgroup is systemd's
	PostStop  bool              // it has hooks for after its end
}

func (r *Runtime) runcDir(id string) string { return filepath.Join(r.cfg.RuntimeRoot, id) }

// runcRecord reads runc's record: all of it, or no more than what it says of the
// process, which is a twentieth, at its beginning. False if there is none that can
// be relied on.
func (r *Runtime) runcRecord(id string, all bool) (*runcState, bool) {
	if r.Name() != "runc" || len(r.cfg.RuntimeFlags) > 0 || isScript(r.cfg.RuntimePath) {
		return nil, false
	}
	file, err := os.Open(filepath.Join(r.runcDir(id), "state.json"))
	if err != nil {
		return nil, false
	}
	defer file.Close()
	const buffer = 4 << 10
	it := jsoniter.Parse(jsoniter.ConfigDefault, file, buffer)
	s := &runcState{}
	it.ReadObjectCB(func(it *jsoniter.Iterator, key string) bool {
		s.read(it, key)
		return all || !s.hasProcess()
	})
	return s, it.Error == nil && s.ID == id && s.hasProcess()
}

// read takes one member of the record from it. What it skips it does not decode:
// most of the record is the seccomp profile.
func (s *runcState) read(it *jsoniter.Iterator, key string) {
	switch key {
	case "id":
		s.ID = it.ReadString()
	case "init_process_pid":
		s.InitPID = it.ReadInt()
	case "init_process_start":
		s.InitStart = it.ReadUint64()
	case "cgroup_paths":
		s.Cgroups = map[string]string{}
		eachMember(it, func(controller string) { s.Cgroups[controller] = it.ReadString() })
	case "intel_rdt_path":
		path := it.ReadString()
		s.IntelRdt = s.IntelRdt || path != ""
	case "config":
		eachMember(it, func(key string) { s.readConfig(it, key) })
	default:
		it.Skip()
	}
}

// readConfig reads a member of "config", whose names' case is not the same in all
// versions.
func (s *runcState) readConfig(it *jsoniter.Iterator, key string) {
	switch strings.ToLower(key) {
	case "namespaces":
		for it.ReadArray() {
			var kind, path string
			eachMember(it, func(key string) {
				switch key {
				case "type":
					kind = it.ReadString()
				case "path":
					path = it.ReadString()
				default:
					it.Skip()
				}
			})
			s.OwnPIDs = s.OwnPIDs || kind == "NEWPID" && path == ""
		}
	case "cgroups":
		eachMember(it, func(key string) {
			if strings.EqualFold(key, "systemd") {
				s.Systemd = it.ReadBool()
			} else {
				it.Skip()
			}
		})
	case "hooks":
		eachMember(it, func(key string) {
			for it.ReadArray() {
				s.PostStop = s.PostStop || key == "poststop"
				it.Skip()
			}
		})
	case "intel_rdt":
		if !it.ReadNil() {
			s.IntelRdt = true
			it.Skip()
		}
	default:
		it.Skip()
	}
}

// eachMember calls f with the name of each member of an object, to read its value;
// null has none.
func eachMember(it *jsoniter.Iterator, f func(key string)) {
	it.ReadMapCB(func(_ *jsoniter.Iterator, key string) bool {
		f(key)
		return true
	})
}

func (s *runcState) hasProcess() bool { return s.ID != "" && s.InitPID > 0 && s.InitStart > 0 }

// isScript tells a wrapper that somebody has put in runc's place. It wants to be
// asked.
func isScript(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return true
	}
	defer file.Close()
	magic := make([]byte, 2)
	_, err = io.ReadFull(file, magic)
	return err != nil || string(magic) == "#!"
}

// startLikeRunc lets a created container's process go on: it waits for a reader
// of its fifo, writes a byte to it and executes the container's command. False,
// without an error, leaves the start to runc.
func (r *Runtime) startLikeRunc(ctx context.Context, id string) (started bool, err error) {
	init, ok := r.runcRecord(id, false)
	if !ok || !init.lives() {
		return false, nil
	}
	path := filepath.Join(r.runcDir(id), "exec.fifo")
	fifo, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return false, nil //nolint:nilerr // runc says why
	}
	defer unix.Close(fifo)
	var st unix.Stat_t
	if err := unix.Fstat(fifo, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
		return false, nil //nolint:nilerr // runc says why
	}
	for {
		const tick = 100 // milliseconds, after which is looked whether anyone still wants it
		fds := []unix.PollFd{{Fd: int32(fifo), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, tick)
		switch {
		case n > 0:
			var data [8]byte
			if n, err := unix.Read(fifo, data[:]); err != nil || n == 0 {
				return false, nil //nolint:nilerr // the process died, or somebody else has started it: runc says so
			}
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return true, fmt.Errorf("start container %s: %w", id, err)
			}
			return true, nil
		case err != nil && !errors.Is(err, unix.EINTR):
			return false, nil //nolint:nilerr // as above
		case ctx.Err() != nil:
			return true, fmt.Errorf("start container %s: %w", id, context.Cause(ctx))
		case n == 0 && !init.lives():
			return false, nil
		}
	}
}

// deleteLikeRunc removes what runc keeps of a container whose first process has
// ended, and took all others with it as it was the first of a PID namespace.
// False leaves it to runc: nothing, or not all, was removed.
func (r *Runtime) deleteLikeRunc(id string) bool {
	state, ok := r.runcRecord(id, true)
	if !ok || state.lives() || !state.OwnPIDs || state.Systemd || state.PostStop || state.IntelRdt {
		return false
	}
	for _, path := range state.Cgroups {
		if err := unix.Rmdir(path); err != nil && !errors.Is(err, unix.ENOENT) {
			return false // it has cgroups below, or a process that is not quite gone
		}
	}
	return os.RemoveAll(r.runcDir(id)) == nil
}

// lives says whether the process is there and no zombie. Like runc it compares
// start times: the pid may be another process's.
func (s *runcState) lives() bool {
	is, err := proc.Of(s.InitPID)
	return err == nil && is.StartTime == s.InitStart
}
