package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/store"
)

// RemoveContainers removes the containers of a selection, dependents first, and
// tells what became of each, in the order of the selection: a failure or a name
// that matches nothing (unless ignored) keeps no other from being removed. With
// Depend the dependents that went along follow. All implies Depend, and so pods
// are removed with their infra containers. The error is that of a selection that
// means nothing at all: ErrNoSuchCtr for the latest of none.
func (r *Runtime) RemoveContainers(ctx context.Context, sel Selection, opts RemoveOptions) ([]Removal, error) {
	opts.Depend = opts.Depend || sel.All
	// Before recovering, which may complete the very removal that is asked for.
	list, err := r.resolveEach(ctx, sel)
	if err != nil {
		return nil, err
	}
	if err := r.recover(ctx); err != nil {
		return nil, err
	}
	var found []Target
	for _, rm := range list {
		if rm.Err == nil {
			found = append(found, rm.Target)
		}
	}
	var along alongside
	errs := r.inOrder(ctx, found, depgraph.Inwards, func(ctx context.Context, id string) error {
		err := r.removeNamed(ctx, id, opts, &along)
		if errors.Is(err, errdefs.ErrNoSuchCtr) || errors.Is(err, errdefs.ErrNoSuchPod) {
			return nil // it went with another, or somebody else was faster
		}
		return err
	})
	for i := range list {
		if list[i].Err == nil {
			list[i].Err, errs = errs[0], errs[1:]
		}
	}
	return append(list, along.notIn(found)...), nil
}

// resolveEach resolves every name by itself; those that match nothing carry
// their error, or are left out if ignored.
func (r *Runtime) resolveEach(ctx context.Context, sel Selection) ([]Removal, error) {
	if sel.All || sel.Latest || len(sel.Filters) > 0 {
		targets, err := r.ResolveContainers(ctx, sel)
		return removals(targets, make([]error, len(targets))), err
	}
	var list []Removal
	err := r.store.View(ctx, func(tx *store.Tx) error {
		for _, name := range sel.Names {
			id, err := tx.LookupContainer(ctx, name)
			switch {
			case errors.Is(err, errdefs.ErrNoSuchCtr) && sel.Ignore:
				continue
			case errors.Is(err, errdefs.ErrNoSuchCtr):
				err = fmt.Errorf("no container with ID or name %q found: %w", name, errdefs.ErrNoSuchCtr)
			}
			list = append(list, Removal{Target: Target{ID: id, Given: name}, Err: err})
		}
		return nil
	})
	return list, err
}

// removeNamed removes one container and, with Depend, what depends on it; for an
// infra container its pod.
func (r *Runtime) removeNamed(ctx context.Context, id string, opts RemoveOptions, along *alongside) error {
	if !opts.Depend {
		return r.removeContainers(ctx, []string{id}, opts)
	}
	podID, err := r.podOfInfra(ctx, id)
	if err != nil {
		return err
	}
	var gone []string
	if podID != "" {
		gone, err = r.removePodOf(ctx, podID, opts)
		if err != nil {
			return fmt.Errorf("error removing container %s pod: %w", id, err)
		}
	} else {
		gone, err = r.closure(ctx, id)
		if err == nil {
			err = r.removeContainers(ctx, []string{id}, opts)
		}
		if err != nil {
			return err
		}
	}
	along.add(gone)
	return nil
}

// removePodOf removes a pod and returns the containers that were in it.
func (r *Runtime) removePodOf(ctx context.Context, podID string, opts RemoveOptions) ([]string, error) {
	var ids []string
	err := r.store.View(ctx, func(tx *store.Tx) error {
		members, err := tx.PodContainers(ctx, podID)
		for _, c := range members {
			ids = append(ids, c.ID)
		}
		if _, podErr := tx.Pod(ctx, podID); err == nil && len(ids) > 0 && !opts.Force && errors.Is(podErr, errdefs.ErrNoSuchPod) {
			err = fmt.Errorf("pod %s is not in the database: use --force to remove its containers: %w", podID, errdefs.ErrInvalidState)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return ids, r.removePod(ctx, podID, opts)
}

// closure is a container with all that depend on it.
func (r *Runtime) closure(ctx context.Context, id string) (ids []string, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		set, err := r.removalSet(ctx, tx, []string{id}, RemoveOptions{Depend: true})
		for _, c := range set {
			ids = append(ids, c.ID)
		}
		return err
	})
	return ids, err
}

// alongside collects the IDs of containers that were removed.
type alongside struct {
	mu  sync.Mutex
	ids []string
}

func (a *alongside) add(ids []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids = append(a.ids, ids...)
}

// notIn are those that nobody named, each once.
func (a *alongside) notIn(named []Target) []Removal {
	slices.Sort(a.ids)
	var out []Removal
	for _, id := range slices.Compact(a.ids) {
		if !slices.ContainsFunc(named, func(t Target) bool { return t.ID == id }) {
			out = append(out, Removal{Target: Target{ID: id}})
		}
	}
	return out
}
