package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containers/common/pkg/capabilities"
	"github.com/containers/common/pkg/resize"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// ExecOptions describe one more process in a running container.
type ExecOptions struct {
	// Command is what runs. Required.
	Command []string
	// Env is K=V set over the container's environment.
	Env []string
	// User is "user[:group]", names or numbers; empty: the container's.
	User    string
	WorkDir string
	// Terminal gives the process a terminal of its own, Stdin a standard input.
	Terminal, Stdin bool
	Privileged      bool
	// Detach leaves the process in the background; Attach is what is connected
	// otherwise.
	Detach bool
	Attach AttachOptions
	// NoSession keeps no record: neither event nor row. Nothing ends the session
	// if podctl is killed.
	NoSession bool
	// PreserveFDs become descriptors 3, 4, ... of the process.
	PreserveFDs []*os.File
}

// ExecResult is what became of an exec session.
type ExecResult struct {
	SessionID string
	// PID is the process's ID on the host; 0 if it never ran.
	PID int
	// ExitCode is the process's; 0 for one in the background.
	ExitCode int
}

// sessionConfig is what a session's row says of it.
type sessionConfig struct {
	Command    []string
	User       string `json:",omitempty"`
	Terminal   bool   `json:",omitempty"`
	Detached   bool   `json:",omitempty"`
	Privileged bool   `json:",omitempty"`
}

// ExecContainer runs one more process in a running container. Its record is made
// before the process, in the transaction that checks that the container runs and
// that its pod stays, and is gone when it has ended.
//
// Errors: class ErrInvalidState for a container that does not run; what the OCI
// runtime said; errdefs.ErrDetached when the user detached and the process goes
// on.
func (r *Runtime) ExecContainer(ctx context.Context, id string, opts ExecOptions) (ExecResult, error) {
	result := ExecResult{SessionID: newID(), ExitCode: unknownExit}
	if len(opts.Command) == 0 {
		return result, fmt.Errorf("must provide a non-empty command to start an exec session: %w", errdefs.ErrInvalidArg)
	}
	streams, err := r.streams(opts.Attach)
	if err != nil {
		return result, err
	}
	if err := r.recover(ctx); err != nil {
		return result, err
	}
	engine, err := r.oci()
	if err != nil {
		return result, err
	}
	r.aboutToMove()
	c, err := r.recordSession(ctx, id, result.SessionID, opts)
	if err != nil {
		return result, err
	}
	if !opts.Detach {
		opts.Attach.starting(id)
	}
	process, err := r.execProcess(c, opts)
	if err != nil {
		return result, r.endSession(ctx, c, result.SessionID, unknownExit, opts, err)
	}
	ofSystemd, err := r.ofSystemd(c)
	if err != nil {
		return result, r.endSession(ctx, c, result.SessionID, unknownExit, opts, err)
	}
	request := oci.ExecOptions{
		SystemdCgroup: ofSystemd,
		SessionID:     result.SessionID, ContainerID: id, Dir: r.sessionDir(id, result.SessionID), Process: process,
		Stdin: opts.Stdin, PreserveFDs: opts.PreserveFDs,
		CgroupOfConmon: func(pid int) error { return r.placeSession(ctx, c, result.SessionID, pid) },
		ExtraExitArgs:  []string{"--exec", result.SessionID},
		NoExitCommand:  opts.NoSession,
		Started: func(pid int) error {
			opts.Attach.started(id)
			return r.recordSessionStart(c, result.SessionID, pid, opts)
		},
	}
	if !opts.Detach {
		request.Attach = &streams
	}
	done, err := engine.Exec(ctx, request)
	result.PID = done.PID
	if err != nil && done.PID == 0 {
		err = r.execFailure(ctx, c, err)
	}
	if done.PID != 0 && (opts.Detach || err != nil && done.ExitCode == unknownExit) {
		result.ExitCode = 0 // it goes on without us; the exit command ends the session
		return result, err
	}
	result.ExitCode = done.ExitCode
	return result, r.endSession(ctx, c, result.SessionID, done.ExitCode, opts, err)
}

func (r *Runtime) sessionDir(id, session string) string {
	return filepath.Join(r.settings.BundleDir(id), "exec", session)
}

// recordSession decides that the container may be executed in and records the
// session. Until its process runs the session is as alive as we are.
func (r *Runtime) recordSession(ctx context.Context, id, session string, opts ExecOptions) (c *container.Container, err error) {
	check := func(tx *store.Tx) error {
		c, err = r.executable(ctx, tx, id)
		return err
	}
	if opts.NoSession {
		return c, r.store.View(ctx, check)
	}
	config, err := json.Marshal(sessionConfig{
		Command: opts.Command, User: opts.User, Terminal: opts.Terminal, Detached: opts.Detach, Privileged: opts.Privileged,
	})
	if err != nil {
		return nil, err
	}
	err = r.store.Update(ctx, func(tx *store.Tx) error {
		if err := check(tx); err != nil {
			return err
		}
		return tx.InsertExecSession(ctx, &store.ExecSession{
			ID: session, ContainerID: id, Process: r.self, CreatedAt: tx.Now(), Config: config,
		})
	})
	return c, err
}

// executable reads a container that may be executed in now.
func (r *Runtime) executable(ctx context.Context, tx *store.Tx, id string) (*container.Container, error) {
	c, err := tx.Container(ctx, id)
	if err != nil {
		return nil, err
	}
	r.observe(c)
	if _, err := container.Check(container.OpExec, id, c.State); err != nil {
		return nil, err
	}
	return c, r.checkPodStays(ctx, tx, c)
}

// checkExecutable is executable in a transaction of its own.
func (r *Runtime) checkExecutable(ctx context.Context, id string) error {
	return r.store.View(ctx, func(tx *store.Tx) error {
		_, err := r.executable(ctx, tx, id)
		return err
	})
}

// placeSession moves a session's conmon beside the container's. A pod that was stopped
// or removed meanwhile must not get its cgroup back by that.
func (r *Runtime) placeSession(ctx context.Context, c *container.Container, session string, conmon int) error {
	if c.PodID == "" {
		return r.placeAnother(ctx, c, session, conmon)
	}
	return r.withPodCgroup(ctx, c.PodID, func() error {
		if err := r.checkExecutable(ctx, c.ID); err != nil {
			return err
		}
		return r.placeAnother(ctx, c, session, conmon)
	})
}

// execFailure is why no process came to be. If the container has ended meanwhile that
// is the reason, and not what conmon or the OCI runtime made of it; and whoever cleaned
// up after it could not remove a cgroup that our conmon was in.
func (r *Runtime) execFailure(ctx context.Context, c *container.Container, cause error) error {
	err := r.checkExecutable(context.WithoutCancel(ctx), c.ID)
	if !errors.Is(err, errdefs.ErrInvalidState) && !errors.Is(err, errdefs.ErrNotFound) {
		return cause
	}
	if c.PodID == "" {
		err = errors.Join(err, r.leaveCgroup(c.Config.Resources.CgroupParent))
	}
	return err
}

// checkPodStays refuses a member of a pod that is being removed.
func (r *Runtime) checkPodStays(ctx context.Context, tx *store.Tx, c *container.Container) error {
	if c.PodID == "" {
		return nil
	}
	p, err := tx.Pod(ctx, c.PodID)
	if err != nil {
		return err
	}
	if p.State == pod.Removing && r.alive(p.Owner) {
		return fmt.Errorf("pod %s is being removed, nothing more can be executed in container %s: %w", p.Name, c.ID, errdefs.ErrPodRemoved)
	}
	return nil
}

// recoverSession ends a session whose process is gone, which its conmon did not
// live to report, and finds the process of one whose podctl was killed before it
// could say which it is.
func (r *Runtime) recoverSession(ctx context.Context, s *store.ExecSession) error {
	c, err := r.container(ctx, s.ContainerID)
	if err != nil {
		return err
	}
	dir := r.sessionDir(c.ID, s.ID)
	conmon := r.processFromFile(c, filepath.Join(dir, oci.ConmonPidFileName), oci.ConmonPidFileName)
	process := r.processFromFile(c, filepath.Join(dir, oci.PidFileName), oci.PidFileName)
	switch {
	case r.alive(process):
		s.Process = process
		return r.store.Update(ctx, func(tx *store.Tx) error { return tx.SaveExecSession(ctx, s) })
	case r.alive(conmon):
		return nil // it is about to report the end
	}
	if present, err := oci.ConmonPresent(dir); err != nil || present {
		return err // it is about to say who it is
	}
	_, err = os.Stat(filepath.Join(dir, oci.PidFileName))
	return r.concludeSession(ctx, c, s.ID, err == nil)
}

// recordSessionStart notes the session's process, with the event that it runs.
func (r *Runtime) recordSessionStart(c *container.Container, session string, pid int, opts ExecOptions) error {
	if opts.NoSession {
		return nil
	}
	ctx, cancel := detached(context.Background()) // it runs: that must be recorded
	defer cancel()
	return r.store.Update(ctx, func(tx *store.Tx) error {
		s, err := tx.ExecSession(ctx, session)
		if errors.Is(err, errdefs.ErrNoSuchExecSession) {
			return nil // it has ended by now
		}
		if err != nil {
			return err
		}
		if p, err := r.processes.Of(pid); err == nil {
			s.Process = container.Owner(p)
		}
		if err := tx.SaveExecSession(ctx, s); err != nil {
			return err
		}
		return tx.AddEvent(ctx, containerEvent(c, event.Exec))
	})
}

// endSession forgets a session that has ended. cause is returned, with what went
// wrong here. Its files go with the exit command, as conmon may still write some;
// where there is none, here or at the latest with the bundle.
func (r *Runtime) endSession(ctx context.Context, c *container.Container, session string, code int, opts ExecOptions, cause error) error {
	ran := code != unknownExit
	if !ran || opts.NoSession {
		_ = os.RemoveAll(r.sessionDir(c.ID, session))
	}
	if opts.NoSession {
		return cause
	}
	return undo(ctx, cause, func(ctx context.Context) error { return r.forgetSession(ctx, c, session, code, ran) })
}

// forgetSession removes a session's row; whoever does reports its end.
func (r *Runtime) forgetSession(ctx context.Context, c *container.Container, session string, code int, ran bool) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.ExecSession(ctx, session)
		if errors.Is(err, errdefs.ErrNoSuchExecSession) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.DeleteExecSession(ctx, session); err != nil || !ran {
			return err
		}
		died := containerEvent(c, event.ExecDied)
		died.ExitCode = &code
		return tx.AddEvent(ctx, died)
	})
}

// CleanupExecSession is what conmon runs when the process of an exec session has
// ended. A session or container that is gone is no error.
func (r *Runtime) CleanupExecSession(ctx context.Context, id, session string) error {
	c, err := r.container(ctx, id)
	if errors.Is(err, errdefs.ErrNoSuchCtr) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.concludeSession(ctx, c, session, true)
}

// concludeSession forgets a session, with its files; one that ran has ended as
// its exit file says.
func (r *Runtime) concludeSession(ctx context.Context, c *container.Container, session string, ran bool) error {
	dir := r.sessionDir(c.ID, session)
	code := unknownExit
	if exit, ok, err := oci.ExecExitStatus(dir, c.ID); err == nil && ok {
		code = exit.Code
	}
	if err := r.forgetSession(ctx, c, session, code, ran); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// execProcess makes the session's process from the container's own.
func (r *Runtime) execProcess(c *container.Container, opts ExecOptions) (*specs.Process, error) {
	path := filepath.Join(r.settings.BundleDir(c.ID), bundle.ConfigName)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read OCI runtime spec of container %s: %w", c.ID, err)
	}
	var spec specs.Spec
	if err := json.Unmarshal(text, &spec); err != nil || spec.Process == nil {
		return nil, fmt.Errorf("read %s: no process in it: %w", path, errors.Join(err, errdefs.ErrInternal))
	}
	bounding, err := capabilities.BoundingSet()
	if err != nil {
		return nil, fmt.Errorf("read bounding capabilities: %w", err)
	}
	in := container.ExecInput{
		Argv: opts.Command, Env: opts.Env, WorkDir: opts.WorkDir, Terminal: opts.Terminal, Privileged: opts.Privileged,
		ConsoleSize: waitingSize(opts.Attach.Resize),
		DefaultCaps: r.settings.Conf.Containers.DefaultCapabilities.Get(), BoundingCaps: bounding,
	}
	if opts.User != "" {
		user, _, err := bundle.LookupUser(c.Runtime.Mountpoint, opts.User)
		if err != nil {
			return nil, err
		}
		in.User = &user
	}
	return container.ExecProcess(c, spec.Process, in)
}

// waitingSize is the size that waits in the channel. The process of a session
// runs as soon as it exists, so its terminal must have the size from the start.
func waitingSize(sizes <-chan resize.TerminalSize) *specs.Box {
	select {
	case size, ok := <-sizes:
		if ok && size.Width > 0 && size.Height > 0 {
			return &specs.Box{Width: uint(size.Width), Height: uint(size.Height)}
		}
	default:
	}
	return nil
}
