package network

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// orphanWait bounds how long a netavark whose caller was killed is waited for.
const orphanWait = 30 * time.Second

// waitOrphans waits until no netavark works on the namespace at nsPath. The
// death of a process releases libnetwork's lock, but does not end the netavark
// it started: undoing a setup that still goes on would leave part of it.
func waitOrphans(ctx context.Context, nsPath string) error {
	ctx, cancel := context.WithTimeout(ctx, orphanWait)
	defer cancel()
	pids, err := workingOn(nsPath, nsPath+standInSuffix)
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if err := waitExit(ctx, pid); err != nil {
			return fmt.Errorf("wait for netavark (pid %d) left by an interrupted call: %w", pid, err)
		}
	}
	return nil
}

// workingOn finds the netavark processes with one of the paths as last argument.
func workingOn(paths ...string) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil {
			continue // gone
		}
		args := bytes.Split(bytes.TrimRight(line, "\x00"), []byte{0})
		isNetavark := filepath.Base(string(args[0])) == "netavark"
		if !isNetavark || !slices.Contains(paths, string(args[len(args)-1])) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// waitExit returns when the process has ended.
func waitExit(ctx context.Context, pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	// A pidfd is readable once the process has ended. The steps are for ctx.
	const step = 100 // milliseconds
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, step)
		if n > 0 {
			return nil
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), errdefs.ErrUnavailable)
		}
	}
}
