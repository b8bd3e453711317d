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
	res := r.walkRemoval(ctx, g, opts)
	if err := removalErrors(s.pod.ID, res); err != nil {
		return undo(ctx, err, func(ctx context.Context) error { return r.unclaimPod(ctx, id) })
	}
	if err := r.removePodCgroup(ctx, s.pod); err != nil {
		return undo(ctx, err, func(ctx context.Context) error { return r.unclaimPod(ctx, id) })
	}
	if err := r.removePodBlueprint(id); err != nil {
		return undo(ctx, err, func(ctx context.Context) error { return r.unclaimPod(ctx, id) })
	}
	err = r.store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.DeletePod(ctx, id); err != nil {
			return err
		}
		return tx.AddEvent(ctx, podEvent(s.pod, event.Remove))
	})
	if err != nil {
		return err
	}
	return l.Remove()
}

// claimPodRemoval is the decision: it checks everything and marks the pod and
// all its containers as being removed, in one transaction.
func (r *Runtime) claimPodRemoval(ctx context.Context, id string, opts RemoveOptions) (s *podSnapshot, g *depgraph.Graph, err error) {
	err = r.store.Update(ctx, func(tx *store.Tx) error {
		if s, err = r.readPod(ctx, tx, id); err != nil {
			return err
		}
		if s.pod.Damage != "" && !opts.Force {
			return fmt.Errorf("pod %s: %s: use --force to remove it: %w", s.pod.Name, s.pod.Damage, errdefs.ErrInvalidState)
		}
		if err := r.refusePodRemoval(ctx, tx, s, opts); err != nil {
			return err
		}
		if g, err = r.removalGraph(ctx, tx, s, opts); err != nil {
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

// refusePodRemoval collects every reason why the pod must stay: members that run
// or have exec sessions, containers elsewhere that depend on one inside.
func (r *Runtime) refusePodRemoval(ctx context.Context, tx *store.Tx, s *podSnapshot, opts RemoveOptions) error {
	var reasons error
	refused := false
	for _, c := range s.members {
		if c.IsInfra() {
			continue
		}
		if err := r.refuseRemoval(ctx, tx, c, s.members, opts); err != nil {
			refused = true
			reasons = errors.Join(reasons, fmt.Errorf("error removing container %s from pod %s: %w", c.ID, s.pod.ID, err))
		}
	}
	for _, c := range s.members {
		if !c.IsInfra() {
			continue
		}
		if err := r.refuseRemoval(ctx, tx, c, s.members, opts); err != nil {
			refused = true
			reasons = errors.Join(reasons, fmt.Errorf("error removing container %s from pod %s: %w", c.ID, s.pod.ID, err))
		} else if refused && s.hasRunningDependent(c.ID) {
			reasons = errors.Join(reasons, fmt.Errorf("error removing container %s from pod %s: a container that depends on container %s could not be stopped: %w",
				c.ID, s.pod.ID, c.ID, errdefs.ErrCtrState))
		}
	}
	if !refused {
		return nil
	}
	return errors.Join(fmt.Errorf("not all containers could be removed from pod %s: %w", s.pod.ID, errdefs.ErrRemovingPod), reasons)
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

// removalGraph builds the pod's graph. One that cannot be built is refused; with
// --force its edges are dropped and the containers go one by one.
func (r *Runtime) removalGraph(ctx context.Context, tx *store.Tx, s *podSnapshot, opts RemoveOptions) (*depgraph.Graph, error) {
	g, err := s.graph()
	if err == nil {
		return g, nil
	}
	if !opts.Force {
		return nil, err
	}
	logrus.Warnf("removing the containers of pod %s one by one: %v", s.pod.Name, err)
	if err := tx.DropEdges(ctx, s.pod.ID); err != nil {
		return nil, err
	}
	return depgraph.BuildWithoutEdges(s.nodes()), nil
}

// removalErrors reports a walk that failed: the summary first, then one error a
// container.
func removalErrors(podID string, res *depgraph.Result) error {
	var errs error
	for _, e := range res.Errors() {
		var blocked *depgraph.BlockedError
		if errors.As(e.Err, &blocked) {
			errs = errors.Join(errs, fmt.Errorf("error removing container %s from pod %s: a container that depends on container %s could not be stopped: %w",
				e.ID, podID, e.ID, errdefs.ErrCtrState))
			continue
		}
		errs = errors.Join(errs, fmt.Errorf("error removing container %s from pod %s: %w", e.ID, podID, e.Err))
	}
	if errs == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("not all containers could be removed from pod %s: %w", podID, errdefs.ErrRemovingPod), errs)
}

// unclaimPod ends a removal that failed: the pod is there again, with what is
// left in it.
func (r *Runtime) unclaimPod(ctx context.Context, id string) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		s, err := r.readPod(ctx, tx, id)
		if errors.Is(err, errdefs.ErrNoSuchPod) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, c := range s.members {
			if c.Owner != r.self || !isRemoval(c.Intent) {
				continue
			}
			release(c) // skipped because another failed
			r.observe(c)
			if err := tx.SaveContainer(ctx, c); err != nil {
				return err
			}
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
