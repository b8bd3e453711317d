package network

import (
	"fmt"
	"maps"
	"net"
	"slices"

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
