package oci

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containers/common/pkg/resize"
	"golang.org/x/sys/unix"
)

// setInitialSize sets the size that waits in the channel, if one does, before
// the process can ask for it. conmon's fifo has no answer that would say when
// it is done, so the terminal itself is set, through the process's standard
// input; where that is refused the fifo has to do.
func setInitialSize(pid int, bundle string, sizes <-chan resize.TerminalSize) {
	select {
	case size, ok := <-sizes:
		if ok && setTerminalSize(pid, size) != nil {
			_ = Resize(bundle, size)
		}
	default:
	}
}

// setTerminalSize sets the size of the terminal that a process has as its
// standard input.
func setTerminalSize(pid int, size resize.TerminalSize) error {
	if pid <= 0 || size.Width == 0 || size.Height == 0 {
		return unix.ENOTTY
	}
	tty, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/0", pid), os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer tty.Close()
	return unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: size.Height, Col: size.Width})
}

// resizeLoop passes on sizes until ctx ends. A size that cannot be set is one
// of a process that has gone.
func resizeLoop(ctx context.Context, bundle string, sizes <-chan resize.TerminalSize) {
	for {
		select {
		case <-ctx.Done():
			return
		case size, ok := <-sizes:
			if !ok {
				return
			}
			_ = Resize(bundle, size)
		}
	}
}

// Resize sets the size of the terminal of the process that the conmon of this
// bundle watches, a container's or an exec session's. A process without a
// terminal ignores it; a size of zero is ignored here.
func Resize(bundle string, size resize.TerminalSize) error {
	if size.Width == 0 || size.Height == 0 {
		return nil
	}
	// Without conmon the fifo has no reader, and opening it would block.
	fifo, err := os.OpenFile(filepath.Join(bundle, controlFifoName), os.O_WRONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("open control fifo: %w", err)
	}
	defer fifo.Close()
	if _, err := fmt.Fprintf(fifo, "1 %d %d\n", size.Height, size.Width); err != nil {
		return fmt.Errorf("write control fifo: %w", err)
	}
	return nil
}
