package runtime

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// Selection says which pods or containers a verb is about: those named, or all,
// or the one created last.
type Selection struct {
	Names       []string
	All, Latest bool
	// Filters select containers as those of `ps` do.
	Filters []string
	// Ignore skips names that match nothing, and the newest of none.
	Ignore bool
	// Lost finds pods too that have containers but no row of their own.
	Lost bool
	// Mend finishes first what killed commands left, so that no object is found
	// that is about to vanish. For verbs that change something.
	Mend bool
}

// Target is one object a verb is about.
type Target struct {
	ID, Name string
	// Given is what the user typed; "" for an object that was not named.
	Given string
	// State is where a container was when it was looked up; "" for a pod.
	State container.State
}

// Typed is what a verb prints for the object: the user's own word for it, else
// its ID.
func (t Target) Typed() string {
	if t.Given != "" {
		return t.Given
	}
	return t.ID
}

// IDs are the IDs of the targets.
func IDs(targets []Target) []string {
	ids := make([]string, len(targets))
	for i, t := range targets {
		ids[i] = t.ID
	}
	return ids
}

// ResolvePods finds the pods of a selection, in one snapshot: in the order of the
// names, or oldest first. A name that matches nothing, unless ignored, or more
// than one is an error, and then nothing is resolved. Errors: ErrNoSuchPod,
// ErrAmbiguousID, ErrEmptyName.
func (r *Runtime) ResolvePods(ctx context.Context, sel Selection) (targets []Target, err error) {
	if sel.Mend {
		if err := r.recover(ctx); err != nil {
			return nil, err
		}
	}
	err = r.store.View(ctx, func(tx *store.Tx) error {
		switch {
		case sel.All:
			pods, err := tx.Pods(ctx)
			for _, p := range pods {
				if p.State != pod.Creating {
					targets = append(targets, Target{ID: p.ID, Name: p.Name})
				}
			}
			if err != nil || !sel.Lost {
				return err
			}
			lost, err := tx.LostPods(ctx)
			for _, id := range lost {
				targets = append(targets, Target{ID: id})
			}
			return err
		case sel.Latest:
			id, err := tx.NewestPod(ctx)
			if sel.Ignore && errors.Is(err, errdefs.ErrNoSuchPod) {
				return nil
			}
			if err != nil {
				return err
			}
			targets, err = appendPod(ctx, tx, targets, id, "")
			return err
		}
		for _, name := range sel.Names {
			id, err := tx.LookupPod(ctx, name)
			if sel.Lost && errors.Is(err, errdefs.ErrNoSuchPod) {
				lost, lostErr := r.lookupLostPods(ctx, tx, name)
				if lostErr != nil {
					return lostErr
				}
				for _, id := range lost {
					targets = append(targets, Target{ID: id, Given: name})
				}
				if len(lost) > 0 {
					continue
				}
			}
			if sel.Ignore && errors.Is(err, errdefs.ErrNoSuchPod) {
				continue
			}
			if err != nil {
				return err
			}
			if targets, err = appendPod(ctx, tx, targets, id, name); err != nil {
				return err
			}
		}
		return nil
	})
	return targets, err
}

func appendPod(ctx context.Context, tx *store.Tx, targets []Target, id, given string) ([]Target, error) {
	p, err := tx.Pod(ctx, id)
	if err != nil {
		return nil, err
	}
	return append(targets, Target{ID: id, Name: p.Name, Given: given}), nil
}

// ResolveContainers is ResolvePods for containers; filters select among all.
// Errors: ErrNoSuchCtr, ErrAmbiguousID, ErrEmptyName; class ErrInvalidArgument for
// a filter that cannot be.
func (r *Runtime) ResolveContainers(ctx context.Context, sel Selection) (targets []Target, err error) {
	if sel.Mend {
		if err := r.recover(ctx); err != nil {
			return nil, err
		}
	}
	if len(sel.Filters) > 0 {
		return r.filteredTargets(ctx, sel.Filters)
	}
	err = r.store.View(ctx, func(tx *store.Tx) error {
		switch {
		case sel.All:
			list, err := tx.Containers(ctx)
			for _, c := range list {
				if c.State != container.Creating {
					targets = append(targets, r.target(c, ""))
				}
			}
			return err
		case sel.Latest:
			id, err := tx.NewestContainer(ctx)
			if sel.Ignore && errors.Is(err, errdefs.ErrNoSuchCtr) {
				return nil
			}
			if err != nil {
				return err
			}
			targets, err = r.appendContainer(ctx, tx, targets, id, "")
			return err
		}
		for _, name := range sel.Names {
			id, err := tx.LookupContainer(ctx, name)
			if sel.Ignore && errors.Is(err, errdefs.ErrNoSuchCtr) {
				continue
			}
			if err != nil {
				return err
			}
			if targets, err = r.appendContainer(ctx, tx, targets, id, name); err != nil {
				return err
			}
		}
		return nil
	})
	return targets, err
}

func (r *Runtime) appendContainer(ctx context.Context, tx *store.Tx, targets []Target, id, given string) ([]Target, error) {
	c, err := tx.Container(ctx, id)
	if err != nil {
		return nil, err
	}
	return append(targets, r.target(c, given)), nil
}

// filteredTargets are the containers, in any state, that pass the filters.
func (r *Runtime) filteredTargets(ctx context.Context, filters []string) (targets []Target, err error) {
	ids, err := r.FilterContainers(ctx, filters)
	if err != nil {
		return nil, err
	}
	err = r.store.View(ctx, func(tx *store.Tx) error {
		for _, id := range ids {
			more, err := r.appendContainer(ctx, tx, targets, id, "")
			if errors.Is(err, errdefs.ErrNoSuchCtr) {
				continue // removed since
			}
			if err != nil {
				return err
			}
			targets = more
		}
		return nil
	})
	return targets, err
}

func (r *Runtime) target(c *container.Container, given string) Target {
	r.observe(c)
	return Target{ID: c.ID, Name: c.Name, Given: given, State: c.State}
}

// PodExists reports whether a name or ID means a pod. An ambiguous one is an
// error.
func (r *Runtime) PodExists(ctx context.Context, nameOrID string) (bool, error) {
	_, err := r.lookupPods(ctx, []string{nameOrID})
	if errors.Is(err, errdefs.ErrNoSuchPod) {
		return false, nil
	}
	return err == nil, err
}

// ContainerExists is PodExists for containers; external looks in the image store
// too, for what other programs made there.
func (r *Runtime) ContainerExists(ctx context.Context, nameOrID string, external bool) (bool, error) {
	_, err := r.lookupContainers(ctx, []string{nameOrID})
	if !errors.Is(err, errdefs.ErrNoSuchCtr) {
		return err == nil, err
	}
	if !external {
		return false, nil
	}
	images, err := r.images()
	if err != nil {
		return false, err
	}
	foreign, err := images.ForeignContainers()
	return slices.ContainsFunc(foreign, func(f image.Foreign) bool { return f.Name == nameOrID || strings.HasPrefix(f.ID, nameOrID) }), err
}
