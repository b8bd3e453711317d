package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/podctl/podctl/pkg/errdefs"
	"golang.org/x/sys/unix"
)

// Wait returns nil once p is not alive, at once if it is not alive now, and
// ctx.Err() if ctx ends first. p need not be a child, and is not reaped: it may
// stay a zombie. Waiting takes no thread and no processor time.
func (p Process) Wait(ctx context.Context) error { return Source{}.Wait(ctx, p) }

// Wait is [Process.Wait] with p checked against this source.
func (s Source) Wait(ctx context.Context, p Process) error {
	fd, err := s.pidfd(p)
	if errors.Is(err, errdefs.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		unix.Close(fd)
		return err
	}
	err = awaitReadable(ctx, fd)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("wait for process %d: %w", p.PID, err)
	}
	return err
}

// awaitReadable waits until fd polls as readable, which a pidfd does when its
// process has ended, and closes it. It returns ctx.Err() when ctx ends first.
//
// Go's own poller does the waiting: it takes every descriptor that is
// non-blocking and that epoll takes, and a deadline in the past interrupts it.
func awaitReadable(ctx context.Context, fd int) error {
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return err
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	defer f.Close()
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	var pollErr error
	err = conn.Read(func(fd uintptr) bool {
		var ready bool
		ready, pollErr = readable(int(fd))
		return ready || pollErr != nil
	})
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(err, pollErr)
}

// readable polls fd without waiting.
func readable(fd int) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, 0)
		if err != unix.EINTR {
			return n > 0, err
		}
	}
}
