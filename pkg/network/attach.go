package network

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/containers/common/libnetwork/types"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Attachment is one container's place in its networks.
type Attachment struct {
	// ID of the container; the key of its leases and firewall rules. Required.
	ID string
	// Name of the container, which DNS resolves.
	Name string
	// Hostname inside the container.
	Hostname string
	// NSPath is the network namespace, as given to [CreateNS]. Required.
	NSPath string
	// Networks by name, with addresses, aliases and interface name for each.
	// Networks without an interface name get the free ethN in order of their
	// names. Teardown must be given the same map as Setup.
	Networks map[string]types.PerNetworkOptions
	// Ports to forward from the host, with HostPort chosen (see [AssignHostPorts]).
	Ports []types.PortMapping
	// DNSServers replace the host's as the forwarders of the networks' DNS.
	DNSServers []string
}

// undoTime bounds the undoing of a setup that failed or was interrupted.
const undoTime = time.Minute

// Setup connects the namespace to every network of the attachment and returns,
// per network, the interfaces, addresses and DNS servers. What an interrupted
// Setup left behind is undone first, so a failed or killed call may be repeated;
// the namespace must not be in use yet on these networks. On error nothing stays.
//
// An end of the context kills netavark, and so does Config.Timeout. Errors: ErrNoSuchNetwork, ErrInvalidState (no namespace
// at NSPath), ErrUnavailable (no netavark).
func (b *Backend) Setup(ctx context.Context, a Attachment) (map[string]types.StatusBlock, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := b.requireNetavark(); err != nil {
		return nil, err
	}
	if !HasNS(a.NSPath) {
		return nil, fmt.Errorf("no network namespace at %s: %w", a.NSPath, errdefs.ErrInvalidState)
	}
	if interrupted(a) {
		if err := b.Teardown(ctx, a); err != nil {
			return nil, fmt.Errorf("undo an interrupted network setup: %w", err)
		}
	}
	if err := note(a.NSPath, nil); err != nil {
		return nil, err
	}
	options := b.options(a)
	var status map[string]types.StatusBlock
	err := b.run(ctx, !b.mayHaveDNS(maps.Keys(options.Networks)), func() (err error) {
		status, err = b.net.Setup(a.NSPath, types.SetupOptions{NetworkOptions: options})
		return err
	})
	if err == nil {
		err = b.dropNote(a.NSPath)
	}
	if err == nil {
		return status, nil
	}
	err = fmt.Errorf("set up network: %w", attachError(err))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	if undo := b.undoFailed(ctx, a, options.Networks); undo != nil {
		err = fmt.Errorf("%w (undo: %w)", err, undo)
	}
	return nil, err
}

// interrupted reports whether a call before this one may have left something: it has
// left its note, or was killed when the interfaces were there and nobody knew.
func interrupted(a Attachment) bool {
	if noted(a.NSPath) {
		return true
	}
	for _, options := range a.options().Networks {
		if hasLink(a.NSPath, options.InterfaceName) {
			return true
		}
	}
	return false
}

// options translates the attachment for libnetwork. Rules for ports would be in
// the namespace of the user's networks, where nobody comes from outside: there
// [Backend.Forward] serves them.
func (b *Backend) options(a Attachment) types.NetworkOptions {
	options := a.options()
	if b.rootless {
		options.PortMappings = nil
	}
	return options
}

// options translates the attachment. libnetwork writes addresses into the map
// it is given, so the caller's map is copied.
func (a Attachment) options() types.NetworkOptions {
	return types.NetworkOptions{
		ContainerID:       a.ID,
		ContainerName:     a.Name,
		ContainerHostname: a.Hostname,
		PortMappings:      a.Ports,
		Networks:          NameInterfaces(a.Networks),
		DNSServers:        a.DNSServers,
	}
}

// NameInterfaces copies the networks and gives each that has none an interface
// name, the first free ethN in the order of their names; the same input always
// gives the same names.
func NameInterfaces(networks map[string]types.PerNetworkOptions) map[string]types.PerNetworkOptions {
	used := map[string]bool{}
	for _, o := range networks {
		used[o.InterfaceName] = true
	}
	named := make(map[string]types.PerNetworkOptions, len(networks))
	next := 0
	for _, name := range slices.Sorted(maps.Keys(networks)) {
		o := networks[name]
		for o.InterfaceName == "" {
			if candidate := "eth" + strconv.Itoa(next); !used[candidate] {
				o.InterfaceName = candidate
			}
			next++
		}
		named[name] = o
	}
	return named
}
