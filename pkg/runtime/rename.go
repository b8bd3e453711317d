package runtime

import (
	"context"
	"fmt"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/store"
)

// RenameContainer gives a container another name, in any state. Errors: class
// ErrNotFound, ErrExists for a name another container has, ErrInvalidArgument for
// one that cannot be.
func (r *Runtime) RenameContainer(ctx context.Context, nameOrID, name string) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	name = cleanName(name)
	if err := checkName(name); err != nil {
		return err
	}
	var c *container.Container
	err := r.store.Update(ctx, func(tx *store.Tx) error {
		id, err := tx.LookupContainer(ctx, nameOrID)
		if err != nil {
			return err
		}
		if c, err = tx.Container(ctx, id); err != nil {
			return err
		}
		if c.Config == nil {
			return fmt.Errorf("container %s: %s: it cannot be renamed: %w", c.Name, c.Damage, errdefs.ErrInvalidState)
		}
		c.Name = name
		if err := tx.SaveContainerConfig(ctx, c); err != nil {
			return err
		}
		return tx.AddEvent(ctx, containerEvent(c, event.Rename))
	})
	if err != nil {
		return err
	}
	return r.writeBlueprint(c)
}
