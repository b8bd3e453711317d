package network

import "github.com/containers/common/libnetwork/types"

// Details are a network with the containers that are on it.
type Details struct {
	types.Network
	// Containers by full ID: those running with an interface on the network.
	Containers map[string]Member `json:"containers"`
}

// Id is ID, as other objects that are inspected have it.
func (d Details) Id() string { return d.ID } //nolint:revive // templates are written with either

// Member is one container on a network.
type Member struct {
	Name string `json:"name"`
	// Interfaces by name, as Setup returned them.
	Interfaces map[string]types.NetInterface `json:"interfaces,omitempty"`
}

// RemoveOptions say what may be done so that a network can go.
type RemoveOptions struct {
	// Force removes the containers and pods that use the network first.
	Force bool
	// Timeout is what these get to stop, in seconds; nil for their own.
	Timeout *uint
}

// Pruned is the fate of one network in a prune: removed, or Err says why not.
type Pruned struct {
	Name string
	Err  error
}

// DisconnectOptions say how a container is taken off a network.
type DisconnectOptions struct {
	// Force goes on where the network cannot be torn down.
	Force bool
}

// ReloadOptions say whose firewall rules are made anew.
type ReloadOptions struct {
	// Containers by name, ID or ID prefix; or All running ones; or the Latest.
	Containers  []string
	All, Latest bool
}

// Reloaded is the fate of one container in a reload; Err says why not.
type Reloaded struct {
	ID  string
	Err error
}
