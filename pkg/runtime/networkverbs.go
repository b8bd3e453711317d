package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/containers/common/libnetwork/types"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/store"
)

// CreateNetwork makes a network and returns it; with IgnoreIfExists, the one
// that has the name. Errors: [errdefs.ErrNetworkExists].
func (r *Runtime) CreateNetwork(ctx context.Context, opts network.CreateOptions) (types.Network, error) {
	nets, err := r.networks()
	if err != nil {
		return types.Network{}, err
	}
	n, err := nets.Create(ctx, opts)
	if err != nil {
		return n, err
	}
	return n, r.networkEvent(ctx, n, event.Create)
}

// networkEvent records what happened to a network. Networks live in files shared
// with other programs, so the event follows its change.
func (r *Runtime) networkEvent(ctx context.Context, n types.Network, status event.Status) error {
	return r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		return tx.AddEvent(ctx, event.Event{Type: event.Network, Status: status, ID: n.ID, Name: n.Name, Network: n.Name,
			Attributes: map[string]string{"driver": n.Driver}})
	})
}

// ListNetworks returns the networks that pass the filters, by name.
func (r *Runtime) ListNetworks(ctx context.Context, filters map[string][]string) ([]types.Network, error) {
	nets, err := r.networks()
	if err != nil {
		return nil, err
	}
	keep, err := network.Filters(filters, r.networkUsage(ctx, nets))
	if err != nil {
		return nil, err
	}
	return nets.List(ctx, keep)
}

// networkUsage tells which networks podctl's containers are attached to. A read
// that fails counts as use: what cannot be known must not be pruned.
func (r *Runtime) networkUsage(ctx context.Context, nets *network.Backend) network.Usage {
	return network.Usage{Default: nets.DefaultNetwork(), Used: func(name string) bool {
		users, err := r.networkUsers(ctx, name)
		return err != nil || len(users) > 0
	}}
}

// InspectNetwork finds a network by name, ID or unique ID prefix. Errors:
// [errdefs.ErrNoSuchNetwork].
func (r *Runtime) InspectNetwork(ctx context.Context, nameOrID string) (*network.Details, error) {
	nets, err := r.networks()
	if err != nil {
		return nil, err
	}
	n, err := nets.Inspect(ctx, nameOrID)
	if err != nil {
		return nil, err
	}
	d := &network.Details{Network: n, Containers: map[string]network.Member{}}
	err = r.store.View(ctx, func(tx *store.Tx) error {
		ids, err := tx.ContainersOnNetwork(ctx, n.Name)
		if err != nil {
			return err
		}
		for _, id := range ids {
			c, err := tx.Container(ctx, id)
			if err != nil {
				return err
			}
			if status, ok := c.Runtime.NetStatus[n.Name]; ok && r.alive(c.Runtime.Process) {
				d.Containers[id] = network.Member{Name: c.Name, Interfaces: status.Interfaces}
			}
		}
		return nil
	})
	return d, err
}

// NetworkExists looks for a name, ID or ID prefix.
func (r *Runtime) NetworkExists(ctx context.Context, nameOrID string) (bool, error) {
	nets, err := r.networks()
	if err != nil {
		return false, err
	}
	return nets.Exists(ctx, nameOrID)
}

// RemoveNetwork removes a network; with Force, the containers and pods on it
// first. Errors: [errdefs.ErrNoSuchNetwork], [errdefs.ErrNetworkInUse].
func (r *Runtime) RemoveNetwork(ctx context.Context, nameOrID string, opts network.RemoveOptions) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	nets, err := r.networks()
	if err != nil {
		return err
	}
	n, err := nets.Inspect(ctx, nameOrID)
	if err != nil {
		return err
	}
	if n.Name == nets.DefaultNetwork() {
		return fmt.Errorf("default network %s cannot be removed", n.Name)
	}
	if err := r.vacateNetwork(ctx, n.Name, opts); err != nil {
		return err
	}
	if err := nets.Remove(ctx, n.Name); err != nil {
		return err
	}
	return r.networkEvent(ctx, n, event.Remove)
}

// vacateNetwork removes, with Force, everything attached to a network, and
// refuses without.
func (r *Runtime) vacateNetwork(ctx context.Context, name string, opts network.RemoveOptions) error {
	users, err := r.networkUsers(ctx, name)
	if err != nil || len(users) == 0 {
		return err
	}
	if !opts.Force {
		return fmt.Errorf("%q has associated containers with it. Use -f to forcibly delete containers and pods: %w", name, errdefs.ErrNetworkInUse)
	}
	for _, c := range users {
		remove := RemoveOptions{Force: true, Volumes: true, Ignore: true, Depend: true, Timeout: seconds(opts.Timeout)}
		if c.IsInfra() {
			err = r.removePod(ctx, c.PodID, remove)
		} else {
			err = r.removeContainers(ctx, []string{c.ID}, remove)
		}
		if err != nil && !errors.Is(err, errdefs.ErrNotFound) {
			return err
		}
	}
	return nil
}

func (r *Runtime) networkUsers(ctx context.Context, name string) (users []*container.Container, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		ids, err := tx.ContainersOnNetwork(ctx, name)
		if err != nil {
			return err
		}
		for _, id := range ids {
			c, err := tx.Container(ctx, id)
			if err != nil {
				return err
			}
			users = append(users, c)
		}
		return nil
	})
	return users, err
}

// PruneNetworks removes the networks no container has that pass the filters, and
// tells of each, by name.
func (r *Runtime) PruneNetworks(ctx context.Context, filters map[string][]string) ([]network.Pruned, error) {
	if err := r.recover(ctx); err != nil {
		return nil, err
	}
	nets, err := r.networks()
	if err != nil {
		return nil, err
	}
	keep, err := network.PruneFilters(filters, r.networkUsage(ctx, nets))
	if err != nil {
		return nil, err
	}
	list, err := nets.List(ctx, keep)
	if err != nil {
		return nil, err
	}
	var out []network.Pruned
	for _, n := range list {
		err := nets.Remove(ctx, n.Name)
		if err == nil {
			err = r.networkEvent(ctx, n, event.Remove)
		}
		out = append(out, network.Pruned{Name: n.Name, Err: err})
	}
	return out, nil
}

// UpdateNetwork changes a network's DNS servers.
func (r *Runtime) UpdateNetwork(ctx context.Context, nameOrID string, opts types.NetworkUpdateOptions) error {
	nets, err := r.networks()
	if err != nil {
		return err
	}
	return nets.Update(ctx, nameOrID, opts)
}

// ReloadNetworks makes the firewall rules of running containers anew, with the
// addresses they have, and tells of each.
func (r *Runtime) ReloadNetworks(ctx context.Context, opts network.ReloadOptions) ([]network.Reloaded, error) {
	list, err := r.reloadTargets(ctx, opts)
	if err != nil {
		return nil, err
	}
	out := make([]network.Reloaded, 0, len(list))
	for _, c := range list {
		err := r.reloadOne(ctx, c.ID)
		out = append(out, network.Reloaded{ID: c.ID, Err: err})
	}
	return out, nil
}

func (r *Runtime) reloadTargets(ctx context.Context, opts network.ReloadOptions) (list []*container.Container, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		if opts.All {
			all, err := tx.Containers(ctx)
			for _, c := range all {
				if c.Config != nil && c.Config.Namespaces.Net.Mode == container.ModeBridge && r.alive(c.Runtime.Process) {
					list = append(list, c)
				}
			}
			return err
		}
		names := opts.Containers
		if opts.Latest {
			id, err := tx.NewestContainer(ctx)
			if err != nil {
				return err
			}
			names = []string{id}
		}
		for _, name := range names {
			id, err := tx.LookupContainer(ctx, name)
			if err != nil {
				return err
			}
			c, err := tx.Container(ctx, id)
			if err != nil {
				return err
			}
			list = append(list, c)
		}
		return nil
	})
	return list, err
}
