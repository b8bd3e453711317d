package runtime

import (
	"context"

	"github.com/containers/common/pkg/filters"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// PrunePods removes the pods that are exited or stopped and tells what became of
// each.
func (r *Runtime) PrunePods(ctx context.Context) ([]Removal, error) {
	if err := r.recover(ctx); err != nil {
		return nil, err
	}
	var ended []Target
	err := r.store.View(ctx, func(tx *store.Tx) error {
		pods, err := tx.Pods(ctx)
		if err != nil {
			return err
		}
		for _, p := range pods {
			s, err := r.readPod(ctx, tx, p.ID)
			if err != nil {
				return err
			}
			if status := r.podStatus(s.members); p.State == pod.Ready && (status == pod.StatusExited || status == pod.StatusStopped) {
				ended = append(ended, Target{ID: p.ID, Name: p.Name})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return removals(ended, Each(ctx, ended, func(ctx context.Context, id string) error {
		return r.removePod(ctx, id, RemoveOptions{})
	})), nil
}

// PruneContainers removes the containers outside pods that do not run and pass
// the filters ("label=…", "label!=…", "until=…"), and tells what became of each.
// Errors: class ErrInvalidArgument for a filter that is none of these.
func (r *Runtime) PruneContainers(ctx context.Context, filterValues []string) ([]Removal, error) {
	filter, err := parseFilters(filterValues, pruneFilters(), "filter input must be in the form of filter=value: %s is invalid")
	if err != nil {
		return nil, err
	}
	if err := r.recover(ctx); err != nil {
		return nil, err
	}
	passes, err := filter(ctx, r)
	if err != nil {
		return nil, err
	}
	var idle []Target
	err = r.store.View(ctx, func(tx *store.Tx) error {
		list, err := tx.Containers(ctx)
		for _, c := range list {
			if r.observe(c); c.PodID == "" && prunable(c.State) && passes(c) {
				idle = append(idle, Target{ID: c.ID, Name: c.Name})
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return removals(idle, r.inOrder(ctx, idle, depgraph.Inwards, func(ctx context.Context, id string) error {
		return r.removeContainers(ctx, []string{id}, RemoveOptions{Ignore: true, Volumes: true})
	})), nil
}

func prunable(s container.State) bool {
	switch s {
	case container.Created, container.Initialized, container.Stopped, container.Exited:
		return true
	}
	return false
}

func pruneFilters() map[string]constructor[*container.Container] {
	labels := func(c *container.Container) map[string]string {
		if c.Config == nil {
			return nil
		}
		return c.Config.Labels
	}
	return map[string]constructor[*container.Container]{
		"label": plain(func(c *container.Container, values []string) bool {
			return filters.MatchLabelFilters(values, labels(c))
		}),
		"label!": plain(func(c *container.Container, values []string) bool {
			return filters.MatchNegatedLabelFilters(values, labels(c))
		}),
		"until": func(values []string) (binding[*container.Container], error) {
			until, err := filters.ComputeUntilTimestamp(values)
			if err != nil {
				return nil, err
			}
			return bound(func(c *container.Container) bool { return c.CreatedAt.Before(until) }), nil
		},
	}
}

// removals are targets with what became of them.
func removals(targets []Target, errs []error) []Removal {
	out := make([]Removal, len(targets))
	for i, t := range targets {
		out[i] = Removal{Target: t, Err: errs[i]}
	}
	return out
}
