package specflags

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/containers/common/libnetwork/types"

	"github.com/podctl/podctl/pkg/container"
)

// networkModes are the words that are not names of networks.
func networkModes() []container.Mode {
	return []container.Mode{
		"default", container.ModeBridge, container.ModeNone, container.ModeHost, container.ModePrivate,
		container.ModePath, container.ModeContainer, container.ModePod, container.ModePasta, container.ModeSlirp,
	}
}

// parseNetworks reads the values of --network: a mode with options, or bridge
// mode with one or more networks. Networks and options go into n.
func parseNetworks(values []string, n *container.Network) (container.Namespace, error) {
	n.Networks, n.Order, n.Options = nil, nil, nil
	ns, err := parseNetwork(values[0], n)
	if err != nil || len(values) == 1 {
		return ns, err
	}
	if ns.Mode != container.ModeBridge {
		mode := ns.Mode
		if mode == container.ModeDefault {
			mode = "default"
		}
		return ns, fmt.Errorf("cannot set multiple networks without bridge network mode, selected mode %s: %w", mode, errInvalid)
	}
	if len(n.Networks) == 0 {
		// "bridge" alone stands for the default network, now one of several.
		addNetwork(n, container.DefaultNetwork, types.PerNetworkOptions{})
	}
	for _, value := range values[1:] {
		name, options, _ := strings.Cut(value, ":")
		if slices.Contains(networkModes(), container.Mode(name)) {
			return ns, fmt.Errorf("can only set extra network names, selected mode %s conflicts with bridge: %w", name, errInvalid)
		}
		if err := addNamed(n, name, options); err != nil {
			return ns, err
		}
	}
	return ns, nil
}

// parseNetwork reads the first value, the only one that may be a mode word.
func parseNetwork(value string, n *container.Network) (container.Namespace, error) {
	word, options, hasOptions := strings.Cut(value, ":")
	bridge := container.Namespace{Mode: container.ModeBridge}
	switch mode := container.Mode(word); {
	case value == "" || value == "default":
		return container.Namespace{}, nil
	case mode == container.ModeBridge:
		if !hasOptions {
			return bridge, nil
		}
		opts, err := parseInterface(options)
		addNetwork(n, container.DefaultNetwork, opts)
		return bridge, err
	case mode == container.ModePasta || mode == container.ModeSlirp:
		if hasOptions {
			n.Options = map[string][]string{word: strings.Split(options, ",")}
		}
		return container.Namespace{Mode: mode}, nil
	case slices.Contains(networkModes(), mode) && !(hasOptions && bare(mode)):
		return container.ParseNamespace(value, networkModes()...)
	case hasOptions:
		return bridge, addNamed(n, word, options)
	}
	for name := range strings.SplitSeq(value, ",") {
		if err := addNamed(n, name, ""); err != nil {
			return bridge, err
		}
	}
	return bridge, nil
}

// bare tells the modes that take no options: with some their word is a network's name.
func bare(mode container.Mode) bool {
	return slices.Contains([]container.Mode{"default", container.ModeNone, container.ModeHost, container.ModePrivate}, mode)
}

// addNamed adds a network with the options of its interface.
func addNamed(n *container.Network, name, options string) error {
	if name == "" {
		return errors.New("network name cannot be empty")
	}
	opts, err := parseInterface(options)
	if err != nil {
		return fmt.Errorf("invalid option for network %s: %w", name, err)
	}
	addNetwork(n, name, opts)
	return nil
}

func addNetwork(n *container.Network, name string, opts types.PerNetworkOptions) {
	if n.Networks == nil {
		n.Networks = map[string]types.PerNetworkOptions{}
	}
	if _, known := n.Networks[name]; !known {
		n.Order = append(n.Order, name)
	}
	n.Networks[name] = opts
}

// parseInterface reads KEY=VALUE,… . Keys it does not know are options for
// the network backend.
func parseInterface(options string) (types.PerNetworkOptions, error) {
	var opts types.PerNetworkOptions
	if options == "" {
		return opts, nil
	}
	for option := range strings.SplitSeq(options, ",") {
		key, value, _ := strings.Cut(option, "=")
		switch key {
		case "ip", "ip6":
			ip := net.ParseIP(value)
			if ip == nil {
				return opts, fmt.Errorf("invalid ip address %q", value)
			}
			if v4 := ip.To4(); v4 != nil {
				ip = v4
			}
			opts.StaticIPs = append(opts.StaticIPs, ip)
		case "mac":
			mac, err := net.ParseMAC(value)
			if err != nil {
				return opts, err
			}
			opts.StaticMAC = types.HardwareAddr(mac)
		case "alias":
			if value == "" {
				return opts, errors.New("alias cannot be empty")
			}
			opts.Aliases = append(opts.Aliases, value)
		case "interface_name":
			if value == "" {
				return opts, errors.New("interface_name cannot be empty")
			}
			opts.InterfaceName = value
		default:
			mergeInto(&opts.Options, map[string]string{key: value})
		}
	}
	return opts, nil
}
