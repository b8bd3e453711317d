package kubeplay

import (
	"cmp"
	"context"
	"errors"

	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// Waiter is what [Wait] needs of an engine.
type Waiter interface {
	// WaitContainers waits until containers have ended.
	WaitContainers(ctx context.Context, sel engine.Selection, opts engine.WaitOptions) ([]engine.Wait, error)
}

// Wait waits until pods have ended: their infra containers go last. A pod that is gone
// has ended.
func Wait(ctx context.Context, eng Waiter, pods []Pod) error {
	var names []string
	for _, p := range pods {
		names = append(names, cmp.Or(p.InfraName, p.ID[:12]+"-infra"))
	}
	waits, err := eng.WaitContainers(ctx, engine.Selection{Names: names, Ignore: true}, engine.WaitOptions{})
	for _, w := range waits {
		if !errors.Is(w.Err, errdefs.ErrNoSuchCtr) {
			err = errors.Join(err, w.Err)
		}
	}
	return err
}
