package lock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// HeldError is the error of a [Dir.Lock] that gave up waiting.
type HeldError struct {
	// Holder is who held the lock then, its PID 0 if that cannot be told.
	Holder Holder
	// Err is why the wait ended: context.Canceled or context.DeadlineExceeded.
	Err error
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("held by %s: %v", e.Holder.describe(), e.Err)
}

// Unwrap returns why the wait ended.
func (e *HeldError) Unwrap() error { return e.Err }

// Lock is a lock that is held. It is not safe for concurrent use.
type Lock struct {
	name string
	file *os.File // nil once released
}

// Lock takes the lock of name and waits until it is free, ctx ends or
// [Dir.Timeout] has passed; the latter two give a [*HeldError] around
// context.Canceled or context.DeadlineExceeded. errdefs.ErrInvalidArgument is a
// name that is no file name.
func (d *Dir) Lock(ctx context.Context, name string) (*Lock, error) {
	w := &wait{dir: d, name: name}
	if d.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.Timeout)
		defer cancel()
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return d.acquire(name, func(f *os.File) (bool, error) {
		ok, err := tryLock(f)
		if ok {
			return true, nil
		}
		if err != nil {
			f.Close()
			return false, err
		}
		err = w.take(ctx, f)
		return err == nil, err
	})
}

// TryLock takes the lock of name if it is free; false without an error if it is
// not.
func (d *Dir) TryLock(name string) (*Lock, bool, error) {
	l, err := d.acquire(name, func(f *os.File) (bool, error) {
		ok, err := tryLock(f)
		if !ok {
			f.Close()
		}
		return ok, err
	})
	return l, l != nil, err
}

// acquire opens the file of name and takes its lock with take, again and again
// while others remove the file in between. take owns the file unless it returns
// true; where it returns false, acquire returns nil.
func (d *Dir) acquire(name string, take func(*os.File) (bool, error)) (*Lock, error) {
	for {
		f, err := d.open(name)
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		ok, err := take(f)
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		if !ok {
			return nil, nil
		}
		mine, err := current(f)
		if mine {
			writeHolder(f, d.self())
			return &Lock{name: name, file: f}, nil
		}
		if err := errors.Join(err, release(f)); err != nil {
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
	}
}

// release gives up the lock on f and closes it. Closing alone would leave the
// lock to a child that was forked but has not called exec yet.
func release(f *os.File) error {
	err := setLock(f, unix.F_OFD_SETLK, unix.F_UNLCK)
	return errors.Join(err, f.Close())
}

// wait is one call of Lock that found the lock taken.
type wait struct {
	dir    *Dir
	name   string
	notice <-chan time.Time // set by the first take, so that a wait over several files is one
}

// take waits for the lock on f and owns f unless it succeeds. If ctx ends first
// it leaves f to a thread: one that the kernel made wait for a lock cannot be
// called back from Go (its signal handlers restart the call), so it stays
// waiting, and lets go at once of what it gets.
func (w *wait) take(ctx context.Context, f *os.File) error {
	if w.notice == nil && w.dir.OnWait != nil {
		w.notice = time.After(w.dir.noticeAfter)
	}
	markWaiting(f)
	got, gaveUp := make(chan error), make(chan struct{})
	go func() {
		err := setLock(f, unix.F_OFD_SETLKW, unix.F_WRLCK)
		select {
		case got <- err:
		case <-gaveUp:
			_ = release(f)
		}
	}()
	for {
		select {
		case err := <-got:
			if err != nil {
				f.Close()
			}
			return err
		case <-w.notice:
			w.dir.OnWait(w.name, w.dir.holder(w.name))
		case <-ctx.Done():
			unmarkWaiting(f)
			close(gaveUp)
			return &HeldError{Holder: w.dir.holder(w.name), Err: ctx.Err()}
		}
	}
}

// Name is the name the lock was taken by.
func (l *Lock) Name() string { return l.name }

// Unlock releases the lock. On a lock that was released or removed it does
// nothing.
func (l *Lock) Unlock() error {
	if l.file == nil {
		return nil
	}
	f := l.file
	l.file = nil
	clearHolder(f)
	if err := release(f); err != nil {
		return fmt.Errorf("unlock %s: %w", l.name, err)
	}
	return nil
}

// Remove deletes the lock's file and then releases the lock; who waits for it
// goes on with a new file. On a lock that was released it does nothing.
func (l *Lock) Remove() error {
	if l.file == nil {
		return nil
	}
	err := l.unlink()
	return errors.Join(err, l.Unlock())
}

// Sweep removes the files of locks that nobody holds: those of holders that were
// killed. It waits for nobody and leaves alone what it cannot have.
func (d *Dir) Sweep() error {
	entries, err := os.ReadDir(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list locks: %w", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		l, ok, lockErr := d.TryLock(e.Name())
		if ok {
			lockErr = l.Remove()
		}
		err = errors.Join(err, lockErr)
	}
	return err
}

// unlink removes the file while the lock on it is held, and only if it is ours:
// had an outsider removed it, the name might lead to one that another holds.
func (l *Lock) unlink() error {
	mine, err := current(l.file)
	if err == nil && mine {
		err = os.Remove(l.file.Name())
	}
	if err != nil {
		return fmt.Errorf("remove lock %s: %w", l.name, err)
	}
	return nil
}
