package runtime

import (
	"context"
	"errors"
	"slices"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

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
// error, nor is one that another podctl cleaned up meanwhile. A signal that is
// meant for everything on the host does not stop it halfway.
func (r *Runtime) CleanupContainer(ctx context.Context, id string, opts CleanupOptions) (err error) {
	ctx, cancel := lingering(ctx)
	defer cancel()
	if err := r.checkImageRemoval(ctx, id, opts); err != nil {
		return err
	}
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
	if c.State == container.Created && opts.Remove && !opts.StoppedOnly {
		return errors.Join(err, r.removeCleaned(ctx, c, opts))
	}
	if c.State != container.Exited || c.Intent == intentRestart && r.alive(c.Owner) {
		return err
	}
	return errors.Join(err, r.applyPolicies(ctx, c, opts))
}

// checkImageRemoval has the library opened where a cleanup ends with it: it may not
// be here, and then nothing is to be done.
func (r *Runtime) checkImageRemoval(ctx context.Context, id string, opts CleanupOptions) error {
	c, err := r.container(ctx, id)
	if err != nil || c.Config == nil || !c.Config.AutoRemoveImage && !opts.RemoveImage {
		return nil //nolint:nilerr // who cleans up finds that out
	}
	_, err = r.library()
	return err
}

// applyPolicies removes a container that has ended, or stops its pod, as their
// policies say.
func (r *Runtime) applyPolicies(ctx context.Context, c *container.Container, opts CleanupOptions) (err error) {
	if c.State != container.Exited {
		return nil
	}
	if c.Config.AutoRemove || opts.Remove {
		err = r.removeCleaned(ctx, c, opts)
	}
	return errors.Join(err, r.applyExitPolicy(ctx, c), r.releaseCleanup(ctx, c))
}

// removeCleaned removes a container that was cleaned up, and its image if that
// goes with it. One that is gone already is no error.
func (r *Runtime) removeCleaned(ctx context.Context, c *container.Container, opts CleanupOptions) error {
	err := r.removeContainers(ctx, []string{c.ID}, RemoveOptions{Volumes: true, Ignore: true})
	if errors.Is(err, errdefs.ErrNotFound) {
		err = nil
	}
	if err == nil && (c.Config.AutoRemoveImage || opts.RemoveImage) {
		err = r.removeImageIfUnused(ctx, c.Config.Image.RawName)
	}
	return err
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
	images, err := r.library()
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
	if c.State == container.Initialized && !opts.StoppedOnly {
		// What was prepared for its process goes, and it is as it was created.
		if err := r.stopLocked(ctx, id, StopOptions{}); err != nil {
			return nil, err
		}
		return r.container(ctx, id)
	}
	atBoot := !c.Owner.IsZero() && c.Owner.BootID != r.self.BootID // nothing is started by itself after a boot
	cutOff := c.Intent == intentStartAgain && !r.alive(c.Owner)
	resumed := cutOff || c.Intent == intentCleanup && !r.alive(c.Owner)
	ended := c.State == container.Stopped || resumed
	if ended && !cutOff {
		if err := r.claimCleanup(ctx, id); err != nil {
			return nil, err
		}
	}
	if cutOff || !resumed || c.State != container.Exited {
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
	if ended && !atBoot && wantsRestart(c) {
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
