package lock

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// setLock takes (F_WRLCK) or gives up (F_UNLCK) the lock on the whole of f,
// with command F_OFD_SETLK or, to wait for it, F_OFD_SETLKW.
func setLock(f *os.File, command int, kind int16) error {
	_, err := control(f, command, kind)
	return err
}

// tryLock takes the lock on f unless it is taken.
func tryLock(f *os.File) (bool, error) {
	err := setLock(f, unix.F_OFD_SETLK, unix.F_WRLCK)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return false, nil
	}
	return err == nil, err
}

// taken says whether someone holds the lock on f other than through f itself.
func taken(f *os.File) (bool, error) {
	kind, err := control(f, unix.F_OFD_GETLK, unix.F_WRLCK)
	return err == nil && kind != unix.F_UNLCK, err
}

// control runs one lock command on the whole of f and returns the kind of lock
// the kernel answers with.
func control(f *os.File, command int, kind int16) (int16, error) {
	// l_pid has to be 0 for these commands; fcntl(2).
	l := unix.Flock_t{Type: kind, Whence: io.SeekStart}
	for {
		err := unix.FcntlFlock(f.Fd(), command, &l)
		if err != unix.EINTR {
			return l.Type, err
		}
	}
}
