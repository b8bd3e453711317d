package network

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/podctl/podctl/pkg/proc"
)

const (
	// lookEvery is the time between two looks at what libnetwork has started.
	lookEvery = 200 * time.Millisecond
	// giveUpTime is how long libnetwork may take to return after its netavark was
	// killed. It takes longer only if it waits for the lock that all programs on
	// this host share.
	giveUpTime = 2 * time.Second
	// hungPatience is for a netavark after one before it hung.
	hungPatience = 5 * time.Second
)

// patience is how long netavark may take, and what has come of it so far.
type patience struct {
	limit time.Duration // 0: as long as it takes
	hung  atomic.Bool   // one was killed because it took longer
	// left: a call of libnetwork goes on without anybody who waits for it. It
	// does no harm, as what it starts is killed, but no other call may begin.
	left atomic.Bool
}

func (p *patience) now() time.Duration {
	if p.hung.Load() && p.limit > hungPatience {
		return hungPatience
	}
	return p.limit
}

// forOrphans is how long a netavark whose caller was killed may take.
func (p *patience) forOrphans() time.Duration {
	if p.limit > 0 {
		return min(p.limit, orphanWait)
	}
	return orphanWait
}

// run runs fn, which makes libnetwork run netavark, once at a time. libnetwork
// neither heeds a context nor bounds what netavark takes, and holds a lock that
// every other network operation on this host waits for: so netavark is killed
// here when ctx ends, or when it takes too long. fn may be left behind only where
// ctx ends while libnetwork waits for that lock; the error is then the context's,
// and what fn would have done is as if this process had been killed.
//
// With first fn runs before what else waits for a processor; see [inFront].
func (b *Backend) run(ctx context.Context, first bool, fn func() error) error {
	if b.patience.left.Load() {
		return errors.New("an interrupted call still waits for libnetwork's lock")
	}
	begun, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- quietly(func() error {
			close(begun)
			if err := ctx.Err(); err != nil {
				return err
			}
			if first {
				return inFront(fn)
			}
			return fn()
		})
	}()
	select {
	case <-begun:
	case err := <-done:
		return err
	case <-ctx.Done(): // fn will not begin
		return context.Cause(ctx)
	}
	return b.watch(ctx, done)
}

// watch waits for libnetwork and ends netavark when it is time.
func (b *Backend) watch(ctx context.Context, done <-chan error) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var (
		since, killed time.Time // when netavark was first seen, when it was killed
		cause         error
		ended         = ctx.Done()
	)
	for {
		select {
		case err := <-done:
			if err != nil && cause != nil {
				return cause
			}
			return err
		case <-ended:
			ended = nil
			cause, killed = context.Cause(ctx), time.Now()
		case <-ticker.C:
		}
		running := ourNetavark()
		if len(running) > 0 && since.IsZero() {
			since = time.Now()
		}
		limit := b.patience.now()
		if cause == nil && len(running) > 0 && limit > 0 && time.Since(since) > limit {
			b.patience.hung.Store(true)
			cause, killed = fmt.Errorf("netavark: %w", &proc.TimeoutError{After: limit}), time.Now()
		}
		if cause == nil {
			continue
		}
		killAll(running)
		if time.Since(killed) > giveUpTime && len(running) == 0 {
			b.leave(done)
			return cause
		}
	}
}

// leave goes on ending what libnetwork starts, for as long as this process has
// to live.
func (b *Backend) leave(done <-chan error) {
	b.patience.left.Store(true)
	go func() {
		for {
			select {
			case <-done:
				b.patience.left.Store(false)
				return
			case <-time.After(lookEvery / 10):
				killAll(ourNetavark())
			}
		}
	}()
}

func killAll(list []proc.Process) {
	for _, p := range list {
		_ = proc.KillTree(context.Background(), p) // who resists is seen again
	}
}

// ourNetavark is the netavark this process has started. libnetwork's lock sees to
// it that there is one at most.
func ourNetavark() []proc.Process {
	children, err := proc.Children()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(children, func(p proc.Process) bool { return !isNetavark(proc.Args(p.PID)) })
}

// isNetavark tells netavark by its name, and a script of that name by the name
// after that of its interpreter.
func isNetavark(args []string) bool {
	return slices.ContainsFunc(args[:min(2, len(args))], func(arg string) bool { return filepath.Base(arg) == "netavark" })
}

// interruptibly runs fn, which changes nothing but may wait for libnetwork's
// lock, and leaves it behind when ctx ends.
func interruptibly[T any](ctx context.Context, fn func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := fn()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
