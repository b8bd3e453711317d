package runtime

import (
	"context"
	"errors"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/store"
)

// Wait is how the wait for one container ended.
type Wait struct {
	Target
	ExitCode int
	Err      error
}

// WaitContainers is WaitContainer for a selection, at the same time; the answers
// are in the order of the names, one for each. With First only the one that came
// first is answered. A missing container is an error, or with Ignore has been
// waited for already, with the code -1.
func (r *Runtime) WaitContainers(ctx context.Context, sel Selection, opts WaitOptions) ([]Wait, error) {
	waits, err := r.waitsFor(ctx, sel)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan int)
	for i := range waits {
		go func() {
			w := &waits[i]
			if w.ID != "" {
				w.ExitCode, w.Err = r.WaitContainer(ctx, w.ID, opts)
			}
			done <- i
		}()
	}
	first := -1
	for range waits {
		i := <-done
		if opts.First && first < 0 {
			first = i
			cancel()
		}
	}
	if first >= 0 {
		return waits[first : first+1], nil
	}
	return waits, nil
}

// waitsFor resolves a selection; ignored names have no ID.
func (r *Runtime) waitsFor(ctx context.Context, sel Selection) ([]Wait, error) {
	if sel.All || sel.Latest || len(sel.Filters) > 0 {
		targets, err := r.ResolveContainers(ctx, sel)
		waits := make([]Wait, len(targets))
		for i, t := range targets {
			waits[i].Target = t
		}
		return waits, err
	}
	var waits []Wait
	err := r.store.View(ctx, func(tx *store.Tx) error {
		for _, name := range sel.Names {
			id, err := tx.LookupContainer(ctx, name)
			if err != nil && !(sel.Ignore && errors.Is(err, errdefs.ErrNoSuchCtr)) {
				return err
			}
			waits = append(waits, Wait{Target: Target{ID: id, Given: name}, ExitCode: unknownExit})
		}
		return nil
	})
	return waits, err
}
