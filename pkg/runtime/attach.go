package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/containers/common/pkg/resize"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
)

// AttachOptions say what of the caller is connected to a process. A nil stream
// is not connected.
type AttachOptions struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// DetachKeys end the attachment when typed; empty: none, nil: as
	// containers.conf(5) says.
	DetachKeys *string
	// Resize carries the sizes of the user's terminal. What waits in it is set
	// before the process starts.
	Resize <-chan resize.TerminalSize
	// Starting is called with the container's ID before its process starts or,
	// of one that runs, is attached to: the time to take over the user's terminal
	// and signals. Optional.
	Starting func(id string)
	// Started is called once the process runs and can get signals. Optional.
	Started func(id string)
}

// streams are the options as the OCI package wants them. Errors: class
// ErrInvalidArgument for detach keys that are none.
func (r *Runtime) streams(opts AttachOptions) (oci.Streams, error) {
	text := r.settings.Conf.Engine.DetachKeys
	if opts.DetachKeys != nil {
		text = *opts.DetachKeys
	}
	keys, err := oci.ParseDetachKeys(text)
	return oci.Streams{Stdin: opts.Stdin, Stdout: opts.Stdout, Stderr: opts.Stderr, DetachKeys: keys, Resize: opts.Resize}, err
}

func (o AttachOptions) starting(id string) {
	if o.Starting != nil {
		o.Starting(id)
	}
}

func (o AttachOptions) started(id string) {
	if o.Started != nil {
		o.Started(id)
	}
}

// AttachContainer connects the streams to a running container and returns when
// it has ended, or with errdefs.ErrDetached when the user typed the detach keys.
// Errors: class ErrInvalidState for a container that does not run.
func (r *Runtime) AttachContainer(ctx context.Context, id string, opts AttachOptions) error {
	streams, err := r.streams(opts)
	if err != nil {
		return err
	}
	engine, err := r.oci()
	if err != nil {
		return err
	}
	c, err := r.recordAttach(ctx, id)
	if err != nil {
		return err
	}
	opts.starting(id)
	return engine.Attach(ctx, oci.AttachOptions{
		Streams: streams, Bundle: r.settings.BundleDir(id), PID: terminalPID(c),
		Ready: func() error {
			opts.started(id)
			return nil
		},
	})
}

// recordAttach decides that the container can be attached to.
func (r *Runtime) recordAttach(ctx context.Context, id string) (c *container.Container, err error) {
	err = r.store.Update(ctx, func(tx *store.Tx) error {
		if c, err = tx.Container(ctx, id); err != nil {
			return err
		}
		r.observe(c)
		if _, err := container.Check(container.OpAttach, id, c.State); err != nil {
			return err
		}
		return tx.AddEvent(ctx, containerEvent(c, event.Attach))
	})
	return c, err
}

// terminalPID is the process whose terminal may be given a size.
func terminalPID(c *container.Container) int {
	if c.Config == nil || !c.Config.Terminal {
		return 0
	}
	return c.Runtime.Process.PID
}

// StartAttached starts a container after what it depends on, connected from its
// first byte on, and returns the exit code of its process. One that runs already
// is attached to. Errors: errdefs.ErrDetached when the user detached and it goes
// on; a *StartError when it did not start.
func (r *Runtime) StartAttached(ctx context.Context, id string, opts AttachOptions) (int, error) {
	if err := r.recover(ctx); err != nil {
		return unknownExit, err
	}
	code, err := r.startAttached(ctx, id, opts, startOptions{})
	if err == nil {
		r.cleanUpAfter(ctx, id)
	}
	return code, err
}

func (r *Runtime) startAttached(ctx context.Context, id string, opts AttachOptions, start startOptions) (int, error) {
	streams, err := r.streams(opts)
	if err != nil {
		return unknownExit, err
	}
	l := &link{r: r, opts: opts, streams: streams, done: make(chan struct{})}
	start.attach = func(c *container.Container, run func() error) error { return l.start(ctx, c, run) }
	if err := r.startWithDependencies(ctx, id, start); err != nil {
		return unknownExit, &StartError{ID: id, Err: err}
	}
	if l.process.PID == 0 {
		return r.attachRunning(ctx, id, opts)
	}
	<-l.done
	if l.err != nil {
		return unknownExit, l.err
	}
	return r.awaitEndOf(ctx, id, l.process)
}

// attachRunning is startAttached of a container that runs already.
func (r *Runtime) attachRunning(ctx context.Context, id string, opts AttachOptions) (int, error) {
	c, err := r.container(ctx, id)
	if err != nil {
		return unknownExit, err
	}
	if err := r.AttachContainer(ctx, id, opts); err != nil {
		return unknownExit, err
	}
	return r.awaitEndOf(ctx, id, c.Runtime.Process)
}

// link is an attachment to a container that is being started. It outlives the
// lock the container is started under.
type link struct {
	r       *Runtime
	opts    AttachOptions
	streams oci.Streams
	// process is set once there is something to attach to.
	process container.Owner
	// done is closed when the attachment is over; err is valid then.
	done chan struct{}
	err  error
}

// start connects and then starts the process. It returns when it runs.
func (l *link) start(ctx context.Context, c *container.Container, run func() error) error {
	engine, err := l.r.oci()
	if err != nil {
		return err
	}
	l.process = c.Runtime.Process
	l.opts.starting(c.ID)
	if c.Config.Restart.Name == "" || c.Config.Restart.Name == "no" {
		l.r.relieve(c.ID) // until we detach, or are stopped by the shell's job control
	}
	if c.Config.Log.Driver == oci.LogPassthrough {
		close(l.done) // conmon has no streams: the process has ours
		return l.run(c, run)
	}
	ran := make(chan error, 1)
	go func() {
		defer close(l.done)
		l.err = engine.Attach(ctx, oci.AttachOptions{
			Streams: l.streams, Bundle: l.r.settings.BundleDir(c.ID), PID: terminalPID(c),
			Ready: func() error {
				err := l.run(c, run)
				ran <- err
				return err
			},
		})
	}()
	select {
	case err = <-ran:
	case <-l.done:
		select {
		case err = <-ran: // a process of few words
		default:
			err = l.err // there was no connection
		}
	}
	return err
}

// run starts the process and tells of it.
func (l *link) run(c *container.Container, run func() error) error {
	if err := run(); err != nil {
		return err
	}
	l.opts.started(c.ID)
	return nil
}

// recordTime is how often to look for the end of a container that another podctl
// is about to record.
const recordTime = 20 * time.Millisecond

// awaitEndOf waits until this very process of a container has ended and returns
// how, also when the container was removed or started again meanwhile.
func (r *Runtime) awaitEndOf(ctx context.Context, id string, process container.Owner) (int, error) {
	for again := true; ; {
		c, err := r.container(ctx, id)
		switch {
		case errors.Is(err, errdefs.ErrNoSuchCtr):
			return r.lastExitCode(ctx, id, err)
		case err != nil:
			return unknownExit, err
		case c.Runtime.Process != process && c.State.HasProcess():
			return r.lastExitCode(ctx, id, errdefs.ErrNoSuchExitCode)
		case c.Runtime.Process != process:
			return c.Runtime.ExitCode, nil
		case r.alive(process):
			err = r.processes.Wait(ctx, proc.Process(process))
		case r.exitUnknownYet(c):
			r.awaitConmon(ctx, c)
			err = ctx.Err()
		case c.State != container.Stopped && c.State != container.Exited:
			// It ended since we read the row, or somebody is about to record it.
			err = r.awaitChange(ctx, c, recordTime)
		case c.Runtime.ExitCode == unknownExit && again:
			// The exit file may have gone with the container after we read the row.
			again = false
		default:
			return c.Runtime.ExitCode, nil
		}
		if err != nil {
			return unknownExit, err
		}
	}
}

// ContainerStreams says what there is to attach to: whether a container's
// process has a terminal and takes input.
func (r *Runtime) ContainerStreams(ctx context.Context, id string) (container.Process, error) {
	c, err := r.container(ctx, id)
	if err != nil {
		return container.Process{}, err
	}
	if c.Config == nil {
		return container.Process{}, fmt.Errorf("container %s: %s: %w", c.Name, c.Damage, errdefs.ErrInvalidState)
	}
	return c.Config.Process, nil
}
