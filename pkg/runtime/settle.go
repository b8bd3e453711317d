package runtime

import (
	"context"
	"fmt"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
)

// settle brings a container whose lock is held to a state one can act on: what a
// dead owner left is finished or undone, and a process that ended is cleaned up
// after. Idempotent; nothing to do is the common case and costs one read.
func (r *Runtime) settle(ctx context.Context, id string) error {
	c, err := r.container(ctx, id)
	if err != nil {
		return err
	}
	if c.Damage != "" {
		return fmt.Errorf("container %s: %s: remove it with --force: %w", c.Name, c.Damage, errdefs.ErrInvalidState)
	}
	abandoned := c.Intent != "" && (c.Owner == r.self || !r.alive(c.Owner)) // we hold the lock: nobody else can be at it
	switch {
	case abandoned && c.Intent == intentCreate:
		if err := r.unmakeContainer(ctx, id); err != nil {
			return err
		}
		return fmt.Errorf("no container with name or ID %q found: %w", id, errdefs.ErrNoSuchCtr)
	case abandoned && isStart(c.Intent):
		return r.abandonStart(ctx, c)
	case abandoned && isRemoval(c.Intent):
		return r.finishAbandonedRemove(ctx, c)
	case c.State == container.Stopped:
		return r.recordExit(ctx, c)
	case c.Intent == "" && c.Runtime.Process.PID != 0 && !c.State.HasProcess():
		return r.abandonStart(ctx, c) // its process died before it was started
	case abandoned && (c.Intent == intentPause || c.Intent == intentUnpause):
		_, err := r.settleFrozen(ctx, id)
		return err
	case abandoned && c.Intent == intentRewire:
		return r.settleRewire(ctx, c)
	case abandoned:
		_, err := r.change(ctx, id, func(_ *store.Tx, c *container.Container) error {
			release(c)
			return nil
		})
		return err
	}
	return nil
}

// abandonStart undoes a start whose process was killed. One by the restart policy
// is the end of the container's process not dealt with yet.
func (r *Runtime) abandonStart(ctx context.Context, c *container.Container) error {
	if err := r.takeDown(ctx, c); err != nil {
		return err
	}
	_, err := r.change(ctx, c.ID, func(_ *store.Tx, row *container.Container) error {
		again := row.Intent == intentStartAgain
		row.Runtime = c.Runtime
		conclude(row, stateBeforeStart(row))
		if again && row.State == container.Exited {
			r.claim(row, intentCleanup)
		}
		return nil
	})
	return err
}

// recordExit cleans up after a process that ended and records how. Called under
// the container's lock. The died event belongs to the transaction that records
// the exit code; cleanup follows when all is taken down. The process is gone, so
// it is finished even if the user gives up meanwhile.
func (r *Runtime) recordExit(ctx context.Context, c *container.Container, also ...event.Status) error {
	ctx, cancel := lingering(ctx)
	defer cancel()
	r.awaitConmon(ctx, c)
	r.observe(c) // the exit file may have appeared meanwhile
	if c.State == container.Stopped {
		r.overlayExit(c)
	}
	exit := c.Runtime
	if err := r.takeDown(ctx, c); err != nil {
		return err
	}
	r.settleOOMKills(c)
	_, err := r.change(ctx, c.ID, func(tx *store.Tx, row *container.Container) error {
		policies := row.Intent == intentCleanup && row.Owner == r.self
		conclude(row, container.Exited)
		if policies {
			r.claim(row, intentCleanup)
		}
		run := &row.Runtime
		stopped := run.StoppedByUser
		*run = c.Runtime
		run.StoppedByUser = stopped
		run.Exited, run.ExitCode, run.OOMKilled, run.FinishedAt = true, exit.ExitCode, exit.OOMKilled, exit.FinishedAt
		if err := tx.SaveExitCode(ctx, row.ID, run.ExitCode); err != nil {
			return err
		}
		died := containerEvent(row, event.Died)
		died.ExitCode = &run.ExitCode
		if err := tx.AddEvent(ctx, died); err != nil {
			return err
		}
		for _, s := range append(also, event.Cleanup) {
			if err := tx.AddEvent(ctx, containerEvent(row, s)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.forgetOOMMark(c.ID)
	return nil
}

// conmonTime is how long conmon may take to write the exit file after the
// process is gone.
const conmonTime = 5 * time.Second

// awaitConmon waits for the exit file as long as conmon lives to write it.
func (r *Runtime) awaitConmon(ctx context.Context, c *container.Container) {
	if _, _, ok := r.exitFile(c.ID); ok || !r.alive(c.Runtime.Conmon) {
		return
	}
	engine, err := r.oci()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, conmonTime)
	defer cancel()
	_, _ = engine.WaitExit(ctx, c.ID, proc.Process(c.Runtime.Conmon)) // the caller looks for the file itself
}
