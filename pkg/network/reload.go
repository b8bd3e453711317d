package network

import (
	"context"
	"maps"
	"net"
	"slices"

	"github.com/containers/common/libnetwork/types"
)

// Reload makes the interfaces and firewall rules of a running container anew,
// with the addresses of its status, as rules get lost when the host's firewall
// is reloaded. Contract and errors are those of Setup.
func (b *Backend) Reload(ctx context.Context, a Attachment, status map[string]types.StatusBlock) (map[string]types.StatusBlock, error) {
	a.Networks = withAddresses(NameInterfaces(a.Networks), status)
	if err := b.Teardown(ctx, a); err != nil {
		return nil, err
	}
	return b.Setup(ctx, a)
}

func withAddresses(networks map[string]types.PerNetworkOptions, status map[string]types.StatusBlock) map[string]types.PerNetworkOptions {
	fixed := maps.Clone(networks)
	for name, options := range fixed {
		link, ok := status[name].Interfaces[options.InterfaceName]
		if !ok {
			continue
		}
		options.StaticMAC = slices.Clone(link.MacAddress)
		options.StaticIPs = make([]net.IP, 0, len(link.Subnets))
		for _, subnet := range link.Subnets {
			options.StaticIPs = append(options.StaticIPs, subnet.IPNet.IP)
		}
		fixed[name] = options
	}
	return fixed
}
