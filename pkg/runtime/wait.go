package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
)

// WaitOptions modify WaitContainer.
type WaitOptions struct {
	// Conditions to wait for, any of them, as ParseConditions returns them; empty:
	// until the process has ended.
	Conditions []string
	// Interval bounds the time between two looks; 0: a default.
	Interval time.Duration
	// First makes WaitContainers return with the first container.
	First bool
}

// Conditions other than states.
const (
	healthy   = "healthy"
	unhealthy = "unhealthy"
)

// ParseConditions checks the words for WaitOptions. Errors: ErrInvalidArg.
func ParseConditions(words []string) ([]string, error) {
	for _, word := range words {
		switch container.State(word) {
		case container.Created, container.Initialized, container.Running, container.Paused, container.Stopped, container.Exited,
			container.Removing, container.Unknown, healthy, unhealthy:
		default:
			return nil, fmt.Errorf("unknown container state: %s: %w", word, errdefs.ErrInvalidArg)
		}
	}
	return words, nil
}

const waitInterval = 250 * time.Millisecond

// WaitContainer waits until a container meets one of the conditions and returns
// its exit code; -1 for a condition that has none. It waits for no lock. A container
// that is removed while it is waited for has ended: the exit code it left counts. One
// that has ended is cleaned up after, or gone if it removes itself, when it returns,
// unless that takes others too long.
// Errors: ErrNoSuchCtr for one that was never there, or is removed without ever
// having run.
func (r *Runtime) WaitContainer(ctx context.Context, id string, opts WaitOptions) (int, error) {
	if opts.Interval <= 0 {
		opts.Interval = waitInterval
	}
	for again := true; ; {
		c, err := r.container(ctx, id)
		if errors.Is(err, errdefs.ErrNoSuchCtr) {
			return r.removedWhileWaiting(ctx, id, opts.Conditions, err)
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
		if err := refuseCondition(c, opts.Conditions); err != nil {
			return unknownExit, err
		}
		code, done := arrived(c, opts.Conditions)
		if done && code == unknownExit && c.State == container.Stopped && again {
			again = false // the exit file may have gone with the container after we read the row
			continue
		}
		if done {
			if c.State == container.Stopped {
				r.awaitCleanup(ctx, id)
			}
			return code, nil
		}
		if err := r.awaitChange(ctx, c, opts.Interval); err != nil {
			return unknownExit, err
		}
	}
}

// cleanupTime is how long others may take to clean up after a container that has ended.
const cleanupTime = 5 * time.Second

// awaitCleanup sees to it that a container whose process has ended is cleaned up after:
// by us, if nobody is at it. What goes wrong the next command will say.
func (r *Runtime) awaitCleanup(ctx context.Context, id string) {
	others := time.After(cleanupTime)
	for {
		if !r.cleanUpIfFree(ctx, id) {
			return
		}
		c, err := r.container(ctx, id)
		if err != nil || !r.cleaningUp(c) {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-others:
			return
		case <-ctx.Done():
			return
		}
	}
}

// cleanUpIfFree cleans up if nobody has the container's lock. What is begun is finished
// even if the user gives up, as long as it takes: it may be a restart.
func (r *Runtime) cleanUpIfFree(ctx context.Context, id string) (ok bool) {
	ctx, cancel := lingering(ctx)
	defer cancel()
	return r.resumeCleanup(ctx, id) == nil
}

// cleaningUp reports whether what follows the end of a process is not done.
func (r *Runtime) cleaningUp(c *container.Container) bool {
	switch c.State {
	case container.Stopped, container.Stopping, container.Removing:
		return true
	}
	return c.Intent == intentCleanup && r.alive(c.Owner)
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
func arrived(c *container.Container, conditions []string) (code int, done bool) {
	ended := c.State == container.Exited || c.State == container.Stopped
	if ended && waitsForEnd(conditions) {
		return c.Runtime.ExitCode, true
	}
	if slices.Contains(conditions, string(c.State)) {
		return unknownExit, true
	}
	return unknownExit, c.Config != nil && c.Config.Health != nil && slices.Contains(conditions, healthStatus(c))
}

// waitsForEnd reports whether the end of the process is one of the conditions.
func waitsForEnd(conditions []string) bool {
	return len(conditions) == 0 || slices.Contains(conditions, string(container.Exited)) || slices.Contains(conditions, string(container.Stopped))
}

// refuseCondition refuses to wait for what cannot come.
func refuseCondition(c *container.Container, conditions []string) error {
	for _, word := range conditions {
		if (word == healthy || word == unhealthy) && (c.Config == nil || c.Config.Health == nil || c.Config.Health.Disabled) {
			return fmt.Errorf("cannot use condition %q: container %s has no healthcheck", word, c.ID)
		}
	}
	return nil
}

// removedWhileWaiting is how the wait for a container ends that is gone.
func (r *Runtime) removedWhileWaiting(ctx context.Context, id string, conditions []string, gone error) (int, error) {
	if waitsForEnd(conditions) {
		return r.lastExitCode(ctx, id, gone)
	}
	if slices.Contains(conditions, string(container.Removing)) {
		return unknownExit, nil
	}
	return unknownExit, gone
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
