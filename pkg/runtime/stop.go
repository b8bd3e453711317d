package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
)

const sigKill = unix.SIGKILL

var forceDelete = oci.DeleteOptions{Force: true}

// StopOptions modify the stop verbs.
type StopOptions struct {
	// Timeout between the stop signal and SIGKILL; nil: each container's own.
	Timeout *time.Duration
	// ByPolicy: podctl stops the pod by itself, not the user.
	ByPolicy bool
	// dependentsFirst: a pod verb, which stops no container while one that depends
	// on it runs.
	dependentsFirst bool
	// forRestart: it is going to be started again.
	forRestart bool
}

// dependentsError says which dependents have to be stopped first. It never
// reaches the user.
type dependentsError struct{ ids []string }

func (e *dependentsError) Error() string {
	return "dependents run: " + joinIDs(e.ids)
}

func (o StopOptions) timeout(c *container.Container) time.Duration {
	if o.Timeout != nil {
		return *o.Timeout
	}
	return c.StopTimeout()
}

// settlesEnd reports whether the verb does all that the container's policies ask
// for at its end. Pod verbs do not remove members, and the other one stops no pod
// whose last member it was.
func (o StopOptions) settlesEnd(c *container.Container) bool {
	if o.dependentsFirst {
		return !c.Config.AutoRemove
	}
	return c.PodID == ""
}

// StopContainer stops a container and cleans up after it. One that was never
// started or has stopped is success. Errors: class ErrInvalidState for a paused
// one.
func (r *Runtime) StopContainer(ctx context.Context, id string, opts StopOptions) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	err := r.stopOne(ctx, id, opts)
	if errors.Is(err, errdefs.ErrNoSuchCtr) && r.isFinished(id) {
		return nil // it removed itself
	}
	if err != nil {
		return err
	}
	return r.removeIfAuto(ctx, id)
}

// removeIfAuto removes a stopped container that is to remove itself. conmon's exit
// command does the same; either may win.
func (r *Runtime) removeIfAuto(ctx context.Context, id string) error {
	c, err := r.container(ctx, id)
	if errors.Is(err, errdefs.ErrNoSuchCtr) {
		return nil
	}
	if err != nil || c.Config == nil || !c.Config.AutoRemove || c.State != container.Exited || !c.Runtime.Exited {
		return err
	}
	err = r.removeContainers(ctx, []string{id}, RemoveOptions{Volumes: true, Ignore: true})
	if errors.Is(err, errdefs.ErrNotFound) {
		return nil
	}
	return err
}

// stopOne stops one container under its lock: claim, signal, wait, clean up.
func (r *Runtime) stopOne(ctx context.Context, id string, opts StopOptions) error {
	return r.locked(ctx, id, func() error {
		if err := r.settle(ctx, id); err != nil {
			return err
		}
		if err := r.stopLocked(ctx, id, opts); err != nil || !opts.forRestart {
			return err
		}
		return r.claimRestart(ctx, id)
	})
}

// stopAfterDependents is stopOne for pod verbs. A container that joined after the
// verb's plan was made, and depends on this one, is stopped first.
func (r *Runtime) stopAfterDependents(ctx context.Context, id string, opts StopOptions) error {
	opts.dependentsFirst = true
	for {
		err := r.stopOne(ctx, id, opts)
		var running *dependentsError
		if !errors.As(err, &running) {
			return err
		}
		joined := opts
		joined.forRestart = false // nobody planned to start them again
		if err := r.stopJoined(ctx, running.ids, joined); err != nil {
			return err
		}
	}
}

// stopJoined stops containers that joined, side by side: what they wait for is as long
// as their stop timeouts.
func (r *Runtime) stopJoined(ctx context.Context, ids []string, opts StopOptions) error {
	nodes := make([]depgraph.Node, len(ids))
	for i, id := range ids {
		nodes[i].ID = id
	}
	return depgraph.Yield(ctx, func() error {
		res := depgraph.BuildWithoutEdges(nodes).Walk(ctx, depgraph.WalkOptions{Workers: workers()}, func(ctx context.Context, id string) error {
			err := r.stopAfterDependents(ctx, id, opts)
			if errors.Is(err, errdefs.ErrNoSuchCtr) {
				return nil
			}
			return err
		})
		return walkErrors(res)
	})
}

// checkDependentsDown returns a [*dependentsError] while a dependent of the
// container has a process or is about to have one.
func (r *Runtime) checkDependentsDown(ctx context.Context, tx *store.Tx, id string) error {
	ids, err := tx.Dependents(ctx, id)
	if err != nil {
		return err
	}
	var running []string
	for _, dep := range ids {
		d, err := tx.Container(ctx, dep)
		if err != nil {
			return err
		}
		r.observe(d)
		starting := isStart(d.Intent) && r.alive(d.Owner)
		if starting || d.State.HasProcess() || d.State == container.Removing && r.alive(d.Runtime.Process) {
			running = append(running, dep)
		}
	}
	if len(running) > 0 {
		return &dependentsError{ids: running}
	}
	return nil
}

func (r *Runtime) stopLocked(ctx context.Context, id string, opts StopOptions) error {
	var todo bool
	c, err := r.change(ctx, id, func(tx *store.Tx, c *container.Container) error {
		verdict, err := container.Check(container.OpStop, id, c.State)
		if err != nil {
			return err
		}
		if opts.dependentsFirst && verdict == container.Act {
			if err := r.checkDependentsDown(ctx, tx, id); err != nil {
				return err
			}
		}
		if !opts.ByPolicy && verdict == container.Nothing {
			c.Runtime.StoppedByUser = c.Runtime.Exited
			if c.Intent == intentCleanup && c.Owner == r.self {
				release(c) // a restart by policy that we undid: the user wants none
			}
			return nil
		}
		if todo = verdict == container.Act; !todo {
			return nil
		}
		if c.State == container.Running {
			c.State = container.Stopping
		}
		c.Runtime.StoppedByUser = c.Runtime.StoppedByUser || !opts.ByPolicy
		r.claim(c, intentStop)
		return nil
	})
	if err != nil || !todo {
		return err
	}
	if opts.settlesEnd(c) {
		r.relieve(c.ID)
	}
	if err := r.terminate(ctx, c, opts.timeout(c)); err != nil {
		r.burden(c.ID)
		return r.abandonStop(ctx, c, err)
	}
	if c.State == container.Initialized {
		return r.abandonStart(ctx, c)
	}
	r.overlayExit(c)
	return r.recordExit(ctx, c, event.Stop)
}

// abandonStop puts a container that would not stop back to what it is: running.
func (r *Runtime) abandonStop(ctx context.Context, c *container.Container, cause error) error {
	return undo(ctx, cause, func(ctx context.Context) error {
		_, err := r.change(ctx, c.ID, func(_ *store.Tx, c *container.Container) error {
			if c.State == container.Stopping {
				conclude(c, container.Running)
			} else {
				conclude(c, c.State)
			}
			return nil
		})
		return err
	})
}

// terminate sends the stop signal, waits, and kills. The wait takes no worker of
// the walk it is part of, so that any number of deaf containers cost one grace
// period.
func (r *Runtime) terminate(ctx context.Context, c *container.Container, timeout time.Duration) error {
	p := proc.Process(c.Runtime.Process)
	sig := unix.Signal(c.Config.StopSignal)
	if c.State == container.Initialized || timeout <= 0 {
		sig = sigKill
	}
	if err := r.signalProcess(p, sig); err != nil {
		return fmt.Errorf("send %s to container %s: %w", unix.SignalName(sig), c.ID, err)
	}
	if sig != sigKill {
		gone, err := r.awaitStop(ctx, c, sig, timeout)
		if gone || err != nil {
			return err
		}
		logrus.Warnf("StopSignal %s failed to stop container %s in %d seconds, resorting to SIGKILL", unix.SignalName(sig), c.Name, int(timeout.Seconds()))
		if err := r.signalProcess(p, sigKill); err != nil {
			return fmt.Errorf("kill container %s: %w", c.ID, err)
		}
	}
	return r.awaitKilled(ctx, c.ID, p)
}

// againTime is after how long an infra container is told to stop once more.
const againTime = 100 * time.Millisecond

// awaitStop waits for a container that was sent its stop signal, at most so long. The
// kernel drops a signal that the first process of a PID namespace does not handle,
// pid_namespaces(7), as it does not yet in its first moment. The init of an infra
// container knows what to do with a second one; what others would do is not ours to
// know.
func (r *Runtime) awaitStop(ctx context.Context, c *container.Container, sig unix.Signal, timeout time.Duration) (gone bool, err error) {
	p := proc.Process(c.Runtime.Process)
	if !c.Config.Imageless() {
		return r.awaitEnd(ctx, p, timeout)
	}
	for ; timeout > againTime; timeout -= againTime {
		if gone, err = r.awaitEnd(ctx, p, againTime); gone || err != nil {
			return gone, err
		}
		if err = r.signalProcess(p, sig); err != nil {
			return false, err
		}
	}
	return r.awaitEnd(ctx, p, timeout)
}

// frozenTime is after how long a killed process is looked at again.
const frozenTime = time.Second

// awaitKilled waits until a process is gone that SIGKILL was sent to. In a frozen
// cgroup v1 even that waits: an OCI runtime whose podctl was killed may freeze the
// container after it was found running.
func (r *Runtime) awaitKilled(ctx context.Context, id string, p proc.Process) error {
	gone, err := r.awaitEnd(ctx, p, frozenTime)
	if gone || err != nil {
		return err
	}
	if err := r.resumeIfPaused(ctx, id); err != nil {
		return err
	}
	gone, err = r.awaitEnd(ctx, p, endTime)
	if err == nil && !gone {
		err = fmt.Errorf("container %s: process %d survives SIGKILL: %w", id, p.PID, errdefs.ErrUnavailable)
	}
	return err
}

// signalProcess is Signal where a process that is gone already is success.
func (r *Runtime) signalProcess(p proc.Process, sig unix.Signal) error {
	err := r.processes.Signal(p, sig)
	if errors.Is(err, errdefs.ErrNotFound) {
		return nil
	}
	return err
}

// awaitEnd waits until the process is gone, at most so long.
func (r *Runtime) awaitEnd(ctx context.Context, p proc.Process, limit time.Duration) (gone bool, err error) {
	err = depgraph.Yield(ctx, func() error {
		wait, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return r.processes.Wait(wait, p)
	})
	switch {
	case err == nil:
		return true, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return false, nil
	}
	return false, err
}

// KillContainer sends a signal to a container's first process. It waits for no lock:
// one may kill what another is waiting for. SIGKILL waits until the process is
// gone, and cleaned up after as [Runtime.WaitContainer] has it. Errors: class
// ErrInvalidState when there is no process.
func (r *Runtime) KillContainer(ctx context.Context, id string, sig unix.Signal) error {
	c, err := r.change(ctx, id, func(tx *store.Tx, c *container.Container) error {
		if _, err := container.Check(container.OpKill, id, c.State); err != nil {
			return err
		}
		c.Runtime.StoppedByUser = true
		return tx.AddEvent(ctx, containerEvent(c, event.Kill))
	})
	if err != nil {
		return err
	}
	p := proc.Process(c.Runtime.Process)
	err = r.processes.Signal(p, sig)
	if errors.Is(err, errdefs.ErrNotFound) { // it has ended since we looked, or somebody stops it
		_, err = container.Check(container.OpKill, id, container.Stopped)
		return err
	}
	if err != nil {
		return fmt.Errorf("send %s to container %s: %w", unix.SignalName(sig), id, err)
	}
	if sig != sigKill {
		return nil
	}
	if c.State == container.Paused {
		// In a frozen cgroup v1 even SIGKILL waits. It is pending already: the
		// process does nothing any more when it is thawed.
		if err := r.resumeIfPaused(ctx, id); err != nil {
			return err
		}
	}
	if err := r.awaitKilled(ctx, id, p); err != nil {
		return err
	}
	r.awaitCleanup(ctx, id)
	return nil
}

// PauseContainer freezes a running container.
func (r *Runtime) PauseContainer(ctx context.Context, id string) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	return r.freeze(ctx, id, container.OpPause, container.Paused, event.Pause)
}

// UnpauseContainer thaws a paused container.
func (r *Runtime) UnpauseContainer(ctx context.Context, id string) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	return r.freeze(ctx, id, container.OpUnpause, container.Running, event.Unpause)
}

func (r *Runtime) freeze(ctx context.Context, id string, op container.Operation, to container.State, status event.Status) error {
	return r.locked(ctx, id, func() error { return r.freezeLocked(ctx, id, op, to, status) })
}

func (r *Runtime) freezeLocked(ctx context.Context, id string, op container.Operation, to container.State, status event.Status) error {
	engine, err := r.oci()
	if err != nil {
		return err
	}
	if err := r.settle(ctx, id); err != nil {
		return err
	}
	intent, act := intentPause, engine.Pause
	if op == container.OpUnpause {
		intent, act = intentUnpause, engine.Resume
	}
	c, err := r.change(ctx, id, func(_ *store.Tx, c *container.Container) error {
		if _, err := container.Check(op, id, c.State); err != nil {
			return err
		}
		if c.Config.Resources.CgroupMode == "disabled" {
			return fmt.Errorf("cannot %s without using Cgroups: %w", op, errdefs.ErrNoCgroup)
		}
		r.claim(c, intent)
		return nil
	})
	if err != nil {
		return err
	}
	if failed := act(ctx, id); failed != nil {
		// It may have failed, or been killed, when the work was done.
		return undo(ctx, nil, func(ctx context.Context) error {
			is, err := r.settleFrozen(ctx, id)
			if err == nil && is == to {
				return r.report(ctx, c, status)
			}
			return errors.Join(wrap(failed, "%s container %s", op, id), err)
		})
	}
	_, err = r.change(ctx, id, func(tx *store.Tx, c *container.Container) error {
		if c.State.HasProcess() {
			conclude(c, to)
		}
		return tx.AddEvent(ctx, containerEvent(c, status))
	})
	return err
}

// settleFrozen records of a container somebody was pausing or unpausing whether
// it is frozen, and returns the state it is in.
func (r *Runtime) settleFrozen(ctx context.Context, id string) (container.State, error) {
	engine, err := r.oci()
	if err != nil {
		return "", err
	}
	known, err := engine.State(ctx, id)
	if err != nil {
		return "", wrap(err, "ask the OCI runtime for the state of container %s", id)
	}
	c, err := r.change(ctx, id, func(_ *store.Tx, c *container.Container) error {
		to := c.State
		switch {
		case !to.HasProcess():
		case known.Status == "paused":
			to = container.Paused
		default:
			to = container.Running
		}
		conclude(c, to)
		return nil
	})
	if err != nil {
		return "", err
	}
	return c.State, nil
}
