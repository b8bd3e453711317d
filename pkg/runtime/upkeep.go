package runtime

import (
	"context"
	"fmt"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/store"
)

// Renumber records that lock numbers were reallocated, for those who wait for
// that event: locks are files named after their objects and have no numbers.
func (r *Runtime) Renumber(ctx context.Context) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		return tx.AddEvent(ctx, event.Event{Type: event.System, Status: event.Renumber})
	})
}

// Migrate brings what older versions left up to date, which opening the database
// has done. A container is bound to no OCI runtime: each start takes the one in
// force, so of newRuntime, if it is not "", only the name is checked: ErrInvalidArg.
func (r *Runtime) Migrate(_ context.Context, newRuntime string) error {
	if newRuntime != "" && !r.settings.KnowsRuntime(newRuntime) {
		return fmt.Errorf("change to runtime %q requested but no such runtime is defined: %w", newRuntime, errdefs.ErrInvalidArg)
	}
	return nil
}
