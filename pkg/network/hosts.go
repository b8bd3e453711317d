package network

import (
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/containers/common/libnetwork/etchosts"
	"github.com/containers/common/libnetwork/types"
)

// HostsOptions are the contents of a container's hosts file. An earlier source
// wins over a later one for the same name: ExtraHosts, BaseFile, then localhost,
// the host and the container itself.
type HostsOptions struct {
	// BaseFile is copied in; empty for none. [BaseHostsFile] finds it.
	BaseFile string
	// ExtraHosts are --add-host values, "name[;name...]:address"; the address
	// host-gateway stands for HostIP.
	ExtraHosts []string
	// Names the container is known by, at each of Addresses.
	Names     []string
	Addresses []net.IP
	// HostIP is the address of host.containers.internal; empty for no such
	// line. [Backend.HostIP] finds it.
	HostIP string
}

// WriteHosts writes the file at path. The inode of an existing file is kept, as
// containers may have it mounted; writers must be kept apart by the caller.
func WriteHosts(path string, opts HostsOptions) error {
	var own etchosts.HostEntries
	if len(opts.Names) > 0 {
		for _, ip := range opts.Addresses {
			own = append(own, etchosts.HostEntry{IP: ip.String(), Names: opts.Names})
		}
	}
	err := etchosts.New(&etchosts.Params{
		TargetFile:               path,
		BaseFile:                 opts.BaseFile,
		ExtraHosts:               opts.ExtraHosts,
		ContainerIPs:             own,
		HostContainersInternalIP: opts.HostIP,
	})
	if err != nil {
		return fmt.Errorf("write hosts file %s: %w", path, err)
	}
	return nil
}

// HostNames are what the host is called in hosts files.
func HostNames() []string {
	return []string{etchosts.HostContainersInternal, "host.docker.internal"}
}

// MoveHosts changes the lines that a hosts file has for names from the addresses in
// was to those in now, in place, as [WriteHosts] does. All other lines stay, and where
// the file has no line for the names at any of the addresses, none come. Idempotent.
func MoveHosts(path string, names []string, was, now []net.IP) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("update hosts file: %w", err)
	}
	var kept strings.Builder
	found := false
	for line := range strings.Lines(string(text)) {
		ip, ours := hostLine(line, names)
		if ours && slices.ContainsFunc(slices.Concat(was, now), ip.Equal) {
			found = true
			if !slices.ContainsFunc(now, ip.Equal) {
				continue
			}
			now = without(now, []net.IP{ip})
		}
		kept.WriteString(strings.TrimSuffix(line, "\n") + "\n")
	}
	if !found {
		return nil
	}
	for _, ip := range now {
		fmt.Fprintf(&kept, "%s\t%s\n", ip, strings.Join(names, " "))
	}
	if kept.String() == string(text) {
		return nil
	}
	if err := os.WriteFile(path, []byte(kept.String()), 0o644); err != nil {
		return fmt.Errorf("update hosts file: %w", err)
	}
	return nil
}

// hostLine reports whether a line of a hosts file has one of the names, and where.
func hostLine(line string, names []string) (net.IP, bool) {
	line, _, _ = strings.Cut(line, "#")
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return nil, false
	}
	return net.ParseIP(fields[0]), slices.ContainsFunc(fields[1:], func(name string) bool { return slices.Contains(names, name) })
}

// without returns the addresses that are not among others.
func without(ips, others []net.IP) []net.IP {
	return slices.DeleteFunc(slices.Clone(ips), func(ip net.IP) bool { return slices.ContainsFunc(others, ip.Equal) })
}

// BaseHostsFile is the file that base_hosts_file in containers.conf means: ""
// is the host's, "none" is none, "image" is the one in the image mounted at
// rootfs, else it is a path.
func BaseHostsFile(setting, rootfs string) (string, error) {
	path, err := etchosts.GetBaseHostFile(setting, rootfs)
	if err != nil {
		return "", fmt.Errorf("find base hosts file: %w", err)
	}
	return path, nil
}

// HostIP is the address at which a container with this status reaches the host:
// what containers.conf says, else the gateway of a bridge network or of an
// uplink, else an address of the host that the container does not have too. Empty when there is none. A nil status is the host's own
// network.
func (b *Backend) HostIP(status map[string]types.StatusBlock) string {
	opts := etchosts.HostContainersInternalOptions{
		Conf:             b.conf,
		NetStatus:        status,
		NetworkInterface: glancing{b.net, b},
		Exclude:          Addresses(status),
	}
	if block, ok := uplinkOf(status); ok {
		opts.NetStatus, opts.PreferIP = nil, gatewayOf(block)
	} else if info, err := b.net.RootlessNetnsInfo(); err == nil && info != nil {
		// The host is beyond the namespace all of the user's networks are in.
		opts.Exclude = append(opts.Exclude, info.IPAddresses...)
		if len(info.MapGuestIps) > 0 {
			opts.PreferIP = info.MapGuestIps[0]
		}
	}
	return etchosts.GetHostContainersInternalIP(opts)
}

// LostGateways are the addresses through which a container left its networks, and does
// so no longer.
func LostGateways(was, now map[string]types.StatusBlock) []net.IP {
	return without(gateways(was), gateways(now))
}

func gateways(status map[string]types.StatusBlock) (ips []net.IP) {
	for _, block := range status {
		for _, link := range block.Interfaces {
			for _, subnet := range link.Subnets {
				if subnet.Gateway != nil {
					ips = append(ips, subnet.Gateway)
				}
			}
		}
	}
	return ips
}

// Addresses lists the container's addresses in order of network and interface name.
func Addresses(status map[string]types.StatusBlock) (ips []net.IP) {
	for _, network := range slices.Sorted(maps.Keys(status)) {
		interfaces := status[network].Interfaces
		for _, name := range slices.Sorted(maps.Keys(interfaces)) {
			for _, subnet := range interfaces[name].Subnets {
				ips = append(ips, subnet.IPNet.IP)
			}
		}
	}
	return ips
}
