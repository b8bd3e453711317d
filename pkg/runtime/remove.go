package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/store"
)

// RemoveOptions modify the remove verbs.
type RemoveOptions struct {
	// Force stops what runs first, and removes what the database describes wrongly.
	Force bool
	// Ignore makes a missing object no error.
	Ignore bool
	// Volumes removes the anonymous volumes too.
	Volumes bool
	// Depend removes what depends on a container too; for an infra container the
	// whole pod.
	Depend bool
	// Timeout between stop signal and SIGKILL with Force; nil: each container's own.
	Timeout *time.Duration
	// ofPod: the pod is being removed, its infra container may go.
	ofPod bool
}

// Removal is what became of one object that was to be removed.
type Removal struct {
	Target
	Err error
}

// podOfInfra is the pod whose infra container has that ID; "" for any other.
func (r *Runtime) podOfInfra(ctx context.Context, id string) (string, error) {
	c, err := r.container(ctx, id)
	if err != nil {
		return "", err
	}
	if c.IsInfra() {
		return c.PodID, nil
	}
	return "", nil
}

// removeContainers decides on the whole set in one transaction, then removes it
// dependents first.
func (r *Runtime) removeContainers(ctx context.Context, ids []string, opts RemoveOptions) error {
	var nodes []depgraph.Node
	err := r.store.Update(ctx, func(tx *store.Tx) error {
		set, err := r.removalSet(ctx, tx, ids, opts)
		if err != nil {
			return err
		}
		var refused error
		for _, c := range set {
			refused = errors.Join(refused, r.refuseRemoval(ctx, tx, c, set, opts))
			nodes = append(nodes, depgraph.Node{ID: c.ID, DependsOn: within(c.DependsOn, set)})
		}
		if refused != nil {
			return refused
		}
		for _, c := range set {
			if err := r.claimRemoval(ctx, tx, c, opts); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	g, err := depgraph.Build(nodes)
	if err != nil {
		if !opts.Force {
			return graphError(err)
		}
		logrus.Warnf("removing containers one by one: %v", err)
		g = depgraph.BuildWithoutEdges(nodes)
	}
	res, err := r.walkRemoval(ctx, g, opts)
	return errors.Join(walkErrors(res), err)
}

// within keeps the dependencies that are in the set.
func within(deps []string, set []*container.Container) []string {
	return slices.DeleteFunc(slices.Clone(deps), func(dep string) bool {
		return !slices.ContainsFunc(set, func(c *container.Container) bool { return c.ID == dep })
	})
}

// removalSet is the containers named and, with Depend, all that depend on them.
func (r *Runtime) removalSet(ctx context.Context, tx *store.Tx, ids []string, opts RemoveOptions) ([]*container.Container, error) {
	var set []*container.Container
	seen := map[string]bool{}
	for i := 0; i < len(ids); i++ {
		if seen[ids[i]] {
			continue
		}
		seen[ids[i]] = true
		c, err := tx.Container(ctx, ids[i])
		if err != nil {
			if opts.Ignore && errors.Is(err, errdefs.ErrNotFound) {
				continue
			}
			return nil, err
		}
		r.observe(c)
		set = append(set, c)
		if !opts.Depend {
			continue
		}
		dependents, err := tx.Dependents(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		ids = append(ids, dependents...)
	}
	return set, nil
}

// refuseRemoval gives every reason why the container must stay.
func (r *Runtime) refuseRemoval(ctx context.Context, tx *store.Tx, c *container.Container, set []*container.Container, opts RemoveOptions) error {
	if c.IsInfra() && !opts.ofPod {
		return fmt.Errorf("container %s is the infra container of pod %s and cannot be removed without removing the pod", c.ID, c.PodID)
	}
	dependents, err := tx.Dependents(ctx, c.ID)
	if err != nil {
		return err
	}
	reasons := r.refuseState(ctx, tx, c, opts)
	if !opts.ofPod { // a member is no service container
		reasons = errors.Join(reasons, r.refuseService(ctx, tx, c))
	}
	outside := slices.DeleteFunc(dependents, func(id string) bool {
		return slices.ContainsFunc(set, func(m *container.Container) bool { return m.ID == id })
	})
	if len(outside) > 0 {
		reasons = errors.Join(reasons, store.DependentsError(c.ID, outside))
	}
	return reasons
}

// refuseState refuses, without Force, a container that runs or has exec sessions.
// An infra container may run or be paused: it goes with its pod. One that is being
// made is waited for.
func (r *Runtime) refuseState(ctx context.Context, tx *store.Tx, c *container.Container, opts RemoveOptions) error {
	if opts.Force {
		return nil
	}
	if c.Damage != "" {
		return fmt.Errorf("container %s: %s: use --force to remove it: %w", c.ID, c.Damage, errdefs.ErrInvalidState)
	}
	if c.IsInfra() && opts.ofPod || hidden(c) {
		return nil
	}
	if _, err := container.Check(container.OpRemove, c.ID, c.State); err != nil {
		return err
	}
	sessions, err := tx.ExecSessions(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if r.alive(s.Process) {
			return fmt.Errorf("cannot remove container %s as it has active exec sessions: %w", c.ID, errdefs.ErrCtrState)
		}
	}
	return nil
}

// claimRemoval records that the container is being removed by this process. What
// another process makes or removes stays its own until we have the lock.
func (r *Runtime) claimRemoval(ctx context.Context, tx *store.Tx, c *container.Container, opts RemoveOptions) error {
	if c.State == container.Creating || isRemoval(c.Intent) && c.Owner != r.self && r.alive(c.Owner) {
		return nil
	}
	return r.takeRemoval(ctx, tx, c, opts)
}

func (r *Runtime) takeRemoval(ctx context.Context, tx *store.Tx, c *container.Container, opts RemoveOptions) error {
	intent := intentRemove
	switch {
	case c.State == container.Paused, c.Intent == intentPause, c.Intent == intentUnpause, mayBeFrozen(c.Intent):
		intent = intentRemovePaused
	case mayBeStarted(c.Intent):
		intent = intentRemoveStarted
	case c.State == container.Initialized, isUnstarted(c.Intent):
		intent = intentRemoveInitialized
	}
	if opts.Volumes || opts.ofPod {
		intent += takingVolumes
	}
	if within := cmp.Or(opts.Timeout, stopTimeOf(c.Intent)); within != nil {
		intent += stoppingWithin + within.String()
	}
	c.State = container.Removing
	r.claim(c, intent)
	return tx.SaveContainer(ctx, c)
}

// walkRemoval removes the containers of a graph, dependents first, in parallel.
// Those it did not come to, because one that depends on them failed or the user
// interrupted, are no longer claimed; the error is that of giving them up.
func (r *Runtime) walkRemoval(ctx context.Context, g *depgraph.Graph, opts RemoveOptions) (*depgraph.Result, error) {
	res := g.Walk(ctx, depgraph.WalkOptions{Direction: depgraph.Inwards, Workers: workers()}, func(ctx context.Context, id string) error {
		return r.removeOne(ctx, id, opts)
	})
	var errs error
	for _, e := range res.Errors() {
		var blocked *depgraph.BlockedError
		if errors.As(e.Err, &blocked) || ctx.Err() != nil {
			errs = undo(ctx, errs, func(ctx context.Context) error { return r.unclaimRemoval(ctx, e.ID) })
		}
	}
	return res, errs
}

// walkErrors is one error for each container that failed, and one for all those
// that were kept because of them.
func walkErrors(res *depgraph.Result) error {
	failed, kept := splitErrors(res)
	var errs error
	for _, e := range failed {
		errs = errors.Join(errs, e.Err)
	}
	if len(kept) > 0 {
		errs = errors.Join(errs, fmt.Errorf("containers %s stay: one that depends on each of them could not be removed", joinIDs(kept)))
	}
	return errs
}

// splitErrors tells the containers that failed from those that were not come to
// because of them.
func splitErrors(res *depgraph.Result) (failed []depgraph.NodeError, kept []string) {
	for _, e := range res.Errors() {
		var blocked *depgraph.BlockedError
		if errors.As(e.Err, &blocked) {
			kept = append(kept, e.ID)
		} else {
			failed = append(failed, e)
		}
	}
	return failed, kept
}

// removeOne removes one claimed container under its lock. When it fails the
// container is shown as what it is again.
func (r *Runtime) removeOne(ctx context.Context, id string, opts RemoveOptions) error {
	l, err := r.lock(ctx, id)
	if err != nil {
		return err
	}
	defer l.Remove() //nolint:errcheck // the lock dies with the descriptor
	err = r.removeLocked(ctx, id, opts)
	switch {
	case errors.Is(err, errdefs.ErrNoSuchCtr), err == nil:
		return l.Remove()
	}
	r.burden(id)
	return undo(ctx, err, func(ctx context.Context) error { return r.unclaimRemoval(ctx, id) })
}

// unclaimRemoval ends a removal of ours that failed or was not begun.
func (r *Runtime) unclaimRemoval(ctx context.Context, id string) error {
	_, err := r.change(ctx, id, func(_ *store.Tx, c *container.Container) error {
		if c.Owner != r.self || !isRemoval(c.Intent) {
			return nil
		}
		unclaim(c)
		r.observe(c) // without an owner: what the host says
		return nil
	})
	if errors.Is(err, errdefs.ErrNoSuchCtr) {
		return nil
	}
	return err
}

// unclaim takes back the claim of a removal. What the row does not say and the
// intent does must not be forgotten with it: it is left to be recovered.
func unclaim(c *container.Container) {
	left := ""
	switch {
	case mayBeStarted(c.Intent):
		left = intentStart
	case mayBeFrozen(c.Intent):
		left = intentPause
	case isUnstarted(c.Intent):
		c.State = container.Initialized
	}
	release(c)
	c.Intent = left
}

// claimLocked makes sure, under the container's lock, that its removal is claimed
// by this process, and that nothing depends on it. Until now it may have been
// another's, who died or gave up, or have been in the making: claims are not taken
// from the living, who could give them up while we are at work.
func (r *Runtime) claimLocked(ctx context.Context, id string, opts RemoveOptions) (c *container.Container, err error) {
	read := func(tx *store.Tx) error {
		if c, err = tx.Container(ctx, id); err != nil {
			return err
		}
		dependents, err := tx.Dependents(ctx, id)
		if err == nil && len(dependents) > 0 {
			err = store.DependentsError(id, dependents)
		}
		return err
	}
	err = r.store.View(ctx, read)
	if err != nil || hidden(c) || isRemoval(c.Intent) && c.Owner == r.self {
		return c, err
	}
	err = r.store.Update(ctx, func(tx *store.Tx) error {
		if err := read(tx); err != nil {
			return err
		}
		r.observe(c)
		if !isRemoval(c.Intent) {
			if err := r.refuseState(ctx, tx, c, opts); err != nil {
				return err
			}
		}
		return r.takeRemoval(ctx, tx, c, opts)
	})
	return c, err
}

// removeLocked stops the container if need be and removes everything of it. It
// touches nothing while another container depends on it: class ErrInUse.
func (r *Runtime) removeLocked(ctx context.Context, id string, opts RemoveOptions) error {
	c, err := r.claimLocked(ctx, id, opts)
	if err != nil {
		return err
	}
	if c.Config == nil {
		r.guessConfig(c)
	}
	if r.alive(c.Runtime.Process) {
		stop := StopOptions{Timeout: cmp.Or(opts.Timeout, stopTimeOf(c.Intent))}
		r.relieve(id)
		if err := r.terminateForRemoval(ctx, c, stop); err != nil {
			return fmt.Errorf("remove container %s: %w", c.Name, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// What is begun now is finished even if the user gives up: half a container is
	// none.
	ctx, cancel := lingering(ctx)
	defer cancel()
	if err := r.removeFromHost(ctx, c); err != nil {
		err = fmt.Errorf("remove container %s: %w", c.Name, err)
		return undo(ctx, err, func(ctx context.Context) error { return r.recordRemains(ctx, c) })
	}
	var orphans []string
	err = r.store.Update(ctx, func(tx *store.Tx) (err error) {
		if err := tx.DeleteContainer(ctx, id); err != nil {
			return err
		}
		if opts.Volumes || opts.ofPod || c.Config.AutoRemove {
			if orphans, err = r.claimOrphans(ctx, tx, c); err != nil {
				return err
			}
		}
		if c.Runtime.Exited {
			if err := tx.SaveExitCode(ctx, id, c.Runtime.ExitCode); err != nil {
				return err
			}
		}
		removed := containerEvent(c, event.Remove)
		removed.ExitCode = &c.Runtime.ExitCode
		return tx.AddEvent(ctx, removed)
	})
	if err != nil {
		return err
	}
	return r.removeClaimedVolumes(ctx, orphans)
}

// recordRemains records what is left of a container that could not be removed:
// how it ended, and which of its handles on the host are gone.
func (r *Runtime) recordRemains(ctx context.Context, c *container.Container) error {
	if c.Damage != "" {
		return nil
	}
	_, err := r.change(ctx, c.ID, func(_ *store.Tx, row *container.Container) error {
		row.Runtime = c.Runtime
		return nil
	})
	return err
}

// guessConfig is for a container whose configuration cannot be read: that of its
// blueprint, or else one by which what goes by its ID is found.
func (r *Runtime) guessConfig(c *container.Container) {
	c.Config = &container.Config{}
	if b, err := r.readBlueprint(c.ID); err == nil {
		c.Config = b.Config
	} else if c.Runtime.NetNS != "" {
		c.Config.Namespaces.Net.Mode = container.ModeBridge
		c.Config.Network.Networks = map[string]types.PerNetworkOptions{}
		for name := range c.Runtime.NetStatus {
			c.Config.Network.Networks[name] = types.PerNetworkOptions{}
		}
	}
	if c.Runtime.Process.PID == 0 {
		c.Runtime.Process = r.processFromFile(c, "", oci.PidFileName)
	}
}

// removeFromHost removes mounts, network, cgroup, storage and files of a
// container whose process was ended.
func (r *Runtime) removeFromHost(ctx context.Context, c *container.Container) error {
	if needsTakeDown(c) {
		ran := c.Runtime.Process.PID != 0
		if ran {
			r.awaitConmon(ctx, c)
			r.overlayExit(c)
			c.State = container.Removing
			if err := r.recordDeath(ctx, c); err != nil {
				return err
			}
		}
		if err := r.takeDown(ctx, c); err != nil {
			return err
		}
	}
	return r.removeStorage(c)
}

// needsTakeDown reports whether anything of a start may still be on the host.
func needsTakeDown(c *container.Container) bool {
	run := c.Runtime
	return run.Process.PID != 0 || run.Conmon.PID != 0 || run.Mountpoint != "" || run.NetNS != "" || mayBeStarted(c.Intent) || c.Damage != ""
}

// terminateForRemoval ends a process: a paused one cannot heed a signal and is
// thawed, one that was not started yet is killed.
func (r *Runtime) terminateForRemoval(ctx context.Context, c *container.Container, opts StopOptions) error {
	timeout := opts.timeout(c)
	if isUnstarted(c.Intent) {
		timeout = 0
	}
	err := r.thaw(ctx, c)
	if err != nil {
		return err
	}
	return r.terminate(ctx, c, timeout)
}

// thaw resumes a frozen container, which could neither heed a signal nor die.
func (r *Runtime) thaw(ctx context.Context, c *container.Container) error {
	if !mayBeFrozen(c.Intent) {
		return nil
	}
	return r.resumeIfPaused(ctx, c.ID)
}

// resumeIfPaused thaws a container if the OCI runtime says that it is frozen.
func (r *Runtime) resumeIfPaused(ctx context.Context, id string) error {
	engine, err := r.oci()
	if err != nil {
		return err
	}
	state, err := engine.State(ctx, id)
	if err != nil || state.Status != "paused" {
		return nil //nolint:nilerr // resumed by an earlier try, or unknown to the OCI runtime: nothing is frozen
	}
	return engine.Resume(ctx, id)
}

// recordDeath writes down how the process ended, for whoever waits for it.
func (r *Runtime) recordDeath(ctx context.Context, c *container.Container) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.SaveExitCode(ctx, c.ID, c.Runtime.ExitCode); err != nil {
			return err
		}
		died := containerEvent(c, event.Died)
		died.ExitCode = &c.Runtime.ExitCode
		return tx.AddEvent(ctx, died)
	})
}

// removeStorage removes a container's layer, directories and files. Idempotent.
func (r *Runtime) removeStorage(c *container.Container) error {
	if c.Config == nil || c.Config.HasLayer() || c.Config.Rootfs == "" && !c.Config.Infra {
		images, err := r.layers()
		if err != nil {
			return err
		}
		if err := images.DeleteContainer(c.ID); err != nil {
			return err
		}
	}
	if engine, err := r.oci(); err == nil {
		if err := engine.RemoveFiles(c.ID); err != nil {
			return err
		}
	}
	if c.Config != nil && c.Config.CIDFile != "" {
		if b, err := os.ReadFile(c.Config.CIDFile); err == nil && strings.TrimSpace(string(b)) == c.ID {
			_ = os.Remove(c.Config.CIDFile) // the user's file: best effort
		}
	}
	if err := r.removeBundle(c); err != nil {
		return err
	}
	if err := os.RemoveAll(r.settings.ContainerDir(c.ID)); err != nil {
		return fmt.Errorf("remove directory of container %s: %w", c.ID, err)
	}
	return r.removeBlueprint(c.ID)
}

// finishAbandonedRemove carries on a removal whose owner died, under the
// container's lock. One that cannot have begun, as what depends on the container
// is still there, is undone.
func (r *Runtime) finishAbandonedRemove(ctx context.Context, c *container.Container) error {
	err := r.removeLocked(ctx, c.ID, RemoveOptions{Force: true, Volumes: takesVolumes(c.Intent)})
	if errors.Is(err, errdefs.ErrDependents) {
		if _, err := r.change(ctx, c.ID, func(_ *store.Tx, row *container.Container) error {
			unclaim(row)
			r.observe(row)
			return nil
		}); err != nil {
			return err
		}
		return r.settle(ctx, c.ID) // what was under way before the removal was claimed
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("no container with name or ID %q found: %w", c.ID, errdefs.ErrNoSuchCtr)
}

func joinIDs(ids []string) string { return strings.Join(ids, ", ") }
