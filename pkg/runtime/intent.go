package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/store"
)

// Intents: what an owner is doing to a container, recorded before it does it.
const (
	intentCreate = "create"
	intentStart  = "start"
	// intentStartAgain is intentStart by the restart policy: one that is cut off is
	// tried again.
	intentStartAgain = "start-again"
	intentStop       = "stop"
	intentRemove     = "remove"
	// intentRestart: stopped, about to be started again by the owner. It keeps the
	// exit command from treating the stop as the container's end.
	intentRestart = "restart"
	// intentPause and intentUnpause: only the OCI runtime knows whether the
	// container is frozen by now.
	intentPause   = "pause"
	intentUnpause = "unpause"
	// intentCleanup: the process ended, and what its policies ask for is still to
	// be done.
	intentCleanup = "cleanup"
	// intentRemovePaused is intentRemove of a container that was frozen when it
	// was claimed, or may have been, and has to be thawed to die.
	intentRemovePaused = "remove-paused"
	// intentRemoveStarted is intentRemove of a container somebody was starting
	// when it was claimed. If they are killed before they give the lock up, the
	// row does not say what they set up.
	intentRemoveStarted = "remove-started"
	// intentRemoveInitialized is intentRemove of a container whose process was
	// waiting to be started when it was claimed: it heeds no signal but SIGKILL.
	intentRemoveInitialized = "remove-initialized"
	// intentRewire: the configuration says by now which networks the container is
	// to be on; the interfaces and firewall rules are being brought in line.
	intentRewire = "rewire"
	// takingVolumes is part of the intent of a removal that takes the anonymous volumes
	// along: whoever carries it on must not take them without having been asked.
	takingVolumes = "+volumes"
	// stoppingWithin is part of the intent of a removal that the user gave a time
	// between stop signal and SIGKILL, and is followed by it. Last in an intent.
	stoppingWithin = "+time="
)

// isRemoval reports whether an intent is the removal of a container.
func isRemoval(intent string) bool { return strings.HasPrefix(intent, intentRemove) }

// mayBeStarted reports whether an intent stands for a start the row knows
// nothing of.
func mayBeStarted(intent string) bool {
	return isStart(intent) || strings.HasPrefix(intent, intentRemoveStarted)
}

// isStart reports whether an intent is the start of a container.
func isStart(intent string) bool { return intent == intentStart || intent == intentStartAgain }

// mayBeFrozen reports whether an intent is the removal of a container that has to
// be thawed to die.
func mayBeFrozen(intent string) bool { return strings.HasPrefix(intent, intentRemovePaused) }

// isUnstarted reports whether an intent is the removal of a container whose
// process was never started.
func isUnstarted(intent string) bool { return strings.HasPrefix(intent, intentRemoveInitialized) }

// takesVolumes reports whether an intent is a removal that takes the anonymous
// volumes along.
func takesVolumes(intent string) bool { return strings.Contains(intent, takingVolumes) }

// stopTimeOf is the time between stop signal and SIGKILL that the user gave a
// removal; nil if none.
func stopTimeOf(intent string) *time.Duration {
	_, text, ok := strings.Cut(intent, stoppingWithin)
	if !ok {
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil // damaged: the container's own
	}
	return &d
}

// claim records, in the caller's transaction, that this process is about to
// carry out the intent.
func (r *Runtime) claim(c *container.Container, intent string) {
	c.Intent, c.Owner = intent, r.self
}

// release records that nothing is under way any more.
func release(c *container.Container) { c.Intent, c.Owner = "", container.Owner{} }

// conclude records that what was under way has come to an end and where the
// container is now. A removal that another process decided on meanwhile stands:
// it waits for the lock we hold.
func conclude(c *container.Container, to container.State) {
	if isRemoval(c.Intent) {
		return
	}
	c.State = to
	release(c)
}

// change reads a container, lets fn decide and modify it, and writes it back, in
// one transaction. What fn decides on is the row overlaid with the truth.
func (r *Runtime) change(ctx context.Context, id string, fn func(*store.Tx, *container.Container) error) (*container.Container, error) {
	var c *container.Container
	err := r.store.Update(ctx, func(tx *store.Tx) (err error) {
		if c, err = tx.Container(ctx, id); err != nil {
			return err
		}
		r.observe(c)
		if err := fn(tx, c); err != nil {
			return err
		}
		return tx.SaveContainer(ctx, c)
	})
	return c, err
}

// locked runs fn under the container's lock. The lock's file goes with it: there
// is one only while somebody is at work.
func (r *Runtime) locked(ctx context.Context, id string, fn func() error) error {
	l, err := r.lock(ctx, id)
	if err != nil {
		return err
	}
	return errors.Join(fn(), l.Remove())
}

// wrap says of an error what was attempted; nil stays nil.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}

// undoTime bounds undo steps, which run even after the user interrupted the
// verb.
const undoTime = time.Minute

// detached is a context for undo steps: it outlives the cancelling of ctx, but
// not for ever.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), undoTime)
}

// lingering is a context for steps that, once begun, are to be finished: it ends a
// while after ctx did.
func lingering(ctx context.Context) (context.Context, context.CancelFunc) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(undoTime, cancel) })
	return own, func() {
		stop()
		cancel()
	}
}

// undo runs fn after err, on a context of its own, and adds what goes wrong.
func undo(ctx context.Context, err error, fn func(context.Context) error) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	return errors.Join(err, fn(ctx))
}
