package oci

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// presenceName is a file in a bundle, or a session's directory, on which conmon has
// a lock (F_OFD_SETLK, fcntl(2)) as long as it lives.
const presenceName = "conmon.lock"

// announce makes the file and locks it. conmon inherits the open file, and with it
// the lock: somebody has it from before there is a conmon until there is none,
// through its fork as well, and also if we are killed.
func announce(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, presenceName), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("announce conmon: %w", err)
	}
	l := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &l); err != nil {
		f.Close()
		return nil, fmt.Errorf("announce conmon: lock %s: %w", f.Name(), err)
	}
	return f, nil
}

// ConmonPresent reports whether there is a conmon that was started for a bundle, or
// a session's directory, or a process that is about to become one. A list of
// processes cannot tell: a conmon whose podctl was killed an instant ago may bear the
// command line of that, or none, or be missed while it forks.
func ConmonPresent(dir string) (bool, error) {
	f, err := os.OpenFile(filepath.Join(dir, presenceName), os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for conmon: %w", err)
	}
	defer f.Close()
	l := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &l); err != nil {
		return false, fmt.Errorf("look for conmon: ask for the lock on %s: %w", f.Name(), err)
	}
	return l.Type != unix.F_UNLCK, nil
}
