package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// Selection says which pods or containers a verb is about: those named, or all,
// or the one created last.
type Selection struct {
	Names       []string
	All, Latest bool
	// Ignore skips names that match nothing.
	Ignore bool
}

// Target is one object a verb is about.
type Target struct {
	ID, Name string
	// Given is what the user typed; "" for an object that was not named.
	Given string
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
	err = r.store.View(ctx, func(tx *store.Tx) error {
		switch {
		case sel.All:
			pods, err := tx.Pods(ctx)
			for _, p := range pods {
				if p.State != pod.Creating {
					targets = append(targets, Target{ID: p.ID, Name: p.Name})
				}
			}
			return err
		case sel.Latest:
			id, err := tx.NewestPod(ctx)
			if err != nil {
				return err
			}
			targets, err = appendPod(ctx, tx, targets, id, "")
			return err
		}
		for _, name := range sel.Names {
			id, err := tx.LookupPod(ctx, name)
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

// ResolveContainers is ResolvePods for containers. Errors: ErrNoSuchCtr,
// ErrAmbiguousID, ErrEmptyName.
func (r *Runtime) ResolveContainers(ctx context.Context, sel Selection) (targets []Target, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		switch {
		case sel.All:
			list, err := tx.Containers(ctx)
			for _, c := range list {
				if c.State != container.Creating {
					targets = append(targets, Target{ID: c.ID, Name: c.Name})
				}
			}
			return err
		case sel.Latest:
			id, err := tx.NewestContainer(ctx)
			if err != nil {
				return err
			}
			targets, err = appendContainer(ctx, tx, targets, id, "")
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
			if targets, err = appendContainer(ctx, tx, targets, id, name); err != nil {
				return err
			}
		}
		return nil
	})
	return targets, err
}

func appendContainer(ctx context.Context, tx *store.Tx, targets []Target, id, given string) ([]Target, error) {
	c, err := tx.Container(ctx, id)
	if err != nil {
		return nil, err
	}
	return append(targets, Target{ID: id, Name: c.Name, Given: given}), nil
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

// ContainerExists is PodExists for containers.
func (r *Runtime) ContainerExists(ctx context.Context, nameOrID string) (bool, error) {
	_, err := r.lookupContainers(ctx, []string{nameOrID})
	if errors.Is(err, errdefs.ErrNoSuchCtr) {
		return false, nil
	}
	return err == nil, err
}

// noSuchContainer is how rm words a missing container.
func noSuchContainer(name string) error {
	return fmt.Errorf("no container with ID or name %q found: %w", strings.TrimPrefix(name, "/"), errdefs.ErrNoSuchCtr)
}
