package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// RemovePod removes a pod with all its containers, dependents first, infra last,
// then its cgroup, then its row. All checks are made in one transaction before
// anything is touched, and every reason for a refusal is given at once. What
// fails on the way is reported a container; the rest is removed, and calling it
// again carries on. Errors: class ErrNotFound, ErrInvalidState.
func (r *Runtime) RemovePod(ctx context.Context, id string, opts RemoveOptions) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	err := r.removePod(ctx, id, opts)
	if errors.Is(err, errdefs.ErrNoSuchPod) && r.isFinished(id) {
		return nil
	}
	return err
}

func (r *Runtime) removePod(ctx context.Context, id string, opts RemoveOptions) error {
	opts.ofPod, opts.Volumes = true, true
	l, err := r.lock(ctx, id)
	if err != nil {
		return err
	}
	defer l.Remove() //nolint:errcheck // the lock dies with the descriptor
	s, g, err := r.claimPodRemoval(ctx, id, opts)
	if err != nil {
		if errors.Is(err, errdefs.ErrNoSuchPod) {
			_ = l.Remove() // another podctl removed it while we waited
		}
		return err
	}
	if err := r.removeClaimedPod(ctx, s.pod, g, opts); err != nil {
		return undo(ctx, err, func(ctx context.Context) error { return r.unclaimPod(ctx, id) })
	}
	return l.Remove()
}

// removeClaimedPod removes the containers, what else goes with the pod, and last
// the row with its event.
func (r *Runtime) removeClaimedPod(ctx context.Context, p *pod.Pod, g *depgraph.Graph, opts RemoveOptions) error {
	res, err := r.walkRemoval(ctx, g, opts)
	if err := errors.Join(removalErrors(p.ID, res), err); err != nil {
		return err
	}
	ctx, cancel := lingering(ctx) // with its containers gone it is to go, too
	defer cancel()
	if err := r.removePodCgroup(ctx, p); err != nil {
		return err
	}
	if err := r.removeService(ctx, p, opts); err != nil {
		return err
	}
	if err := r.removePodBlueprint(p.ID); err != nil {
		return err
	}
	return r.store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.DeletePod(ctx, p.ID); err != nil {
			return err
		}
		return tx.AddEvent(ctx, podEvent(p, event.Remove))
	})
}

// claimPodRemoval is the decision: it checks everything and marks the pod and
// all its containers as being removed, in one transaction.
func (r *Runtime) claimPodRemoval(ctx context.Context, id string, opts RemoveOptions) (s *podSnapshot, g *depgraph.Graph, err error) {
	err = r.store.Update(ctx, func(tx *store.Tx) error {
		if opts.Force {
			if err := r.restoreLostPod(ctx, tx, id); err != nil {
				return err
			}
		}
		if s, err = r.removablePod(ctx, tx, id, opts); err != nil {
			return err
		}
		if g, err = r.removalGraph(ctx, tx, s); err != nil {
			return err
		}
		for _, c := range s.members {
			if err := r.claimRemoval(ctx, tx, c, opts); err != nil {
				return err
			}
		}
		s.pod.State, s.pod.Owner = pod.Removing, r.self
		return tx.SavePod(ctx, s.pod)
	})
	return s, g, err
}

// removablePod reads a pod with everything that goes with it, unless it is
// refused.
func (r *Runtime) removablePod(ctx context.Context, tx *store.Tx, id string, opts RemoveOptions) (*podSnapshot, error) {
	s, err := r.readWholePod(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if opts.Force {
		if err := r.adoptLost(ctx, tx, s); err != nil {
			return nil, err
		}
	}
	return s, r.refusePodRemoval(ctx, tx, s, opts)
}

// refusePodRemoval collects every reason why the pod must stay: members that run
// or have exec sessions, containers elsewhere that depend on one inside, a service
// that owns it, a database that describes it wrongly.
func (r *Runtime) refusePodRemoval(ctx context.Context, tx *store.Tx, s *podSnapshot, opts RemoveOptions) error {
	var members, infra error
	for _, c := range s.members {
		err := r.refuseRemoval(ctx, tx, c, s.members, opts)
		if err == nil {
			continue
		}
		err = fmt.Errorf("error removing container %s from pod %s: %w", c.ID, s.pod.ID, err)
		if c.IsInfra() {
			infra = errors.Join(infra, err)
		} else {
			members = errors.Join(members, err)
		}
	}
	for _, c := range s.members {
		if c.IsInfra() && infra == nil && members != nil && s.hasRunningDependent(c.ID) {
			infra = keptError(s.pod.ID, []string{c.ID})
		}
	}
	reasons := errors.Join(members, infra)
	if reasons != nil {
		reasons = errors.Join(fmt.Errorf("not all containers could be removed from pod %s: %w", s.pod.ID, errdefs.ErrRemovingPod), reasons)
	}
	if opts.Force {
		return reasons
	}
	if s.pod.Damage != "" {
		reasons = errors.Join(reasons, fmt.Errorf("pod %s: %s: use --force to remove it: %w", s.pod.Name, s.pod.Damage, errdefs.ErrInvalidState))
	}
	if _, err := s.graph(); err != nil {
		reasons = errors.Join(reasons, fmt.Errorf("use --force to remove its containers one by one: %w", err))
	}
	return errors.Join(reasons, r.refuseOwned(ctx, tx, s.pod))
}

func (s *podSnapshot) hasRunningDependent(id string) bool {
	for _, c := range s.members {
		for _, dep := range c.DependsOn {
			if dep == id && (c.State == container.Running || c.State == container.Paused) {
				return true
			}
		}
	}
	return false
}

// removalGraph builds the pod's graph. The edges of one that cannot be built are
// dropped, and the containers go one by one; not to force that was refused before.
func (r *Runtime) removalGraph(ctx context.Context, tx *store.Tx, s *podSnapshot) (*depgraph.Graph, error) {
	g, err := depgraph.Build(s.nodes())
	if err == nil {
		return g, nil
	}
	_, err = s.graph()
	logrus.Warnf("removing the containers of pod %s one by one: %v", s.pod.Name, err)
	for _, c := range s.members {
		if err := tx.DropEdges(ctx, c.ID); err != nil {
			return nil, err
		}
	}
	return depgraph.BuildWithoutEdges(s.nodes()), nil
}

// removalErrors reports a walk that failed: the summary first, then one error for
// each container that failed, then one for those kept because of them.
func removalErrors(podID string, res *depgraph.Result) error {
	failed, kept := splitErrors(res)
	if len(failed) == 0 {
		return nil
	}
	errs := fmt.Errorf("not all containers could be removed from pod %s: %w", podID, errdefs.ErrRemovingPod)
	for _, e := range failed {
		errs = errors.Join(errs, fmt.Errorf("error removing container %s from pod %s: %w", e.ID, podID, e.Err))
	}
	if len(kept) > 0 {
		errs = errors.Join(errs, keptError(podID, kept))
	}
	return errs
}

// keptError says, on one line, which containers have to stay for those that
// depend on them.
func keptError(podID string, ids []string) error {
	if len(ids) == 1 {
		return fmt.Errorf("error removing container %s from pod %s: a container that depends on container %s could not be stopped: %w",
			ids[0], podID, ids[0], errdefs.ErrCtrState)
	}
	return fmt.Errorf("error removing containers %s from pod %s: a container that depends on each of them could not be stopped: %w",
		joinIDs(ids), podID, errdefs.ErrCtrState)
}

// unclaimPod ends a removal that failed: the pod is there again, with what is
// left in it.
func (r *Runtime) unclaimPod(ctx context.Context, id string) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		s, err := r.readWholePod(ctx, tx, id)
		if errors.Is(err, errdefs.ErrNoSuchPod) {
			return nil
		}
		if err != nil {
			return err
		}
		if s.byID[s.pod.InfraID] == nil {
			s.pod.InfraID = ""
		}
		s.pod.State, s.pod.Owner = pod.Ready, container.Owner{}
		return tx.SavePod(ctx, s.pod)
	})
}

// removeBundle removes a container's volatile directory and what is mounted
// below. Idempotent.
func (r *Runtime) removeBundle(c *container.Container) error {
	return r.host.RemoveBundle(r.settings.BundleDir(c.ID))
}

// isGone reports whether a path does not exist.
func isGone(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, os.ErrNotExist)
}
