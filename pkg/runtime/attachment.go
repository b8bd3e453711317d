package runtime

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/containers/common/libnetwork/types"
	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/network"
)

// ownsNetNS reports whether the container has a network namespace of its own
// that podctl makes: everything but the host's or another's.
func ownsNetNS(cfg *container.Config) bool {
	switch cfg.Namespaces.Net.Mode {
	case container.ModeBridge, container.ModeNone, container.ModePrivate, container.ModePasta, container.ModeSlirp:
		return true
	}
	return false
}

// attachment is the container's place in its networks.
func (r *Runtime) attachment(c *container.Container) network.Attachment {
	return network.Attachment{
		ID: c.ID, Name: c.Name, Hostname: r.hostname(c), NSPath: r.settings.NetNSPath(c.ID),
		Networks: withAliases(c), Ports: c.Config.Network.Ports, DNSServers: c.Config.Network.DNSServers,
	}
}

// withAliases adds the names DNS knows the container by: its short ID and name.
func withAliases(c *container.Container) map[string]types.PerNetworkOptions {
	out := make(map[string]types.PerNetworkOptions, len(c.Config.Network.Networks))
	for name, opts := range c.Config.Network.Networks {
		opts.Aliases = append(slices.Clone(opts.Aliases), shortID(c.ID))
		if c.Config.Hostname != "" && c.Config.Hostname != c.Name && !slices.Contains(opts.Aliases, c.Config.Hostname) {
			opts.Aliases = append(opts.Aliases, c.Config.Hostname)
		}
		out[name] = opts
	}
	return out
}

// makeNetNS makes the network namespace of a container that owns one, or keeps
// that of held.
func (r *Runtime) makeNetNS(c *container.Container, held heldNS) error {
	if !ownsNetNS(c.Config) {
		return nil
	}
	path := r.settings.NetNSPath(c.ID)
	c.Runtime.NetNS = path
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make directory of network namespaces: %w", err)
	}
	from := ""
	if held != nil {
		from = held.NetNS()
	}
	return r.host.CreateNS(path, from)
}

// connects reports whether the container's own network namespace is to be
// connected to something. One that was taken off all its networks is on none.
func connects(cfg *container.Config) bool {
	switch mode := cfg.Namespaces.Net.Mode; mode {
	case container.ModeNone, container.ModePrivate:
		return false
	case container.ModeBridge:
		return len(cfg.Network.Networks) > 0
	}
	return ownsNetNS(cfg)
}

// connectNetwork begins to connect the namespace that makeNetNS made. The function
// returned waits until that is done, and notes it in c; it must be called. What is
// started besides lives as long as life, which is nil if nothing needs it.
func (r *Runtime) connectNetwork(ctx context.Context, c *container.Container, life *lifeline) (wait func() error) {
	if !connects(c.Config) {
		return func() error { return nil }
	}
	var status map[string]types.StatusBlock
	done := make(chan error, 1)
	begun := *c // who waits may change c meanwhile
	go func() {
		var err error
		status, err = r.connect(ctx, &begun, life)
		done <- err
	}()
	return sync.OnceValue(func() error {
		if err := <-done; err != nil {
			return err
		}
		c.Runtime.NetStatus = status
		return r.writeNetStatus(c)
	})
}

func (r *Runtime) connect(ctx context.Context, c *container.Container, life *lifeline) (map[string]types.StatusBlock, error) {
	nets, err := r.links()
	if err != nil {
		return nil, err
	}
	mode, path := c.Config.Namespaces.Net.Mode, c.Runtime.NetNS
	if mode != container.ModeBridge {
		return nets.Connect(ctx, network.Uplink{
			ID: c.ID, Program: string(mode), NSPath: path, Options: c.Config.Network.Options[string(mode)],
			Ports: c.Config.Network.Ports, Exit: life.reader(),
		})
	}
	status, err := nets.Setup(ctx, r.attachment(c))
	if err == nil && r.settings.Rootless {
		err = nets.Forward(path, c.Config.Network.Ports, life.reader())
	}
	return status, err
}

// networkFirst reports whether the container may only be created when its network
// is connected: its hooks may look for it, and kernel parameters of interfaces
// are set when it is created.
func (r *Runtime) networkFirst(c *container.Container) bool {
	for name := range c.Config.Security.Sysctls {
		if strings.HasPrefix(name, "net.") {
			return true
		}
	}
	// The one that is set by default is not about interfaces.
	for _, setting := range r.settings.Sysctls() {
		if strings.HasPrefix(setting, "net.") && !strings.HasPrefix(setting, "net.ipv4.ping_group_range=") {
			return true
		}
	}
	for _, dir := range r.settings.HooksDirs() {
		if files, err := os.ReadDir(dir); err == nil && len(files) > 0 {
			return true
		}
	}
	return false
}

// teardownNetwork frees addresses, rules and devices and removes the namespace.
// Idempotent, also for one that was only half set up.
func (r *Runtime) teardownNetwork(ctx context.Context, c *container.Container) error {
	if !ownsNetNS(c.Config) && c.Runtime.NetNS == "" {
		return nil
	}
	path := r.settings.NetNSPath(c.ID)
	if c.Config.Namespaces.Net.Mode == container.ModeBridge {
		nets, err := r.links()
		if err != nil {
			return err
		}
		if err := r.detach(ctx, nets, c); err != nil {
			return err
		}
	}
	if mode := c.Config.Namespaces.Net.Mode; mode == container.ModePasta || mode == container.ModeSlirp {
		nets, err := r.links()
		if err != nil {
			return err
		}
		if err := nets.Disconnect(ctx, path); err != nil {
			return err
		}
	}
	if err := r.host.RemoveNS(path); err != nil {
		return err
	}
	c.Runtime.NetNS, c.Runtime.NetStatus = "", nil
	return nil
}

// detach takes the container off its networks. Where that fails, a container that
// is being removed goes all the same: its addresses are freed, and its interfaces
// go with the namespace; rules of a firewall that cannot be spoken to may stay.
func (r *Runtime) detach(ctx context.Context, nets networkLinks, c *container.Container) error {
	a := r.attachment(c)
	a.Networks = network.NameInterfaces(a.Networks)
	maps.Copy(a.Networks, departed(c))
	err := nets.Teardown(ctx, a)
	if err == nil || c.State != container.Removing || ctx.Err() != nil {
		return err
	}
	logrus.Warnf("container %s is removed without its networks being torn down: %v", shortID(c.ID), err)
	return nets.Forget(a)
}
