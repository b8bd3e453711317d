package runtime

import (
	"fmt"
	"maps"
	"slices"

	"github.com/containers/common/libnetwork/types"

	"github.com/podctl/podctl/pkg/container"
)

// networkSettings are what the network backend answered when the network
// namespace was set up, the container's own or the one it joined.
func (r *Runtime) networkSettings(in *inspected) *InspectNetworkSettings {
	s := &InspectNetworkSettings{Ports: map[string][]InspectHostPort{}}
	c := in.net
	if c.Config == nil {
		return s
	}
	for port, protos := range c.Config.Network.Expose {
		for _, proto := range protos {
			s.Ports[fmt.Sprintf("%d/%s", port, proto)] = nil
		}
	}
	maps.Copy(s.Ports, portBindings(c.Config.Network.Ports))
	s.SandboxKey = c.Runtime.NetNS
	if ns := c.Config.Namespaces.Net; ns.Mode == container.ModePath {
		s.SandboxKey = ns.Value
	}
	s.Networks = map[string]*InspectNetwork{}
	for name, opts := range withAliases(c) {
		n := &InspectNetwork{NetworkID: name, Aliases: opts.Aliases}
		if status, ok := c.Runtime.NetStatus[name]; ok {
			n.InspectAddresses = addresses(status)
		}
		s.Networks[name] = n
	}
	if len(s.Networks) == 0 {
		mode := c.Config.Namespaces.Net.String()
		s.Networks[mode] = &InspectNetwork{NetworkID: mode}
	}
	if only := s.Networks[r.settings.Conf.Network.DefaultNetwork]; only != nil && len(s.Networks) == 1 {
		s.InspectAddresses = only.InspectAddresses
	}
	return s
}

// addresses are those of one network, interface by interface.
func addresses(status types.StatusBlock) InspectAddresses {
	var a InspectAddresses
	for _, name := range slices.Sorted(maps.Keys(status.Interfaces)) {
		link := status.Interfaces[name]
		if mac := link.MacAddress.String(); a.MacAddress == "" {
			a.MacAddress = mac
		} else {
			a.AdditionalMacAddresses = append(a.AdditionalMacAddresses, mac)
		}
		for _, subnet := range link.Subnets {
			a.add(subnet)
		}
	}
	return a
}

func (a *InspectAddresses) add(subnet types.NetAddress) {
	size, _ := subnet.IPNet.Mask.Size()
	gateway := ""
	if subnet.Gateway != nil {
		gateway = subnet.Gateway.String()
	}
	ip := subnet.IPNet.IP
	switch {
	case ip.To4() != nil && a.IPAddress == "":
		a.IPAddress, a.IPPrefixLen, a.Gateway = ip.String(), size, gateway
	case ip.To4() != nil:
		a.SecondaryIPAddresses = append(a.SecondaryIPAddresses, InspectAddress{Addr: ip.String(), PrefixLength: size})
	case a.GlobalIPv6Address == "":
		a.GlobalIPv6Address, a.GlobalIPv6PrefixLen, a.IPv6Gateway = ip.String(), size, gateway
	default:
		a.SecondaryIPv6Addresses = append(a.SecondaryIPv6Addresses, InspectAddress{Addr: ip.String(), PrefixLength: size})
	}
}
