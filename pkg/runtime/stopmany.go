package runtime

import (
	"context"

	"github.com/podctl/podctl/pkg/depgraph"
)

// StopContainers is StopContainer for several, dependents among them first; the
// errors are in the order of the targets.
func (r *Runtime) StopContainers(ctx context.Context, targets []Target, opts StopOptions) []error {
	return r.inOrder(ctx, targets, depgraph.Inwards, func(ctx context.Context, id string) error {
		return r.StopContainer(ctx, id, opts)
	})
}
