package runtime

import (
	"context"
	"errors"

	"github.com/containers/common/libnetwork/types"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/store"
)

// PublishedPorts are the ports a container publishes: its own, or those of the
// container whose network namespace it joined, such as its pod's.
func (r *Runtime) PublishedPorts(ctx context.Context, id string) (ports []types.PortMapping, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		c, err := tx.Container(ctx, id)
		if err != nil {
			return err
		}
		ports, err = portsOf(ctx, tx, c)
		return err
	})
	return ports, err
}

func portsOf(ctx context.Context, tx *store.Tx, c *container.Container) ([]types.PortMapping, error) {
	for seen := map[string]bool{}; ; {
		id, err := netOwner(ctx, tx, c)
		if err != nil {
			return nil, err
		}
		if id == "" || seen[id] {
			break
		}
		seen[id] = true
		owner, err := tx.Container(ctx, id)
		if errors.Is(err, errdefs.ErrNoSuchCtr) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		c = owner
	}
	if c.Config == nil {
		return nil, nil
	}
	return c.Config.Network.Ports, nil
}

// netOwner is the container whose network namespace c joined; "" for none.
func netOwner(ctx context.Context, tx *store.Tx, c *container.Container) (string, error) {
	if c.Config == nil {
		return "", nil
	}
	switch ns := c.Config.Namespaces.Net; ns.Mode {
	case container.ModeContainer:
		return ns.Value, nil
	case container.ModePod:
		p, err := tx.Pod(ctx, c.PodID)
		if errors.Is(err, errdefs.ErrNoSuchPod) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		return p.InfraID, nil
	}
	return "", nil
}
