package network

import (
	"fmt"
	"maps"
	"net"
	"slices"

	"github.com/containers/common/libnetwork/resolvconf"
	"github.com/containers/common/libnetwork/types"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// ResolvOptions are the contents of a container's resolv.conf. What is not
// given comes from the host's file.
type ResolvOptions struct {
	// Servers are --dns values. Networks with a DNS server of their own take
	// precedence: that server forwards to these (see [Attachment]).
	Servers []string
	// Searches are --dns-search values; "." stands for none at all.
	Searches []string
	// Options are --dns-option values.
	Options []string
	// NSPath is the container's network namespace. Empty is the host's, where
	// servers on localhost can be reached and are kept.
	NSPath string
	// Status is the result of [Backend.Setup].
	Status map[string]types.StatusBlock
}

// WriteResolvConf writes the file at path, keeping the inode of an existing one.
// Writers must be kept apart by the caller.
func WriteResolvConf(path string, opts ResolvOptions) error {
	servers, domains := dnsOf(opts.Status)
	if block, ok := uplinkOf(opts.Status); ok && len(opts.Servers) > 0 {
		servers, domains = nil, block.DNSSearchDomains // it does not forward to the servers asked for
	}
	if len(servers) == 0 {
		servers = opts.Servers
	}
	params := &resolvconf.Params{
		Path:             path,
		IPv6Enabled:      opts.NSPath == "" || hasIPv6(opts.Status),
		Nameservers:      servers,
		Searches:         opts.Searches,
		Options:          opts.Options,
		KeepHostSearches: len(opts.Searches) == 0,
	}
	if len(opts.Searches) == 0 {
		params.Searches = domains
	}
	if opts.NSPath != "" {
		params.Namespaces = []specs.LinuxNamespace{{Type: specs.NetworkNamespace, Path: opts.NSPath}}
	}
	if err := resolvconf.New(params); err != nil {
		return fmt.Errorf("write resolv.conf %s: %w", path, err)
	}
	return nil
}

// SameDNS reports whether resolv.conf is the same for both states of a container's
// networks.
func SameDNS(a, b map[string]types.StatusBlock) bool {
	servers, domains := dnsOf(a)
	otherServers, otherDomains := dnsOf(b)
	return slices.Equal(servers, otherServers) && slices.Equal(domains, otherDomains)
}

// dnsOf collects the networks' DNS servers and search domains, each once.
func dnsOf(status map[string]types.StatusBlock) (servers, domains []string) {
	for _, network := range slices.Sorted(maps.Keys(status)) {
		for _, ip := range status[network].DNSServerIPs {
			if !slices.Contains(servers, ip.String()) {
				servers = append(servers, ip.String())
			}
		}
		for _, domain := range status[network].DNSSearchDomains {
			if !slices.Contains(domains, domain) {
				domains = append(domains, domain)
			}
		}
	}
	return servers, domains
}

func hasIPv6(status map[string]types.StatusBlock) bool {
	return slices.ContainsFunc(Addresses(status), func(ip net.IP) bool { return ip.To4() == nil })
}
