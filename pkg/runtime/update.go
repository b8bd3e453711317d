package runtime

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/store"
)

// UpdateContainer changes the configuration of a container, in any state; apply
// is handed a copy. Changed limits hold at once for one that runs, all else that
// concerns the process from its next start. On error nothing has changed, unless
// it is the database's: then limits may have. Errors: ErrNoSuchCtr, class
// ErrInvalidState for a damaged container.
func (r *Runtime) UpdateContainer(ctx context.Context, id string, apply func(*container.Config) error) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	return r.locked(ctx, id, func() error {
		c, err := r.container(ctx, id)
		if err != nil {
			return err
		}
		if c.Config == nil {
			return fmt.Errorf("container %s: %s: it cannot be updated: %w", c.Name, c.Damage, errdefs.ErrInvalidState)
		}
		cfg, err := copyConfig(c.Config)
		if err != nil {
			return err
		}
		if err := apply(cfg); err != nil {
			return err
		}
		if err := r.limit(ctx, c, &cfg.Resources); err != nil {
			return err
		}
		c, err = r.change(ctx, id, func(tx *store.Tx, row *container.Container) error {
			row.Config = cfg
			if err := tx.SaveContainerConfig(ctx, row); err != nil {
				return err
			}
			return tx.AddEvent(ctx, containerEvent(row, event.Update))
		})
		if err != nil {
			return err
		}
		return r.writeBlueprint(c)
	})
}

// copyConfig is a copy that shares nothing with c.
func copyConfig(c *container.Config) (*container.Config, error) {
	var out container.Config
	b, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("copy configuration: %w", err)
	}
	return &out, nil
}

// limit gives a container that has a process other limits, if they are others.
func (r *Runtime) limit(ctx context.Context, c *container.Container, to *container.Resources) error {
	switch c.State {
	case container.Initialized, container.Running, container.Paused:
	default:
		return nil
	}
	before, err := cgroupLimits(&c.Config.Resources)
	if err != nil {
		return err
	}
	after, err := cgroupLimits(to)
	if err != nil || reflect.DeepEqual(before, after) {
		return err
	}
	if to.CgroupMode == "disabled" {
		return fmt.Errorf("cannot update without using Cgroups: %w", errdefs.ErrNoCgroup)
	}
	engine, err := r.oci()
	if err != nil {
		return err
	}
	return engine.Update(ctx, c.ID, after)
}

// cgroupLimits are the limits as the OCI runtime takes them.
func cgroupLimits(res *container.Resources) (*specs.LinuxResources, error) {
	limits := specs.LinuxResources{}
	if res.Linux != nil {
		limits = *res.Linux
	}
	limits.Devices = nil // access to devices is not up for change
	if res.PidsLimit != nil {
		limit := *res.PidsLimit
		if limit <= 0 {
			limit = -1
		}
		limits.Pids = &specs.LinuxPids{Limit: limit}
	}
	devices, err := bundle.BlockIO(res)
	if err != nil {
		return nil, err
	}
	if devices != nil {
		if limits.BlockIO != nil {
			devices.Weight, devices.LeafWeight = limits.BlockIO.Weight, limits.BlockIO.LeafWeight
		}
		limits.BlockIO = devices
	}
	return &limits, nil
}
