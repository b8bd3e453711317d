package runtime

import (
	"context"
	"errors"
	"slices"

	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/store"
)

// RestartPod restarts each of a pod's containers. All go down before one comes
// up: a member may not outlive the namespaces it joined.
func (r *Runtime) RestartPod(ctx context.Context, id string) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	s, g, err := r.startablePod(ctx, id)
	if err != nil {
		return err
	}
	g = g.Subgraph(s.restartable())
	stopped := g.Walk(ctx, depgraph.WalkOptions{Direction: depgraph.Inwards, Workers: workers()}, func(ctx context.Context, ctr string) error {
		return r.stopAfterDependents(ctx, ctr, StopOptions{forRestart: true})
	})
	if err := memberErrors(stopped, "restarting", ""); err != nil {
		return r.giveUpRestart(ctx, g.IDs(), err)
	}
	started := g.Walk(ctx, depgraph.WalkOptions{Direction: depgraph.Outwards, Workers: workers()}, r.startAgain)
	if err := memberErrors(started, "restarting", "a dependency of container %s failed to start"); err != nil {
		return r.giveUpRestart(ctx, g.IDs(), err)
	}
	return errors.Join(r.addPodEvent(ctx, s.pod, event.Stop), r.addPodEvent(ctx, s.pod, event.Start))
}

// restartable are the IDs of the containers a restart of the pod is about: no
// init containers, and none that is paused or unknown.
func (s *podSnapshot) restartable() []string {
	return slices.DeleteFunc(s.regular(), func(id string) bool {
		state := s.byID[id].State
		return state == container.Paused || state == container.Unknown
	})
}

// RestartContainers stops containers and starts them again; the errors are in the
// order of the targets. Dependents among them go down first and come up last.
// What a container depends on and is not among them must run already. Errors:
// class ErrInvalidState for a paused one.
func (r *Runtime) RestartContainers(ctx context.Context, targets []Target, opts StopOptions) []error {
	if err := r.recover(ctx); err != nil {
		return repeat(err, len(targets))
	}
	opts.forRestart = true
	errs := r.inOrder(ctx, targets, depgraph.Inwards, func(ctx context.Context, id string) error {
		if err := r.checkRestart(ctx, id, targets); err != nil {
			return err
		}
		return r.stopOne(ctx, id, opts)
	})
	var down []Target
	for i, t := range targets {
		if errs[i] == nil {
			down = append(down, t)
		}
	}
	started := r.inOrder(ctx, down, depgraph.Outwards, r.startAgain)
	if err := errors.Join(started...); err != nil {
		if undone := r.giveUpRestart(ctx, IDs(down), nil); undone != nil {
			logrus.Warnf("give up restart: %v", undone)
		}
	}
	for i := range targets {
		if errs[i] == nil {
			errs[i], started = started[0], started[1:]
		}
	}
	return errs
}

// checkRestart refuses before anything is stopped.
func (r *Runtime) checkRestart(ctx context.Context, id string, along []Target) error {
	return r.store.View(ctx, func(tx *store.Tx) error {
		c, err := tx.Container(ctx, id)
		if err != nil {
			return err
		}
		r.observe(c)
		if _, err := container.Check(container.OpRestart, id, c.State); err != nil {
			return err
		}
		c.DependsOn = slices.DeleteFunc(c.DependsOn, func(dep string) bool {
			return slices.ContainsFunc(along, func(t Target) bool { return t.ID == dep })
		})
		return r.checkStartable(ctx, tx, c)
	})
}

// claimRestart notes, before anybody else gets the lock of the container that was
// stopped, that it is to come back: the exit command must neither remove it nor
// stop its pod.
func (r *Runtime) claimRestart(ctx context.Context, id string) error {
	_, err := r.change(ctx, id, func(_ *store.Tx, c *container.Container) error {
		if !isRemoval(c.Intent) { // a removal decided on meanwhile stands
			r.claim(c, intentRestart)
		}
		return nil
	})
	return err
}

// startAgain is the second half of a restart.
func (r *Runtime) startAgain(ctx context.Context, id string) error {
	if err := r.startOne(ctx, id, startOptions{}); err != nil {
		return undo(ctx, err, func(ctx context.Context) error { return r.releaseRestart(ctx, id) })
	}
	c, err := r.container(ctx, id)
	if err != nil {
		return err
	}
	return r.store.Update(ctx, func(tx *store.Tx) error { return tx.AddEvent(ctx, containerEvent(c, event.Restart)) })
}

// giveUpRestart ends the restart of those that were stopped and not started again,
// because another failed or the user gave up. It returns cause, with what goes
// wrong here.
func (r *Runtime) giveUpRestart(ctx context.Context, ids []string, cause error) error {
	return undo(ctx, cause, func(ctx context.Context) (errs error) {
		for _, id := range ids {
			if err := r.releaseRestart(ctx, id); err != nil && !errors.Is(err, errdefs.ErrNoSuchCtr) {
				errs = errors.Join(errs, err)
			}
		}
		return errs
	})
}

// releaseRestart gives a restart up that cannot be completed.
func (r *Runtime) releaseRestart(ctx context.Context, id string) error {
	_, err := r.change(ctx, id, func(_ *store.Tx, c *container.Container) error {
		if c.Intent == intentRestart && c.Owner == r.self {
			release(c)
		}
		return nil
	})
	return err
}
