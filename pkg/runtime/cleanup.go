package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
)

// takeDown removes everything a start set up on the host, in reverse: processes,
// the OCI runtime's record, network, bundle, mounts, cgroup. Every step is
// idempotent. While the process is not gone it goes no further; after that it goes
// on after an error and reports them all. It clears the run state in c that named
// these things.
func (r *Runtime) takeDown(ctx context.Context, c *container.Container) error {
	var errs error
	if c.State != container.Created || c.Intent != "" || c.Runtime.Process.PID != 0 {
		engine, err := r.oci()
		if err != nil {
			return err
		}
		errs = errors.Join(r.endProcesses(ctx, c), engine.Delete(ctx, c.ID, forceDelete))
	}
	if errs != nil {
		return errs // mounts and network are still in use
	}
	errs = errors.Join(
		r.teardownNetwork(ctx, c),
		r.unmountAll(ctx, c),
		r.removeContainerCgroup(ctx, c),
	)
	if errs != nil {
		return errs
	}
	c.Runtime.Process, c.Runtime.Conmon = container.Owner{}, container.Owner{}
	c.Runtime.Mountpoint, c.Runtime.NetNS, c.Runtime.NetStatus = "", "", nil
	return nil
}

// endTime is how long a killed process may take to go.
const endTime = 10 * time.Second

// endProcesses kills what is left of a container's process and of its conmon,
// and waits until they are gone. The pids come from the row, or, when a start was
// cut off before it could record them, from the files conmon wrote.
func (r *Runtime) endProcesses(ctx context.Context, c *container.Container) error {
	process, conmon := c.Runtime.Process, c.Runtime.Conmon
	if mayBeStarted(c.Intent) && process.PID == 0 {
		process = r.processFromFile(c, c.Config.PidFile, "pidfile")
		conmon = r.processFromFile(c, c.Config.ConmonPidFile, "conmon.pid")
	}
	err := errors.Join(r.killAndWait(ctx, process), r.killAndWait(ctx, conmon))
	if err != nil || !mayBeStarted(c.Intent) {
		return err
	}
	return r.endCreation(ctx, c)
}

// endCreation kills what the OCI runtime had begun to make a container of when
// its conmon was killed. Such a process would go on, and set up the mounts of
// the container in a root file system that we are about to unmount. It enters
// the container's cgroup before it does anything else.
func (r *Runtime) endCreation(ctx context.Context, c *container.Container) error {
	if c.Config.Resources.CgroupMode == "disabled" || c.Config.Resources.CgroupParent == "" {
		return nil
	}
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	for {
		pids, err := m.Processes(m.ContainerPath(c.Config.Resources.CgroupParent, c.ID))
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			p, err := r.processes.Of(pid)
			if err != nil {
				continue // gone
			}
			if err := r.killAndWait(ctx, container.Owner(p)); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("wait for the processes of container %s to die: %w", shortID(c.ID), err)
		}
	}
}

// processFromFile reads a pid file in the bundle (or where the user wanted it).
// The pid may have been given to somebody else since: it counts only if its
// command line names the container.
func (r *Runtime) processFromFile(c *container.Container, path, name string) container.Owner {
	if path == "" {
		path = filepath.Join(r.settings.BundleDir(c.ID), name)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return container.Owner{}
	}
	var pid int
	if _, err := fmt.Sscanf(string(b), "%d", &pid); err != nil {
		return container.Owner{}
	}
	if name == "conmon.pid" && !strings.Contains(r.processes.Cmdline(pid), c.ID) {
		return container.Owner{}
	}
	if name == "pidfile" && !r.processes.InCgroup(pid, c.ID) {
		return container.Owner{}
	}
	p, err := r.processes.Of(pid)
	if err != nil {
		return container.Owner{}
	}
	return container.Owner(p)
}

func (r *Runtime) killAndWait(ctx context.Context, o container.Owner) error {
	p := proc.Process(o)
	if !r.processes.Alive(p) {
		return nil
	}
	if err := r.processes.Signal(p, sigKill); err != nil && !errors.Is(err, errdefs.ErrNotFound) {
		return fmt.Errorf("kill process %d: %w", o.PID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	if err := r.processes.Wait(ctx, p); err != nil {
		return fmt.Errorf("wait for process %d to die: %w", o.PID, err)
	}
	return nil
}

// removeContainerCgroup removes what the OCI runtime left of the cgroup.
func (r *Runtime) removeContainerCgroup(ctx context.Context, c *container.Container) error {
	if c.Config.Resources.CgroupMode == "disabled" || c.Config.Resources.CgroupParent == "" {
		return nil
	}
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	return m.RemoveContainer(ctx, c.Config.Resources.CgroupParent, c.ID)
}

// cleanExit forgets how the container ended before.
func (r *Runtime) cleanExit(id string) error {
	engine, err := r.oci()
	if err != nil {
		return err
	}
	return engine.RemoveFiles(id)
}

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
	case abandoned && c.Intent == intentStart:
		return r.abandonStart(ctx, c)
	case abandoned && isRemoval(c.Intent):
		return r.finishAbandonedRemove(ctx, c)
	case c.State == container.Stopped:
		return r.recordExit(ctx, c)
	case abandoned && (c.Intent == intentPause || c.Intent == intentUnpause):
		return r.settleFrozen(ctx, id)
	case abandoned:
		_, err := r.change(ctx, id, func(_ *store.Tx, c *container.Container) error {
			release(c)
			return nil
		})
		return err
	}
	return nil
}

// abandonStart undoes a start whose process was killed.
func (r *Runtime) abandonStart(ctx context.Context, c *container.Container) error {
	if err := r.takeDown(ctx, c); err != nil {
		return err
	}
	_, err := r.change(ctx, c.ID, func(_ *store.Tx, row *container.Container) error {
		row.Runtime = c.Runtime
		conclude(row, stateBeforeStart(row))
		return nil
	})
	return err
}

// recordExit cleans up after a process that ended and records how. Called under
// the container's lock. The died event belongs to the transaction that records
// the exit code; cleanup follows when all is taken down.
func (r *Runtime) recordExit(ctx context.Context, c *container.Container, also ...event.Status) error {
	r.awaitConmon(ctx, c)
	r.observe(c) // the exit file may have appeared meanwhile
	if c.State == container.Stopped {
		r.overlayExit(c)
	}
	exit := c.Runtime
	if err := r.takeDown(ctx, c); err != nil {
		return err
	}
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
	return err
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

// CleanupOptions modify CleanupContainer.
type CleanupOptions struct {
	// Remove the container afterwards; RemoveImage its image too, if unused.
	Remove, RemoveImage bool
	// StoppedOnly makes a container that still runs no error.
	StoppedOnly bool
}

// CleanupContainer is what conmon runs when a container's process has ended:
// it records the exit, takes everything down, restarts the container or removes
// it or stops its pod, as their policies say. A container that is gone is no
// error, nor is one that another podctl cleaned up meanwhile.
func (r *Runtime) CleanupContainer(ctx context.Context, id string, opts CleanupOptions) (err error) {
	c, err := r.cleanupLocked(ctx, id, opts)
	if errors.Is(err, errdefs.ErrNoSuchCtr) {
		return r.leaveCgroup("")
	}
	if c == nil { // it runs again
		return errors.Join(err, r.leaveCgroup(""))
	}
	defer func() {
		if c.PodID == "" && c.Config != nil {
			err = errors.Join(err, r.leaveCgroup(c.Config.Resources.CgroupParent))
		}
	}()
	if c.State != container.Exited || c.Intent == intentRestart && r.alive(c.Owner) {
		return err
	}
	return errors.Join(err, r.applyPolicies(ctx, c, opts))
}

// applyPolicies removes a container that has ended, or stops its pod, as their
// policies say.
func (r *Runtime) applyPolicies(ctx context.Context, c *container.Container, opts CleanupOptions) (err error) {
	if c.State != container.Exited {
		return nil
	}
	if c.Config.AutoRemove || opts.Remove {
		remove := RemoveOptions{Volumes: true, Ignore: true}
		rmErr := r.removeContainers(ctx, []string{c.ID}, remove)
		if errors.Is(rmErr, errdefs.ErrNotFound) {
			rmErr = nil
		}
		if rmErr == nil && (c.Config.AutoRemoveImage || opts.RemoveImage) {
			rmErr = r.removeImageIfUnused(ctx, c.Config.Image.RawName)
		}
		err = errors.Join(err, rmErr)
	}
	return errors.Join(err, r.applyExitPolicy(ctx, c), r.releaseCleanup(ctx, c))
}

// claimCleanup notes that what follows the end of a process is being done by us.
// With it the row says how the process ended.
func (r *Runtime) claimCleanup(ctx context.Context, id string) error {
	_, err := r.change(ctx, id, func(_ *store.Tx, c *container.Container) error {
		if !isRemoval(c.Intent) {
			r.claim(c, intentCleanup)
		}
		return nil
	})
	return err
}

// releaseCleanup ends what claimCleanup began.
func (r *Runtime) releaseCleanup(ctx context.Context, c *container.Container) error {
	if c.Intent != intentCleanup {
		return nil
	}
	_, err := r.change(ctx, c.ID, func(_ *store.Tx, c *container.Container) error {
		if c.Intent == intentCleanup && c.Owner == r.self {
			release(c)
		}
		return nil
	})
	if errors.Is(err, errdefs.ErrNoSuchCtr) {
		return nil
	}
	return err
}

// removeImageIfUnused removes a container's image by the name it was created
// with. One that others use stays, and one that is gone already is no error.
func (r *Runtime) removeImageIfUnused(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	images, err := r.images()
	if err != nil {
		return err
	}
	_, errs := images.Remove(ctx, []string{name}, image.RemoveOptions{Ignore: true})
	return errors.Join(slices.DeleteFunc(errs, func(err error) bool { return errors.Is(err, errdefs.ErrImageInUse) })...)
}

// leaveCgroup is the last thing an exit command does for a container outside
// pods: as long as it runs it keeps the cgroup of conmons there in place. An empty
// parent is the default one.
func (r *Runtime) leaveCgroup(parent string) error {
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	if parent == "" {
		parent = m.DefaultParent()
	}
	m.Leave(parent)
	return nil
}

// cleanupLocked settles the container under its lock and restarts it if its
// policy says so. It returns the container as it is afterwards.
func (r *Runtime) cleanupLocked(ctx context.Context, id string, opts CleanupOptions) (c *container.Container, err error) {
	err = r.locked(ctx, id, func() error {
		c, err = r.cleanUp(ctx, id, opts)
		return err
	})
	return c, err
}

func (r *Runtime) cleanUp(ctx context.Context, id string, opts CleanupOptions) (*container.Container, error) {
	c, err := r.container(ctx, id)
	if err != nil {
		return nil, err
	}
	if c.State == container.Running || c.State == container.Paused {
		if opts.StoppedOnly {
			return nil, nil
		}
		_, err := container.Check(container.OpCleanup, id, c.State)
		return nil, err
	}
	resumed := c.Intent == intentCleanup && !r.alive(c.Owner)
	ended := c.State == container.Stopped || resumed
	if ended {
		if err := r.claimCleanup(ctx, id); err != nil {
			return nil, err
		}
	}
	if !resumed || c.State != container.Exited {
		if err := r.settle(ctx, id); err != nil {
			return nil, err
		}
	}
	if c, err = r.container(ctx, id); err != nil {
		return nil, err
	}
	if !ended && (c.State == container.Exited || c.State == container.Created) {
		// Who cleaned up could not remove the conmons' cgroup while we were in it.
		return c, r.removeContainerCgroup(ctx, c)
	}
	if ended && wantsRestart(c) {
		err = r.startLocked(ctx, id, startOptions{restarted: true})
		c.State = container.Running
	}
	return c, err
}

// wantsRestart applies the restart policy to a container that just exited.
func wantsRestart(c *container.Container) bool {
	if c.Runtime.StoppedByUser || c.State != container.Exited {
		return false
	}
	policy := c.Config.Restart
	switch policy.Name {
	case "always", "unless-stopped":
		return true
	case "on-failure":
		return c.Runtime.ExitCode != 0 && (policy.MaxRetries == 0 || c.Runtime.RestartCount < policy.MaxRetries)
	}
	return false
}

// applyExitPolicy stops the pod when its last member has exited and its policy
// is to stop.
func (r *Runtime) applyExitPolicy(ctx context.Context, c *container.Container) error {
	if c.PodID == "" || c.IsInfra() || c.IsInit() {
		return nil
	}
	var stop bool
	err := r.store.View(ctx, func(tx *store.Tx) error {
		p, err := tx.Pod(ctx, c.PodID)
		if err != nil || p.Config == nil || p.Config.ExitPolicy != "stop" || p.State != pod.Ready {
			return err
		}
		members, err := tx.PodContainers(ctx, p.ID)
		if err != nil {
			return err
		}
		stop = true
		for _, m := range members {
			r.observe(m)
			if !m.IsInfra() && m.ID != c.ID && keepsPodUp(m.State) {
				stop = false
			}
		}
		return nil
	})
	if errors.Is(err, errdefs.ErrNoSuchPod) {
		return nil
	}
	if err != nil || !stop {
		return err
	}
	_, err = r.stopPod(ctx, c.PodID, StopOptions{ByPolicy: true})
	return err
}

// keepsPodUp reports whether a member in this state keeps a pod with the exit
// policy stop running.
func keepsPodUp(s container.State) bool {
	switch s {
	case container.Exited, container.Removing, container.Stopping, container.Unknown:
		return false
	}
	return true
}
