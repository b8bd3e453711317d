package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/lock"
	"github.com/podctl/podctl/pkg/store"
)

// States of a LockEntry.
const (
	LockHolder = "holder"
	LockWaiter = "waiter"
)

// LockEntry is one process that holds the lock of an object or waits for it.
type LockEntry struct {
	// Object is "container", "pod", "volume", or "" for one the database does not know.
	Object string
	ID     string
	Name   string // the ID, shortened, of an object that has none
	State  string // LockHolder or LockWaiter
	// PID is 0, and Command and Since empty, of a holder that cannot be told.
	PID     int
	Command string
	Since   time.Time // UTC
}

// Locks returns who holds and who awaits the locks of containers and pods, by
// name, the holder before the waiters. It takes no lock.
func (r *Runtime) Locks(ctx context.Context) ([]LockEntry, error) {
	holders, err := r.locks.Holders()
	if err != nil {
		return nil, err
	}
	waiters, err := r.locks.Waiters()
	if err != nil {
		return nil, err
	}
	list := make([]LockEntry, 0, len(holders)+len(waiters))
	for _, h := range holders {
		list = append(list, LockEntry{ID: h.Name, State: LockHolder, PID: h.PID, Command: h.Cmdline, Since: h.Since})
	}
	for _, w := range waiters {
		list = append(list, LockEntry{ID: w.Name, State: LockWaiter, PID: w.PID, Command: w.Cmdline, Since: w.Since})
	}
	err = r.store.View(ctx, func(tx *store.Tx) error {
		for i := range list {
			e := &list[i]
			if e.Object, e.Name, err = objectOf(ctx, tx, e.ID); err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortStableFunc(list, func(a, b LockEntry) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID), cmp.Compare(a.State, b.State))
	})
	return list, err
}

// objectOf says what kind of object has the ID, and its name. One that has no
// row (any more) has no kind, and its short ID for a name.
func objectOf(ctx context.Context, tx *store.Tx, id string) (kind, name string, err error) {
	if name, ok := strings.CutPrefix(id, volumeLock); ok {
		return "volume", name, nil
	}
	c, err := tx.Container(ctx, id)
	if err == nil {
		return "container", c.Name, nil
	}
	if !errors.Is(err, errdefs.ErrNotFound) {
		return "", "", err
	}
	p, err := tx.Pod(ctx, id)
	if err == nil {
		return "pod", p.Name, nil
	}
	if !errors.Is(err, errdefs.ErrNotFound) {
		return "", "", err
	}
	return "", shortID(id), nil
}

// objectText is an object for a message: "container web", or its short ID alone.
func (r *Runtime) objectText(ctx context.Context, id string) string {
	kind, name := "", shortID(id)
	_ = r.store.View(ctx, func(tx *store.Tx) (err error) { // a message is as good with the ID
		kind, name, err = objectOf(ctx, tx, id)
		return err
	})
	if kind == "" {
		return cmp.Or(name, shortID(id))
	}
	return kind + " " + name
}

// lock takes an object's lock. When it gives up after --lock-timeout the error
// names the object and who holds it, and what can be done; class ErrUnavailable.
func (r *Runtime) lock(ctx context.Context, id string) (*lock.Lock, error) {
	l, err := r.locks.Lock(ctx, id)
	var held *lock.HeldError
	if err == nil || ctx.Err() != nil || !errors.As(err, &held) {
		return l, err
	}
	return nil, fmt.Errorf("%s is locked by %s: gave up after %s (--lock-timeout); run the command again when that process is done, or end it with kill: %w",
		r.objectText(ctx, id), holderText(held.Holder, time.Now()), r.locks.Timeout, errdefs.ErrUnavailable)
}

// reportWait tells the user who makes a verb wait, on one line. What it waits for
// in itself is its own affair.
func (r *Runtime) reportWait(id string, h lock.Holder) {
	if h.PID == r.self.PID {
		return
	}
	fmt.Fprintf(r.notices, "waiting for %s, locked by %s\n", r.objectText(context.Background(), id), holderText(h, time.Now()))
}

// holderText is who holds a lock and for how long.
func holderText(h lock.Holder, now time.Time) string {
	if h.PID == 0 {
		return "a process that cannot be told"
	}
	return fmt.Sprintf("process %d (%s) for %s", h.PID, h.Cmdline, now.Sub(h.Since).Round(time.Second))
}
