package oci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

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

// runcProcess is what runc's record of a container (state.json) says of its first
// process. Records begin with it.
type runcProcess struct {
	ID        string `json:"id"`
	InitPID   int    `json:"init_process_pid"`
	InitStart uint64 `json:"init_process_start"`
}

// runcState is the part of the record that says what delete has to do. A member
// that is missing is zero.
type runcState struct {
	runcProcess
	CgroupPaths map[string]string `json:"cgroup_paths"`
	IntelRdt    string            `json:"intel_rdt_path"`
	Config      struct {
		Namespaces []struct {
			Type string `json:"type"`
			Path string `json:"path"`
		} `json:"namespaces"`
		Cgroups struct {
			Systemd bool `json:"Systemd"`
		} `json:"cgroups"`
		Hooks    map[string][]json.RawMessage `json:"Hooks"`
		IntelRdt json.RawMessage              `json:"intel_rdt"`
	} `json:"config"`
}

func (r *Runtime) runcDir(id string) string { return filepath.Join(r.cfg.RuntimeRoot, id) }

// runcRecord reads runc's record with read; false if there is none that can be relied
// on.
func (r *Runtime) runcRecord(id string, read func(*json.Decoder) (*runcProcess, error)) bool {
	if r.Name() != "runc" || len(r.cfg.RuntimeFlags) > 0 || isScript(r.cfg.RuntimePath) {
		return false
	}
	file, err := os.Open(filepath.Join(r.runcDir(id), "state.json"))
	if err != nil {
		return false
	}
	defer file.Close()
	p, err := read(json.NewDecoder(file))
	return err == nil && p.ID == id && p.InitPID > 0 && p.InitStart > 0
}

// decodeStart decodes the record up to where all of p is known: what follows is
// some twenty times as long, and of no interest to a start.
func (p *runcProcess) decodeStart(d *json.Decoder) error {
	if _, err := d.Token(); err != nil { // the brace
		return err
	}
	for p.ID == "" || p.InitPID == 0 || p.InitStart == 0 {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value any
		switch key {
		case "id":
			value = &p.ID
		case "init_process_pid":
			value = &p.InitPID
		case "init_process_start":
			value = &p.InitStart
		default:
			value = new(json.RawMessage)
		}
		if err := d.Decode(value); err != nil {
			return err
		}
	}
	return nil
}

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
	var init runcProcess
	if !r.runcRecord(id, func(d *json.Decoder) (*runcProcess, error) { return &init, init.decodeStart(d) }) || !init.lives() {
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
	var state runcState
	if !r.runcRecord(id, func(d *json.Decoder) (*runcProcess, error) { return &state.runcProcess, d.Decode(&state) }) ||
		state.lives() || !state.ownPIDNamespace() || state.Config.Cgroups.Systemd ||
		len(state.Config.Hooks["poststop"]) > 0 || state.IntelRdt != "" || len(state.Config.IntelRdt) > len("null") {
		return false
	}
	for _, path := range state.CgroupPaths {
		if err := unix.Rmdir(path); err != nil && !errors.Is(err, unix.ENOENT) {
			return false // it has cgroups below, or a process that is not quite gone
		}
	}
	return os.RemoveAll(r.runcDir(id)) == nil
}

func (s *runcState) ownPIDNamespace() bool {
	for _, ns := range s.Config.Namespaces {
		if ns.Type == "NEWPID" {
			return ns.Path == ""
		}
	}
	return false
}

// lives says whether the process is there and no zombie. Like runc it compares
// start times: the pid may be another process's.
func (p *runcProcess) lives() bool {
	is, err := proc.Of(p.InitPID)
	return err == nil && is.StartTime == p.InitStart
}
