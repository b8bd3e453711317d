package proc

import (
	"errors"
	"fmt"
	"os"

	"github.com/podctl/podctl/pkg/errdefs"
	"golang.org/x/sys/unix"
)

// Process is the identity of a process. The zero Process is none and is never
// alive.
type Process struct {
	PID int `json:"pid"`
	// StartTime is when it was started, in clock ticks since boot: field 22 of
	// /proc/PID/stat, see proc(5).
	StartTime uint64 `json:"start_time"`
	// BootID is the boot it was seen in.
	BootID string `json:"boot_id"`
}

// Self returns the calling process.
func Self() (Process, error) { return Source{}.Self() }

// Of returns the process that has the pid now. It fails with
// errdefs.ErrNotFound when there is none or it has ended and waits to be
// reaped.
func Of(pid int) (Process, error) { return Source{}.Of(pid) }

// Alive says whether p still runs: a process of its pid and start time exists,
// in the boot p was seen in, and is not a zombie. What cannot be read is not
// alive.
func (p Process) Alive() bool { return Source{}.Alive(p) }

// Signal sends sig to p, and to no other process whatever becomes of the pid.
// It fails with errdefs.ErrNotFound when p is not alive, with
// errdefs.ErrUnsupported on a kernel without pidfds. Signal 0 only checks.
func (p Process) Signal(sig unix.Signal) error { return Source{}.Signal(p, sig) }

// Self is the function [Self] for this source.
func (s Source) Self() (Process, error) { return s.Of(os.Getpid()) }

// Of is the function [Of] for this source.
func (s Source) Of(pid int) (Process, error) {
	if pid <= 0 {
		return Process{}, fmt.Errorf("process %d: %w", pid, errdefs.ErrNotFound)
	}
	boot, err := s.BootID()
	if err != nil {
		return Process{}, err
	}
	st, err := s.stat(pid)
	if err != nil {
		return Process{}, err
	}
	if st.dead() {
		return Process{}, fmt.Errorf("process %d: %w", pid, errdefs.ErrNotFound)
	}
	return Process{PID: pid, StartTime: st.startTime, BootID: boot}, nil
}

// Alive is [Process.Alive] for this source.
func (s Source) Alive(p Process) bool {
	if p.PID <= 0 {
		return false
	}
	now, err := s.Of(p.PID)
	return err == nil && now == p
}

// Killed says whether p is alive but only because it takes a moment to go: it was
// killed, and its locks are released when its last thread has gone. A process
// whose first thread alone has ended looks the same.
func (s Source) Killed(p Process) bool {
	st, err := s.stat(p.PID)
	return err == nil && st.startTime == p.StartTime && st.killed && s.Alive(p)
}

// Signal is [Process.Signal] with p checked against this source.
func (s Source) Signal(p Process, sig unix.Signal) error {
	fd, err := s.pidfd(p)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	err = unix.PidfdSendSignal(fd, sig, nil, 0)
	if errors.Is(err, unix.ESRCH) {
		return gone(p)
	}
	if err != nil {
		return fmt.Errorf("send signal %d to process %d: %w", sig, p.PID, err)
	}
	return nil
}

// pidfd opens a handle of p and then checks that it is p's: from there on the
// pid may be reused, the handle stays. errdefs.ErrNotFound when p is not alive.
func (s Source) pidfd(p Process) (int, error) {
	if p.PID <= 0 {
		return -1, gone(p)
	}
	fd, err := unix.PidfdOpen(p.PID, 0)
	switch err {
	case nil:
	case unix.ESRCH, unix.ENOENT, unix.EINVAL:
		// ENOENT (Linux 6.9) and EINVAL (before): the pid is now that of a
		// thread, which is not the process we knew.
		return -1, gone(p)
	case unix.ENOSYS:
		return -1, fmt.Errorf("open pidfd of process %d: the kernel has none (Linux 5.3 is needed): %w", p.PID, errdefs.ErrUnsupported)
	default:
		return -1, fmt.Errorf("open pidfd of process %d: %w", p.PID, err)
	}
	if !s.Alive(p) {
		unix.Close(fd)
		return -1, gone(p)
	}
	return fd, nil
}

func gone(p Process) error {
	return fmt.Errorf("process %d: %w", p.PID, errdefs.ErrNotFound)
}
