package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"

	"github.com/containers/common/libnetwork/types"
	"golang.org/x/sys/unix"
)

// raise is by how much the nice value of what holds libnetwork's lock is lower.
const raise = 10

// inFront runs fn, and the processes it starts, before what else waits for a
// processor: where many containers are connected at once, all others wait for the
// one that holds libnetwork's lock. Who may not have it so (CAP_SYS_NICE) runs fn as
// it is. A program that fn leaves behind would keep that for good, so that fn must
// not start aardvark-dns.
func inFront(fn func() error) error {
	runtime.LockOSThread() // nice values are a thread's, and its children have them from it: setpriority(2)
	defer runtime.UnlockOSThread()
	// The system call returns 20 minus the nice value, to be no error: getpriority(2).
	kernel, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	nice := 20 - kernel
	if err == nil && unix.Setpriority(unix.PRIO_PROCESS, 0, nice-raise) == nil {
		defer func() { _ = unix.Setpriority(unix.PRIO_PROCESS, 0, nice) }() // anyone may be nicer
	}
	return fn()
}

// mayHaveDNS reports whether netavark may start aardvark-dns for one of the
// networks.
func (b *Backend) mayHaveDNS(names iter.Seq[string]) bool {
	for name := range names {
		if network, err := b.read(name); err != nil || network.DNSEnabled {
			return true
		}
	}
	return false
}

// glance is Inspect by the whole name, for as much of a network as connecting and
// disconnecting ask for: the name, the driver, and who gives out addresses and
// answers for names. Where it can it asks the file and not libnetwork, for whose lock
// it would wait.
func (b *Backend) glance(ctx context.Context, name string) (types.Network, error) {
	if network, err := b.read(name); err == nil {
		return network, nil
	}
	return b.Inspect(ctx, name)
}

// read reads a network's file. libnetwork writes these in place: what is read
// meanwhile is no whole JSON, and an error. The default network, which libnetwork
// knows without a file, is a bridge without DNS then.
func (b *Backend) read(name string) (network types.Network, err error) {
	text, err := os.ReadFile(filepath.Join(b.configDir, name+".json"))
	if errors.Is(err, fs.ErrNotExist) && name == b.DefaultNetwork() {
		subnet, err := types.ParseCIDR(b.conf.Network.DefaultSubnet)
		return types.Network{Name: name, Driver: types.BridgeNetworkDriver, Subnets: []types.Subnet{{Subnet: subnet}}}, err
	}
	if err != nil {
		return types.Network{}, err
	}
	if err := json.Unmarshal(text, &network); err != nil {
		return types.Network{}, err
	}
	if network.Name != name {
		return types.Network{}, fmt.Errorf("the file of network %s is of network %s", name, network.Name)
	}
	return network, nil
}

// glancing is libnetwork for those who inspect a network for no more than glance
// finds out.
type glancing struct {
	types.ContainerNetwork
	b *Backend
}

func (g glancing) NetworkInspect(name string) (types.Network, error) {
	return g.b.glance(context.Background(), name)
}
