package oci

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// pipe is a pipe to a child: one end is ours, the other the child's.
type pipe struct{ ours, child *os.File }

// childWrites makes a pipe that the child writes and we read.
func childWrites(name string) (pipe, error) {
	r, w, err := rawPipe(name)
	if err != nil {
		return pipe{}, err
	}
	return newPipe(name, r, w)
}

// childReads makes a pipe that we write and the child reads.
func childReads(name string) (pipe, error) {
	r, w, err := rawPipe(name)
	if err != nil {
		return pipe{}, err
	}
	return newPipe(name, w, r)
}

func rawPipe(name string) (r, w int, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return -1, -1, fmt.Errorf("make %s pipe: %w", name, err)
	}
	return fds[0], fds[1], nil
}

// newPipe makes our end non-blocking, so that deadlines work on it, and leaves
// the child's end blocking: conmon takes EAGAIN for an error. os.Pipe would
// make both non-blocking.
func newPipe(name string, ours, child int) (pipe, error) {
	if err := unix.SetNonblock(ours, true); err != nil {
		unix.Close(ours)
		unix.Close(child)
		return pipe{}, fmt.Errorf("make %s pipe: %w", name, err)
	}
	return pipe{os.NewFile(uintptr(ours), name), os.NewFile(uintptr(child), name)}, nil
}

// close closes what is still open; safe to call again and on the zero value.
func (p *pipe) close() {
	if p.ours != nil {
		p.ours.Close()
	}
	p.closeChild()
}

func (p *pipe) closeChild() {
	if p.child != nil {
		p.child.Close()
		p.child = nil
	}
}

// interruptible makes reads and writes of file fail at once when ctx ends. The
// returned function takes that back.
func interruptible(ctx context.Context, file *os.File) (release func() bool) {
	return context.AfterFunc(ctx, func() { _ = file.SetDeadline(time.Unix(1, 0)) })
}

// sealDescriptors sets close-on-exec on all descriptors but the standard ones.
// Go opens its own that way, but those we inherited (a test harness's pipe, a
// lock of the calling shell) would live on in conmon, and whoever waits for
// their end would wait as long as the container runs.
func sealDescriptors() error {
	err := unix.CloseRange(3, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC)
	if err == nil {
		return nil
	}
	// Before Linux 5.11, or where seccomp hides the call.
	entries, dirErr := os.ReadDir("/proc/self/fd")
	if dirErr != nil {
		return errors.Join(fmt.Errorf("seal descriptors: %w", err), dirErr)
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(filepath.Base(e.Name())); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}
