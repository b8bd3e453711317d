package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// SQLite lets who waits for another's write transaction sleep and look again,
// ever longer, up to a tenth of a second: with many writers the database is idle
// most of the time, and a newcomer is served before those who wait. So writers
// queue for a lock of their own, in which the kernel wakes them: flock(2) on the
// database's directory, which needs no file. It only saves time: SQLite's own
// lock is what keeps writers apart, and who cannot have ours goes on without.

// queueTime is how long a writer queues. Hundreds are served in it; only behind a
// process that was stopped while it wrote does it pass.
const queueTime = 10 * time.Second

// enqueue waits until no other process that queues writes, and returns how to let
// the next one write. One update of a process at a time calls it. Its error is the context's.
func (s *Store) enqueue(ctx context.Context) (leave func(), err error) {
	leave = func() {}
	if s.queue == nil {
		if s.queue, err = os.Open(filepath.Dir(s.path)); err != nil {
			return leave, nil //nolint:nilerr // SQLite says what is wrong
		}
	}
	dir := s.queue
	unlock := func() { _ = unix.Flock(int(dir.Fd()), unix.LOCK_UN) } // cannot fail on one that is open
	switch err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
	case err == nil:
		return unlock, nil
	case !errors.Is(err, unix.EWOULDBLOCK):
		return leave, nil //nolint:nilerr // a file system without: SQLite's lock is enough
	}
	got, gaveUp := make(chan error), make(chan struct{})
	go func() { // a thread waiting in the kernel cannot be called back
		err := flockWait(dir)
		select {
		case got <- err:
		case <-gaveUp:
			if err == nil {
				unlock()
			}
			_ = dir.Close()
		}
	}()
	tooLong := time.NewTimer(queueTime)
	defer tooLong.Stop()
	select {
	case err := <-got:
		if err != nil {
			return leave, nil //nolint:nilerr // as above
		}
		return unlock, nil
	case <-tooLong.C:
		// From here on SQLite waits, and says who is to blame if it is in vain.
	case <-ctx.Done():
		err = ctx.Err()
	}
	// The thread keeps the descriptor; the next transaction opens another.
	s.queue = nil
	close(gaveUp)
	return leave, err
}

// flockWait takes the lock once it is free.
func flockWait(dir *os.File) error {
	for {
		if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
