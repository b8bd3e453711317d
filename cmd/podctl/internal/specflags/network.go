package specflags

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/containers/common/libnetwork/types"
	"github.com/spf13/pflag"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// networkFlags are those that containers and pods have in common.
type networkFlags struct {
	given
	dns                 dnsFlags
	networks            []string
	aliases             []string
	ip, ip6, mac        string
	publish             []string
	addHost             []string
	hostsFile           string
	noHosts, noHostname bool
	containerOnly       bool // flags that pods do not have
	expose              []string
	publishAll          bool
}

// networkAliases are the other spellings of network flags.
func networkAliases() map[string]string {
	return map[string]string{"net": "network", "dns-opt": "dns-option"}
}

func (f *networkFlags) bind(fs *pflag.FlagSet) {
	f.fs = fs
	f.dns.bind(fs)
	fs.StringArrayVar(&f.networks, "network", nil, "Network `mode` or name, with options")
	fs.StringSliceVar(&f.aliases, "network-alias", nil, "`Alias` on all networks")
	fs.StringVar(&f.ip, "ip", "", "Static IPv4 `address`")
	fs.StringVar(&f.ip6, "ip6", "", "Static IPv6 `address`")
	fs.StringVar(&f.mac, "mac-address", "", "Static MAC `address`")
	fs.StringSliceVarP(&f.publish, "publish", "p", nil, "Publish a `port`: [[IP:]HOST:]CTR[/PROTO]")
	fs.StringSliceVar(&f.addHost, "add-host", nil, "Line `HOST[;HOST...]:IP` for /etc/hosts")
	fs.StringVar(&f.hostsFile, "hosts-file", "", "Base of /etc/hosts: a `path`, none or image")
	fs.BoolVar(&f.noHosts, "no-hosts", false, "Leave /etc/hosts alone")
	fs.BoolVar(&f.noHostname, "no-hostname", false, "Leave /etc/hostname alone")
}

// bindContainer defines the flags of containers too.
func (f *networkFlags) bindContainer(fs *pflag.FlagSet) {
	f.bind(fs)
	f.containerOnly = true
	fs.StringSliceVar(&f.expose, "expose", nil, "Expose a `port` without publishing it: PORT[-END][/PROTO]")
	fs.BoolVarP(&f.publishAll, "publish-all", "P", false, "Publish all exposed ports on random host ports")
}

// apply fills in the network and the mode of its namespace.
func (f *networkFlags) apply(ns *container.Namespaces, n *container.Network, env Env) error {
	if f.has("network") {
		mode, err := parseNetworks(f.networks, n)
		if err != nil {
			return err
		}
		if mode.Mode == container.ModePasta && !env.Rootless {
			return errors.New("pasta networking is only supported for rootless mode or when inside a nested userns")
		}
		ns.Net = mode
	}
	if err := f.applyAddresses(ns.Net, n); err != nil {
		return err
	}
	if err := f.dns.apply(ns.Net, n); err != nil {
		return err
	}
	if err := f.applyHosts(n, env); err != nil {
		return err
	}
	ports, err := parsePorts(f.publish)
	if err != nil {
		return err
	}
	n.Ports = append(n.Ports, ports...)
	if !f.containerOnly {
		return nil
	}
	n.PublishAll = f.publishAll
	return parseExposed(&n.Expose, f.expose)
}

// applyAddresses applies the flags about one interface to the networks.
func (f *networkFlags) applyAddresses(ns container.Namespace, n *container.Network) error {
	single := f.one("ip", "ip6", "mac-address")
	name := single
	if name == "" {
		name = f.one("network-alias")
	}
	if name == "" {
		return nil
	}
	if ns.Mode != container.ModeDefault && ns.Mode != container.ModeBridge {
		return fmt.Errorf("--%s can only be set when the network mode is bridge: %w", name, errInvalid)
	}
	if single != "" && len(n.Networks) > 1 {
		return fmt.Errorf("--%s can only be set for a single network: %w", single, errInvalid)
	}
	if len(n.Networks) == 0 {
		addNetwork(n, container.DefaultNetwork, types.PerNetworkOptions{})
	}
	for network, opts := range n.Networks {
		if err := f.addressInto(&opts); err != nil {
			return err
		}
		n.Networks[network] = opts
	}
	return nil
}

func (f *networkFlags) addressInto(opts *types.PerNetworkOptions) error {
	for _, address := range []struct {
		text string
		v4   bool
	}{{f.ip, true}, {f.ip6, false}} {
		if address.text == "" {
			continue
		}
		ip := net.ParseIP(address.text)
		if ip == nil {
			return fmt.Errorf("%q is not an ip address", address.text)
		}
		if v4 := ip.To4(); v4 != nil {
			if !address.v4 {
				return fmt.Errorf("%q is not an IPv6 address: %w", address.text, errInvalid)
			}
			ip = v4
		} else if address.v4 {
			return fmt.Errorf("%q is not an IPv4 address: %w", address.text, errInvalid)
		}
		opts.StaticIPs = append(opts.StaticIPs, ip)
	}
	if f.mac != "" {
		mac, err := net.ParseMAC(f.mac)
		if err != nil {
			return err
		}
		opts.StaticMAC = types.HardwareAddr(mac)
	}
	opts.Aliases = append(opts.Aliases, f.aliases...)
	return nil
}

func (f *networkFlags) applyHosts(n *container.Network, env Env) error {
	if f.noHosts && f.has("add-host") {
		return errors.New("--no-hosts and --add-host cannot be set together")
	}
	if f.noHosts && f.has("hosts-file") {
		return errors.New("--no-hosts and --hosts-file cannot be set together")
	}
	for _, line := range f.addHost {
		if err := checkHost(line); err != nil {
			return err
		}
		n.HostAdd = append(n.HostAdd, line)
	}
	if f.has("no-hosts") {
		n.NoHosts = &f.noHosts
	}
	if f.has("no-hostname") {
		n.NoHostname = f.noHostname
	}
	switch f.hostsFile {
	case "":
	case "none", "image":
		n.HostsFile = f.hostsFile
	default:
		n.HostsFile = env.abs(f.hostsFile)
	}
	return nil
}

// checkHost checks HOST[;HOST...]:IP. The address may be IPv6: only the first
// colon separates.
func checkHost(line string) error {
	names, address, ok := strings.Cut(line, ":")
	if !ok || names == "" {
		return fmt.Errorf("bad format for add-host: %q", line)
	}
	for name := range strings.SplitSeq(names, ";") {
		if name == "" {
			return fmt.Errorf("hostname in add-host %q is empty", line)
		}
	}
	if address != "host-gateway" && net.ParseIP(strings.TrimSpace(address)) == nil {
		return fmt.Errorf("invalid IP address in add-host: %q", address)
	}
	return nil
}

// searchDomain is labels of letters, digits and hyphens within, with dots between.
var searchDomain = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*\.?$`)

// dnsFlags say what /etc/resolv.conf holds.
type dnsFlags struct {
	given
	servers, options, search []string
}

func (f *dnsFlags) bind(fs *pflag.FlagSet) {
	f.fs = fs
	fs.StringSliceVar(&f.servers, "dns", nil, "DNS server `address`, or none")
	fs.StringSliceVar(&f.options, "dns-option", nil, "DNS `option`")
	fs.StringSliceVar(&f.search, "dns-search", nil, "DNS search `domain`, or . for none")
}

func (f *dnsFlags) apply(ns container.Namespace, n *container.Network) error {
	if f.has("dns", "dns-option", "dns-search") && (ns.Mode == container.ModeNone || ns.Mode == container.ModeContainer) {
		return fmt.Errorf("conflicting options: dns and the network mode: %s", ns.Mode)
	}
	for _, server := range f.servers {
		if server == "none" {
			n.NoResolvConf = true
			if len(f.servers) > 1 {
				return errors.New("none is not allowed to be specified with other DNS ip addresses")
			}
			continue
		}
		if net.ParseIP(server) == nil {
			return fmt.Errorf("%s is not an ip address", server)
		}
		n.DNSServers = append(n.DNSServers, server)
	}
	for _, domain := range f.search {
		switch {
		case domain != "." && !searchDomain.MatchString(domain):
			return fmt.Errorf("%s is not a valid domain", domain)
		case domain == "." && len(f.search) > 1:
			return errors.New("cannot pass additional search domains when also specifying '.'")
		}
	}
	n.DNSSearch = append(n.DNSSearch, f.search...)
	n.DNSOptions = append(n.DNSOptions, f.options...)
	if n.NoResolvConf {
		return f.withoutResolvConf(n)
	}
	return nil
}

func (f *dnsFlags) withoutResolvConf(n *container.Network) error {
	switch {
	case len(n.DNSSearch) > 0:
		return fmt.Errorf("NoManageResolvConf and DNSSearch are mutually exclusive pod options: %w", errdefs.ErrInvalidPodSpec)
	case len(n.DNSOptions) > 0:
		return fmt.Errorf("NoManageResolvConf and DNSOption are mutually exclusive pod options: %w", errdefs.ErrInvalidPodSpec)
	}
	return nil
}

// parseExposed reads PORT[-END][/PROTO] into a map of ports to protocols.
func parseExposed(ports *map[uint16][]string, texts []string) error {
	for _, text := range texts {
		numbers, protocol, hasProtocol := strings.Cut(text, "/")
		if !hasProtocol {
			protocol = "tcp"
		}
		if err := checkProtocol(protocol); err != nil {
			return err
		}
		start, length, err := parsePortRange(numbers)
		if err != nil {
			return fmt.Errorf("parsing exposed port %s: %w", strconv.Quote(text), err)
		}
		if *ports == nil {
			*ports = map[uint16][]string{}
		}
		for i := range length {
			(*ports)[start+i] = append((*ports)[start+i], strings.ToLower(protocol))
		}
	}
	return nil
}
