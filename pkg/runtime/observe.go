package runtime

import (
	"context"
	"path/filepath"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
)

// observe overlays what a row says with what the exit file and the process
// table say. It changes c only in memory: reads use it to show the truth, verbs
// use it to decide what is left to do. It never waits.
func (r *Runtime) observe(c *container.Container) {
	if c.Damage != "" {
		return
	}
	ownerLives := !c.Owner.IsZero() && r.alive(c.Owner)
	switch c.State {
	case container.Running, container.Paused:
		if !r.alive(c.Runtime.Process) {
			r.overlayExit(c)
		} else if healthStatus(c) != "" {
			c.Health = r.readHealth(c).Status
		}
	case container.Initialized:
		if !r.alive(c.Runtime.Process) {
			c.State = stateBeforeStart(c)
		}
	case container.Stopping, container.Removing:
		if ownerLives {
			return
		}
		switch {
		case r.alive(c.Runtime.Process) && isUnstarted(c.Intent):
			c.State = container.Initialized
		case r.alive(c.Runtime.Process):
			c.State = container.Running
		case c.Runtime.Process.PID != 0:
			r.overlayExit(c)
		default:
			c.State = stateBeforeStart(c)
		}
	}
}

// alive reports whether the process is still the one that was seen.
func (r *Runtime) alive(o container.Owner) bool {
	return r.processes.Alive(proc.Process(o))
}

// stateBeforeStart is where a container that never got to run stands.
func stateBeforeStart(c *container.Container) container.State {
	if c.Runtime.Exited {
		return container.Exited
	}
	return container.Created
}

// overlayExit marks a container whose process is gone as stopped, with the exit
// code conmon left. When conmon is gone too that is unknownExit, unless the kernel
// says what happened.
func (r *Runtime) overlayExit(c *container.Container) {
	c.State = container.Stopped
	c.Runtime.Exited = true
	c.Runtime.ExitCode = unknownExit
	if code, at, ok := r.exitFile(c.ID); ok {
		if !at.After(c.Runtime.StartedAt) {
			at = c.Runtime.StartedAt.Add(1) // the clock of files ticks in milliseconds
		}
		c.Runtime.ExitCode, c.Runtime.FinishedAt = code, at
		c.Runtime.OOMKilled = r.oomKilled(c)
		return
	}
	if c.Runtime.FinishedAt.Before(c.Runtime.StartedAt) {
		c.Runtime.FinishedAt = time.Now().UTC()
	}
	if r.killedWithConmon(c) {
		c.Runtime.ExitCode, c.Runtime.OOMKilled = killedCode, true
	}
}

// exitFile reads what conmon wrote about a container's end: the file's text is
// the exit code, its time the end.
func (r *Runtime) exitFile(id string) (code int, at time.Time, ok bool) {
	exit, ok, _ := oci.ReadExitFile(filepath.Join(r.settings.ExitDir(), id)) // none, or being written
	return exit.Code, exit.At.UTC(), ok
}

// hidden reports whether a row is not to be seen: it is still being made, or
// its making was cut off and recovery will undo it.
func hidden(c *container.Container) bool { return c.State == container.Creating }

// lookupContainers resolves names to IDs in one snapshot; the first failure is
// the answer.
func (r *Runtime) lookupContainers(ctx context.Context, names []string) ([]string, error) {
	return r.lookupAll(ctx, names, (*store.Tx).LookupContainer)
}

// lookupPods is lookupContainers for pods.
func (r *Runtime) lookupPods(ctx context.Context, names []string) ([]string, error) {
	return r.lookupAll(ctx, names, (*store.Tx).LookupPod)
}

func (r *Runtime) lookupAll(ctx context.Context, names []string, look func(*store.Tx, context.Context, string) (string, error)) ([]string, error) {
	ids := make([]string, 0, len(names))
	err := r.store.View(ctx, func(tx *store.Tx) error {
		for _, name := range names {
			id, err := look(tx, ctx, name)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

// container reads one container as it is now.
func (r *Runtime) container(ctx context.Context, id string) (*container.Container, error) {
	var c *container.Container
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		c, err = tx.Container(ctx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.observe(c)
	return c, nil
}
