package runtime

import (
	"context"
	"errors"
	"math/rand/v2"
	goruntime "runtime"
	"strconv"
	"time"

	"github.com/podctl/podctl/pkg/lock"
)

// A host that makes or starts hundreds of containers at once is done sooner, and
// with less memory, if it does a few at a time: each takes a conmon, an OCI runtime
// and what that runs. So these steps wait for one of a few slots, locks shared by
// all processes. Slots decide nothing, and whoever waits long for one goes on
// without.
//
// Order: a slot comes after the lock of the container. Who has one waits for no
// container's lock, so that it comes free.

// slotsPerCPU leaves work for a processor while other steps wait for disk or
// network.
const slotsPerCPU = 4

// Waiting for a slot: how often others than the one waited for are looked at, and
// how long at all.
const (
	slotLook = 2 * time.Second
	slotTime = 2 * time.Minute
)

// inSlot runs step in one of this host's slots.
func (r *Runtime) inSlot(ctx context.Context, step func() error) error {
	l, err := r.takeSlot(ctx)
	if err != nil {
		return err
	}
	if l == nil {
		return step()
	}
	return errors.Join(step(), l.Unlock())
}

// takeSlot waits for a slot; nil if it took too long. Its error is the context's.
func (r *Runtime) takeSlot(ctx context.Context) (*lock.Lock, error) {
	n := slotsPerCPU * goruntime.NumCPU()
	first := rand.IntN(n) //nolint:gosec // spreads the waiters, guards nothing
	if l := r.freeSlot(first, n); l != nil {
		return l, nil
	}
	// The kernel wakes who waits for one slot; a holder that was stopped would
	// never, so that from time to time the others are tried.
	waiting, cancel := context.WithTimeout(ctx, slotTime)
	defer cancel()
	got := make(chan *lock.Lock)
	go func() {
		l, _ := r.slots.Lock(waiting, slotName(first)) // nil if it was not to be had
		select {
		case got <- l:
		case <-waiting.Done():
			if l != nil {
				_ = l.Unlock()
			}
		}
	}()
	look := time.NewTicker(slotLook)
	defer look.Stop()
	for {
		select {
		case l := <-got:
			return l, ctx.Err()
		case <-look.C:
			if l := r.freeSlot(first, n); l != nil {
				return l, nil
			}
		case <-waiting.Done():
			return nil, ctx.Err()
		}
	}
}

// freeSlot takes a slot that is free now; nil if none is.
func (r *Runtime) freeSlot(first, n int) *lock.Lock {
	for i := range n {
		// Without slots, as on a full disk, work goes on: what fails then says why.
		if l, ok, _ := r.slots.TryLock(slotName((first + i) % n)); ok {
			return l
		}
	}
	return nil
}

func slotName(i int) string { return strconv.Itoa(i) }
