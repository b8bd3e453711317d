package runtime

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
)

// WaitOptions modify WaitContainer.
type WaitOptions struct {
	// States to wait for; empty: until the process has ended.
	States []container.State
	// Interval bounds the time between two looks; 0: a default.
	Interval time.Duration
}

const waitInterval = 250 * time.Millisecond

// WaitContainer waits until a container is in one of the states and returns its
// exit code; -1 for a state that has none. It takes no lock. A container that
// is removed while it is waited for ends the wait with the exit code it left.
func (r *Runtime) WaitContainer(ctx context.Context, id string, opts WaitOptions) (int, error) {
	if opts.Interval <= 0 {
		opts.Interval = waitInterval
	}
	for {
		c, err := r.container(ctx, id)
		if errors.Is(err, errdefs.ErrNoSuchCtr) {
			return r.lastExitCode(ctx, id, err)
		}
		if err != nil {
			return unknownExit, err
		}
		if r.exitUnknownYet(c) {
			r.awaitConmon(ctx, c)
			if err := ctx.Err(); err != nil {
				return unknownExit, err
			}
			r.overlayExit(c)
		}
		if code, done := arrived(c, opts.States); done {
			return code, nil
		}
		if err := r.awaitChange(ctx, c, opts.Interval); err != nil {
			return unknownExit, err
		}
	}
}

// exitUnknownYet reports whether the process is gone and its conmon has still to
// write down how it ended.
func (r *Runtime) exitUnknownYet(c *container.Container) bool {
	if c.State != container.Stopped || !r.alive(c.Runtime.Conmon) {
		return false
	}
	_, _, written := r.exitFile(c.ID)
	return !written
}

// arrived reports whether the container is where the wait ends, and with what code.
func arrived(c *container.Container, states []container.State) (code int, done bool) {
	ended := c.State == container.Exited || c.State == container.Stopped
	code = unknownExit
	if ended {
		code = c.Runtime.ExitCode
	}
	if len(states) == 0 {
		return code, ended
	}
	if ended && (slices.Contains(states, container.Exited) || slices.Contains(states, container.Stopped)) {
		return code, true
	}
	return unknownExit, slices.Contains(states, c.State)
}

// awaitChange waits until the process ends or, for what cannot be watched, a
// moment has passed.
func (r *Runtime) awaitChange(ctx context.Context, c *container.Container, interval time.Duration) error {
	tick, cancel := context.WithTimeout(ctx, interval)
	defer cancel()
	if p := proc.Process(c.Runtime.Process); r.processes.Alive(p) {
		_ = r.processes.Wait(tick, p) // its end or the tick: look again either way
	} else {
		<-tick.Done()
	}
	return ctx.Err()
}

// lastExitCode is the exit code a removed container left, or missing.
func (r *Runtime) lastExitCode(ctx context.Context, id string, missing error) (code int, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		code, err = tx.ExitCode(ctx, id)
		return err
	})
	if errors.Is(err, errdefs.ErrNoSuchExitCode) {
		return unknownExit, missing
	}
	return code, err
}
