package runtime

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/store"
)

// podsAtOnce bounds how many pods a verb works on at the same time. It is far
// above the number of workers, because stopping is mostly waiting: that many
// deaf pods cost one grace period.
const podsAtOnce = 32

// Each calls do once for every object among the targets, several at a time, and
// returns their errors in the order of the targets; nil is success. An object
// that is named twice has its result twice. What was not begun when ctx ends has
// the context's error.
func Each(ctx context.Context, targets []Target, do func(ctx context.Context, id string) error) []error {
	nodes := make([]depgraph.Node, 0, len(targets))
	seen := map[string]bool{}
	for _, t := range targets {
		if !seen[t.ID] {
			seen[t.ID] = true
			nodes = append(nodes, depgraph.Node{ID: t.ID})
		}
	}
	res := depgraph.BuildWithoutEdges(nodes).Walk(recoverOnce(ctx), depgraph.WalkOptions{Workers: podsAtOnce}, do)
	errs := make([]error, len(targets))
	for i, t := range targets {
		errs[i] = res.Err(t.ID)
	}
	return errs
}

// inOrder is Each for containers that may depend on one another: one is begun
// when those of the targets that come before it are through, with or without
// success.
func (r *Runtime) inOrder(ctx context.Context, targets []Target, dir depgraph.Direction, do func(ctx context.Context, id string) error) []error {
	g, err := r.graphOf(ctx, targets)
	if err != nil {
		return repeat(err, len(targets))
	}
	var (
		mu     sync.Mutex
		failed = map[string]error{}
	)
	res := g.Walk(ctx, depgraph.WalkOptions{Direction: dir, Workers: workers()}, func(ctx context.Context, id string) error {
		if err := do(ctx, id); err != nil {
			mu.Lock()
			defer mu.Unlock()
			failed[id] = err
		}
		return nil
	})
	errs := make([]error, len(targets))
	for i, t := range targets {
		errs[i] = res.Err(t.ID)
		if err := failed[t.ID]; err != nil {
			errs[i] = err
		}
	}
	return errs
}

// graphOf is the graph of the targets with the edges among them; without edges if
// they make a cycle, which whoever removes them has to overcome. Containers that
// are gone have none.
func (r *Runtime) graphOf(ctx context.Context, targets []Target) (*depgraph.Graph, error) {
	named := map[string]bool{}
	for _, t := range targets {
		named[t.ID] = true
	}
	var nodes []depgraph.Node
	err := r.store.View(ctx, func(tx *store.Tx) error {
		for _, id := range slices.Sorted(maps.Keys(named)) {
			c, err := tx.Container(ctx, id)
			if err != nil && !errors.Is(err, errdefs.ErrNoSuchCtr) {
				return err
			}
			node := depgraph.Node{ID: id}
			if c != nil {
				node.DependsOn = slices.DeleteFunc(c.DependsOn, func(dep string) bool { return !named[dep] })
			}
			nodes = append(nodes, node)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	g, err := depgraph.Build(nodes)
	if err != nil {
		return depgraph.BuildWithoutEdges(nodes), nil //nolint:nilerr // see above
	}
	return g, nil
}

func repeat(err error, n int) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}
