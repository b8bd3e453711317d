package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containers/common/libnetwork/types"

	"github.com/podctl/podctl/pkg/errdefs"
)

// CreateOptions describe a network to make.
type CreateOptions struct {
	// Network as wanted; Name empty means the next free podmanN, Driver empty
	// means bridge. ID must be empty.
	Network types.Network
	// IgnoreIfExists returns the network that has the name already.
	IgnoreIfExists bool
}

// Create makes a network and returns it with everything filled in.
// Errors: ErrNetworkExists, ErrInvalidArg. Not idempotent unless IgnoreIfExists.
func (b *Backend) Create(ctx context.Context, opts CreateOptions) (types.Network, error) {
	if err := ctx.Err(); err != nil {
		return types.Network{}, err
	}
	if isModeWord(opts.Network.Name) {
		return types.Network{}, &classed{
			fmt.Errorf("cannot create network with name %q because it conflicts with a valid network mode", opts.Network.Name),
			errdefs.ErrInvalidArgument,
		}
	}
	made, err := b.net.NetworkCreate(opts.Network, &types.NetworkCreateOptions{IgnoreIfExists: opts.IgnoreIfExists})
	return made, classify(err)
}

// isModeWord: a network of that name could never be named in --network.
func isModeWord(name string) bool {
	switch name {
	case "none", "host", "bridge", "private", "slirp4netns", "pasta", "container", "ns", "default":
		return true
	}
	return false
}

// List returns the networks that pass every filter, sorted by name. The default
// network is there even where no file describes it.
func (b *Backend) List(ctx context.Context, filters ...types.FilterFunc) ([]types.Network, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	list, err := interruptibly(ctx, func() ([]types.Network, error) { return b.net.NetworkList(filters...) })
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	slices.SortFunc(list, func(a, b types.Network) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// Inspect returns a network by name, ID or unique ID prefix; ErrNoSuchNetwork.
func (b *Backend) Inspect(ctx context.Context, nameOrID string) (types.Network, error) {
	if err := ctx.Err(); err != nil {
		return types.Network{}, err
	}
	found, err := interruptibly(ctx, func() (types.Network, error) { return b.net.NetworkInspect(nameOrID) })
	return found, classify(err)
}

// Exists tells whether Inspect would find the network.
func (b *Backend) Exists(ctx context.Context, nameOrID string) (bool, error) {
	_, err := b.Inspect(ctx, nameOrID)
	if errors.Is(err, errdefs.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Remove deletes a network's description and its leases. It does not look
// whether a container uses it; the default network is refused. Errors:
// ErrNoSuchNetwork.
func (b *Backend) Remove(ctx context.Context, nameOrID string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return classify(b.net.NetworkRemove(nameOrID))
}

// Update changes a network's DNS servers, for running containers too.
func (b *Backend) Update(ctx context.Context, nameOrID string, opts types.NetworkUpdateOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.requireNetavark(); err != nil {
		return err
	}
	before, err := b.net.NetworkInspect(nameOrID)
	if err != nil {
		return classify(err)
	}
	if len(opts.AddDNSServers) == 0 && !slices.ContainsFunc(opts.RemoveDNSServers, func(server string) bool {
		return net.ParseIP(server) == nil || slices.Contains(before.NetworkDNSServers, server)
	}) {
		return nil // the library would have netavark change nothing, which that refuses
	}
	err = b.run(ctx, false, func() error { return b.net.NetworkUpdate(nameOrID, opts) })
	if err == nil {
		return nil
	}
	// netavark, which comes last, fails where there is no name server to tell.
	after, inspectErr := b.net.NetworkInspect(nameOrID)
	if inspectErr == nil && !slices.Equal(before.NetworkDNSServers, after.NetworkDNSServers) && !b.hasNameServer(after.Name) {
		return nil
	}
	return classify(err)
}

// hasNameServer reports whether aardvark-dns answers on a network: one that
// containers run on.
func (b *Backend) hasNameServer(name string) bool {
	for _, suffix := range []string{"", "%int"} { // of an internal network
		if _, err := os.Stat(filepath.Join(b.dnsDir(), name+suffix)); err == nil {
			return true
		}
	}
	return false
}
