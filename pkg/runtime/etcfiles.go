package runtime

import (
	"net"
	"path/filepath"
	"slices"

	"github.com/containers/common/libnetwork/types"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/network"
)

// etcFiles says where /etc/hosts, resolv.conf and hostname come from: the
// container whose network namespace is joined, or written anew.
func (r *Runtime) etcFiles(c *container.Container, in *bundleInput, late *lateFiles) {
	if ns := c.Config.Namespaces.Net; ns.Mode == container.ModeContainer {
		dir, other := r.settings.BundleDir(ns.Value), in.joined[ns.Value]
		if !other.Config.Network.LeavesHosts() && !c.Config.Network.LeavesHosts() {
			in.hosts.From = existing(filepath.Join(dir, "hosts"))
		}
		if !other.Config.Network.NoResolvConf {
			in.resolvConf.From = existing(filepath.Join(dir, "resolv.conf"))
		}
	} else {
		if !c.Config.Network.LeavesHosts() {
			in.hosts.Write = late.later(func(path string) error { return r.writeHosts(path, c) })
		}
		if !c.Config.Network.NoResolvConf {
			in.resolvConf.Write = late.later(func(path string) error { return network.WriteResolvConf(path, r.resolvOptions(c)) })
		}
	}
	if !c.Config.Network.NoHostname && !c.Config.Namespaces.UTS.IsHost() {
		in.hostname.Write = bundle.HostnameFile(in.spec.Hostname).Write
	}
}

// existing is the path if there is such a file, else "".
func existing(path string) string {
	if isGone(path) {
		return ""
	}
	return path
}

// writeHosts writes the container's own /etc/hosts.
func (r *Runtime) writeHosts(path string, c *container.Container) error {
	setting := c.Config.Network.HostsFile
	if setting == "" {
		setting = r.settings.Conf.Containers.BaseHostsFile
	}
	base, err := network.BaseHostsFile(setting, c.Runtime.Mountpoint)
	if err != nil {
		return err
	}
	nets, err := r.links()
	if err != nil {
		return err
	}
	return network.WriteHosts(path, network.HostsOptions{
		BaseFile: base, ExtraHosts: c.Config.Network.HostAdd, Names: r.namesInHosts(c),
		Addresses: addressesInHosts(c, c.Runtime.NetStatus), HostIP: nets.HostIP(c.Runtime.NetStatus),
	})
}

// namesInHosts are what the container calls itself.
func (r *Runtime) namesInHosts(c *container.Container) []string {
	names := []string{r.hostname(c), c.Name}
	if c.Config.Namespaces.Net.IsHost() {
		names = names[:1]
	}
	return slices.Compact(names)
}

// addressesInHosts are where the container finds itself.
func addressesInHosts(c *container.Container, status map[string]types.StatusBlock) []net.IP {
	addresses := network.Addresses(status)
	if mode := c.Config.Namespaces.Net.Mode; len(addresses) == 0 && (mode == container.ModeNone || mode == container.ModePrivate || mode == container.ModeBridge) {
		addresses = []net.IP{net.IPv4(127, 0, 0, 1)} // or a program that looks up its own host fails
	}
	return addresses
}

func (r *Runtime) resolvOptions(c *container.Container) network.ResolvOptions {
	n := c.Config.Network
	opts := network.ResolvOptions{Servers: n.DNSServers, Searches: n.DNSSearch, Options: n.DNSOptions, Status: c.Runtime.NetStatus}
	if ownsNetNS(c.Config) {
		opts.NSPath = c.Runtime.NetNS
	}
	return opts
}

// refreshEtc brings the files that name the container's addresses and name servers up
// to date, in place, as the container has them mounted. Lines that others added to
// hosts stay. Idempotent.
func (r *Runtime) refreshEtc(c *container.Container, nets networkLinks, was map[string]types.StatusBlock) error {
	now, dir := c.Runtime.NetStatus, r.settings.BundleDir(c.ID)
	if path := existing(filepath.Join(dir, "hosts")); path != "" && !c.Config.Network.LeavesHosts() {
		if err := network.MoveHosts(path, r.namesInHosts(c), addressesInHosts(c, was), addressesInHosts(c, now)); err != nil {
			return err
		}
		if ip := net.ParseIP(nets.HostIP(now)); ip != nil {
			if err := network.MoveHosts(path, network.HostNames(), network.LostGateways(was, now), []net.IP{ip}); err != nil {
				return err
			}
		}
	}
	if path := existing(filepath.Join(dir, "resolv.conf")); path != "" && !c.Config.Network.NoResolvConf && !network.SameDNS(was, now) {
		return network.WriteResolvConf(path, r.resolvOptions(c))
	}
	return nil
}
