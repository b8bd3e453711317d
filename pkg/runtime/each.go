package runtime

import (
	"context"

	"github.com/podctl/podctl/pkg/depgraph"
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
	res := depgraph.BuildWithoutEdges(nodes).Walk(ctx, depgraph.WalkOptions{Workers: podsAtOnce}, do)
	errs := make([]error, len(targets))
	for i, t := range targets {
		errs[i] = res.Err(t.ID)
	}
	return errs
}
