package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/containers/common/libnetwork/types"
	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/store"
)

// ConnectNetwork puts a container on one more network; at once if it runs, else
// when it starts. Errors: [errdefs.ErrNoSuchNetwork], [errdefs.ErrNoSuchCtr].
func (r *Runtime) ConnectNetwork(ctx context.Context, name, ctr string, opts types.PerNetworkOptions) error {
	return r.rewire(ctx, name, ctr, event.Connect, func(c *container.Container, n string) error {
		if _, ok := c.Config.Network.Networks[n]; ok {
			return fmt.Errorf("container %s is already connected to network %q: %w", c.ID, n, errdefs.ErrNetworkConnected)
		}
		c.Config.Network.Networks[n] = opts
		c.Config.Network.Order = append(slices.Clone(c.Config.Network.Order), n)
		return nil
	})
}

// DisconnectNetwork takes a container off a network.
func (r *Runtime) DisconnectNetwork(ctx context.Context, name, ctr string, _ network.DisconnectOptions) error {
	return r.rewire(ctx, name, ctr, event.Disconnect, func(c *container.Container, n string) error {
		if _, ok := c.Config.Network.Networks[n]; !ok {
			return fmt.Errorf("container %s is not connected to network %q: %w", c.ID, n, errdefs.ErrInvalidArg)
		}
		delete(c.Config.Network.Networks, n)
		c.Config.Network.Order = slices.DeleteFunc(slices.Clone(c.Config.Network.Order), func(o string) bool { return o == n })
		return nil
	})
}

// rewire changes a container's networks under its lock, on the host too if it
// runs. Its other networks are not touched.
func (r *Runtime) rewire(ctx context.Context, name, ctr string, status event.Status, edit func(*container.Container, string) error) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	nets, err := r.links()
	if err != nil {
		return err
	}
	n, err := nets.Inspect(ctx, name)
	if err != nil {
		return err
	}
	ids, err := r.lookupContainers(ctx, []string{ctr})
	if err != nil {
		return err
	}
	return r.locked(ctx, ids[0], func() error { return r.rewireLocked(ctx, ids[0], n.Name, status, edit) })
}

func (r *Runtime) rewireLocked(ctx context.Context, id, name string, status event.Status, edit func(*container.Container, string) error) error {
	if err := r.settle(ctx, id); err != nil {
		return err
	}
	var was container.Network
	c, err := r.change(ctx, id, func(tx *store.Tx, c *container.Container) error {
		if err := refuseRewire(c); err != nil {
			return err
		}
		was = c.Config.Network
		// Interfaces keep their names whatever networks come and go.
		c.Config.Network.Networks = network.NameInterfaces(was.Networks)
		if err := edit(c, name); err != nil {
			return err
		}
		c.Config.Network.Networks = network.NameInterfaces(c.Config.Network.Networks)
		r.claim(c, intentRewire)
		return saveNetworks(ctx, tx, c)
	})
	if err != nil {
		return err
	}
	if err := r.rewireHost(ctx, c); err != nil {
		return undo(ctx, err, func(ctx context.Context) error { return r.undoRewire(ctx, c, was) })
	}
	told := event.Event{Type: event.Network, Status: status, ID: c.ID, Name: c.Name, Network: name}
	ctx, cancel := detached(ctx) // it is so: that must be recorded even if the user gave up
	defer cancel()
	return r.finishRewire(ctx, c, told)
}

func refuseRewire(c *container.Container) error {
	if isRemoval(c.Intent) {
		_, err := container.Check(container.OpPause, c.ID, container.Removing)
		return err
	}
	if c.Config.Namespaces.Net.Mode != container.ModeBridge {
		return fmt.Errorf("%q is not supported: %w", c.Config.Namespaces.Net, errdefs.ErrNetworkModeUnusable)
	}
	return nil
}

// saveNetworks writes which networks a container is to be on.
func saveNetworks(ctx context.Context, tx *store.Tx, c *container.Container) error {
	if err := tx.SaveContainerConfig(ctx, c); err != nil {
		return err
	}
	return tx.SetContainerNetworks(ctx, c.ID, slices.Sorted(maps.Keys(c.Config.Network.Networks)))
}

// rewireHost takes a running container off the networks it is no longer to be on
// and puts it on those that are new, and notes in c where it is. Idempotent.
func (r *Runtime) rewireHost(ctx context.Context, c *container.Container) error {
	if r.alive(c.Runtime.Process) {
		was := c.Runtime.NetStatus
		nets, err := r.links()
		if err != nil {
			return err
		}
		if err := r.leaveNetworks(ctx, nets, c); err != nil {
			return err
		}
		missing := r.attachment(c)
		maps.DeleteFunc(missing.Networks, func(name string, _ types.PerNetworkOptions) bool {
			_, there := c.Runtime.NetStatus[name]
			return there
		})
		if len(missing.Networks) > 0 {
			status, err := nets.Setup(ctx, missing)
			if err != nil {
				return err
			}
			c.Runtime.NetStatus = joinStatus(c.Runtime.NetStatus, status)
		}
		if err := r.refreshEtc(c, nets, was); err != nil {
			return err
		}
		if err := r.writeNetStatus(c); err != nil {
			return err
		}
	}
	return r.writeBlueprint(c)
}

func joinStatus(a, b map[string]types.StatusBlock) map[string]types.StatusBlock {
	all := make(map[string]types.StatusBlock, len(a)+len(b))
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

// leaveNetworks takes a container off the networks it was on and is to be on no
// longer.
func (r *Runtime) leaveNetworks(ctx context.Context, nets networkLinks, c *container.Container) error {
	for name, options := range departed(c) {
		a := r.attachment(c)
		a.Networks = map[string]types.PerNetworkOptions{name: options}
		if err := nets.Teardown(ctx, a); err != nil {
			return err
		}
		c.Runtime.NetStatus = maps.Clone(c.Runtime.NetStatus)
		delete(c.Runtime.NetStatus, name)
	}
	return nil
}

// departed are the networks a container may still be on though its configuration
// has them no longer: somebody was taking it off when they were killed.
func departed(c *container.Container) map[string]types.PerNetworkOptions {
	gone := map[string]types.PerNetworkOptions{}
	for name, status := range c.Runtime.NetStatus {
		if _, ok := c.Config.Network.Networks[name]; ok {
			continue
		}
		for link := range status.Interfaces {
			gone[name] = types.PerNetworkOptions{InterfaceName: link}
		}
	}
	return gone
}

// undoRewire puts the networks back as they were.
func (r *Runtime) undoRewire(ctx context.Context, c *container.Container, was container.Network) error {
	c.Config.Network = was
	return errors.Join(r.rewireHost(ctx, c), r.finishRewire(ctx, c))
}

// finishRewire records where the container is by now.
func (r *Runtime) finishRewire(ctx context.Context, c *container.Container, told ...event.Event) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Container(ctx, c.ID)
		if err != nil {
			return err
		}
		row.Runtime.NetStatus = c.Runtime.NetStatus
		conclude(row, row.State)
		if err := tx.SaveContainer(ctx, row); err != nil {
			return err
		}
		row.Config = c.Config
		if err := saveNetworks(ctx, tx, row); err != nil {
			return err
		}
		for _, e := range told {
			if err := tx.AddEvent(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// settleRewire finishes what somebody was doing to a container's networks when
// they were killed. Networks that cannot be had must not keep the container from
// being stopped or removed.
func (r *Runtime) settleRewire(ctx context.Context, c *container.Container) error {
	before := c.Runtime.NetStatus
	if err := r.reattach(ctx, c); err != nil {
		if ctx.Err() != nil {
			return err
		}
		logrus.Warnf("container %s is off its networks until `network reload` or a restart puts it on them again: %v", c.Name, err)
	}
	if err := r.writeBlueprint(c); err != nil {
		return err
	}
	return r.finishRewire(ctx, c, networkEvents(c, before)...)
}

// reattach makes all interfaces and firewall rules of a running container anew,
// with the addresses it had, on the networks it is to be on.
func (r *Runtime) reattach(ctx context.Context, c *container.Container) error {
	if !r.alive(c.Runtime.Process) {
		return nil
	}
	nets, err := r.links()
	if err != nil {
		return err
	}
	if err := r.leaveNetworks(ctx, nets, c); err != nil {
		return err
	}
	if c.Runtime.NetStatus, err = nets.Reload(ctx, r.attachment(c), c.Runtime.NetStatus); err != nil {
		return err
	}
	return r.writeNetStatus(c)
}

// networkEvents tell of the networks a container came to and left.
func networkEvents(c *container.Container, before map[string]types.StatusBlock) (told []event.Event) {
	for name := range joinStatus(before, c.Runtime.NetStatus) {
		_, was := before[name]
		_, is := c.Runtime.NetStatus[name]
		e := event.Event{Type: event.Network, Status: event.Connect, ID: c.ID, Name: c.Name, Network: name}
		if was && !is {
			e.Status = event.Disconnect
		}
		if was != is {
			told = append(told, e)
		}
	}
	return told
}

func (r *Runtime) reloadOne(ctx context.Context, id string) error {
	return r.locked(ctx, id, func() error { return r.reloadLocked(ctx, id) })
}

// reloadLocked makes a container's interfaces and firewall rules anew.
func (r *Runtime) reloadLocked(ctx context.Context, id string) error {
	if err := r.settle(ctx, id); err != nil {
		return err
	}
	c, err := r.change(ctx, id, func(_ *store.Tx, c *container.Container) error {
		if c.State != container.Running && c.State != container.Paused {
			return fmt.Errorf("container %s is not running: %w", id, errdefs.ErrCtrState)
		}
		if c.Config.Namespaces.Net.Mode != container.ModeBridge {
			return fmt.Errorf("container %s has no network of its own: %w", id, errdefs.ErrNetworkModeUnusable)
		}
		r.claim(c, intentRewire)
		return nil
	})
	if err != nil {
		return err
	}
	ctx, cancel := lingering(ctx) // half of it is worse than either
	defer cancel()
	return errors.Join(r.reattach(ctx, c), r.finishRewire(ctx, c))
}
