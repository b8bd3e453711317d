package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Teardown disconnects the attachment from its networks: interfaces, firewall
// rules, DNS records and leases go. It is idempotent, and it works on what was
// never set up, was set up in part, or has lost its namespace or its network's
// description. After an error the leases stay, so that the next call can finish.
func (b *Backend) Teardown(ctx context.Context, a Attachment) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if noted(a.NSPath) { // else no call was interrupted
		if err := waitOrphans(ctx, a.NSPath, b.patience.forOrphans()); err != nil {
			return fmt.Errorf("tear down network: %w", err)
		}
	}
	pending, leased, err := b.attached(ctx, a)
	if err != nil {
		return fmt.Errorf("tear down network: %w", err)
	}
	if len(pending) > 0 {
		freed, err := b.detach(ctx, a, pending)
		if err != nil {
			return fmt.Errorf("tear down network: %w", attachError(err))
		}
		leased = leased && !freed
	}
	if err := b.dropStandIn(ctx, a.NSPath); err != nil {
		return fmt.Errorf("tear down network: %w", err)
	}
	if leased { // who finds the database open waits a long time, with libnetwork's lock
		if err := b.leases.free(a.ID, slices.Collect(maps.Keys(a.Networks))); err != nil {
			return err
		}
	}
	if err := b.dropNote(a.NSPath); err != nil || b.user.dir == "" {
		return err
	}
	return b.removeUnused()
}

// Forget gives up what Teardown could not undo: interfaces and leases go,
// firewall rules and DNS records may stay. Idempotent; runs no program.
func (b *Backend) Forget(a Attachment) error {
	for _, options := range a.options().Networks {
		if err := dropLink(a.NSPath, options.InterfaceName); err != nil {
			return fmt.Errorf("remove interface %s: %w", options.InterfaceName, err)
		}
	}
	if err := b.dropNote(a.NSPath); err != nil {
		return err
	}
	return b.leases.free(a.ID, slices.Collect(maps.Keys(a.Networks)))
}

// undoFailed clears what a failed Setup left. libnetwork has freed the leases by
// now but left the addresses in the options it was given; netavark cannot find
// the firewall rules without them.
func (b *Backend) undoFailed(ctx context.Context, a Attachment, tried map[string]types.PerNetworkOptions) error {
	for name, options := range tried {
		if len(options.StaticIPs) == 0 {
			continue // it did not come to this one
		}
		if _, err := b.leases.keep(a.ID, name, options.StaticIPs); err != nil {
			return err
		}
	}
	if err := b.Teardown(ctx, a); err != nil {
		// What made Setup fail (no iptables, say) fails its undoing too. To keep
		// the lease would make every later removal fail the same way.
		logrus.Debugf("undo failed network setup of %s: %v", a.ID, err)
	}
	return b.Forget(a)
}

// attachedNet is a network that still has something of the container's.
type attachedNet struct {
	network types.Network
	options types.PerNetworkOptions // StaticIPs are the addresses really held
	whole   bool                    // lease and interface are both there
	listed  bool                    // the lease is one that libnetwork frees whole
}

func (n attachedNet) hasDNS() bool { return n.network.DNSEnabled }

// attached finds the networks with a lease of the container, an interface in its
// namespace, or a note that they are being undone. Networks without a description are left out: netavark could
// do nothing for them. leased tells whether the container has any address.
func (b *Backend) attached(ctx context.Context, a Attachment) (pending []attachedNet, leased bool, err error) {
	leases, err := b.leases.of(a.ID)
	if err != nil {
		return nil, false, err
	}
	leased = len(leases) > 0
	taken := readNote(a.NSPath)
	for name, options := range a.options().Networks {
		lease, held := leases[name]
		linked := hasLink(a.NSPath, options.InterfaceName)
		if !held && !linked && len(taken[name]) > 0 {
			// Somebody else may have the address by now, and with it the rules.
			lease.ips = taken[name]
			if held, err = b.leases.keep(a.ID, name, lease.ips); err != nil {
				return nil, false, err
			}
			leased = leased || held
		}
		if !held && !linked {
			continue
		}
		network, err := b.glance(ctx, name)
		if errors.Is(err, errdefs.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		if !held {
			lease.ips = linkAddresses(a.NSPath, options.InterfaceName)
		}
		options.StaticIPs = lease.ips
		whole := linked && (held || !leasesAddresses(network))
		pending = append(pending, attachedNet{network, options, whole, held && lease.listed})
	}
	return pending, leased, nil
}

// detach lets netavark undo what is attached, and rolls back where it cannot. freed
// tells that libnetwork has freed every lease on the attachment's networks.
func (b *Backend) detach(ctx context.Context, a Attachment, pending []attachedNet) (freed bool, err error) {
	if err := b.requireNetavark(); err != nil {
		return false, err
	}
	if err := note(a.NSPath, pending); err != nil {
		return false, err
	}
	if !slices.ContainsFunc(pending, func(p attachedNet) bool { return !p.whole }) {
		err := b.netavarkTeardown(ctx, a, a.NSPath, pending)
		if err == nil {
			return len(pending) == len(a.Networks) && !slices.ContainsFunc(pending, func(p attachedNet) bool { return !p.listed }), nil
		}
		if ctx.Err() != nil {
			return false, err
		}
		logrus.Debugf("tear down networks of %s: %v; rolling back", a.ID, err)
	}
	for _, p := range pending {
		if err := dropLink(a.NSPath, p.options.InterfaceName); err != nil {
			return false, err
		}
	}
	return false, b.rollBack(ctx, a, pending)
}

// noteSuffix, after a container's NSPath, is the file that notes that netavark may be
// at work, with the addresses that are being taken away, as JSON by network; none
// during a setup. One that is there when nobody works on the container says that a
// call was interrupted. libnetwork frees the leases even when netavark failed, and
// without the addresses nobody finds the firewall rules: should podctl be killed
// then, the note still has them. It is not synced, as rules do not outlive a boot
// either.
const noteSuffix = ".undoing"

func note(nsPath string, pending []attachedNet) error {
	if nsPath == "" {
		return nil
	}
	addresses := make(map[string][]net.IP, len(pending))
	for _, p := range pending {
		addresses[p.network.Name] = p.options.StaticIPs
	}
	text, err := json.Marshal(addresses)
	if err != nil {
		return err
	}
	if err := os.WriteFile(nsPath+noteSuffix, text, 0o600); err != nil {
		return fmt.Errorf("note what is undone: %w", err)
	}
	return nil
}

// noted reports whether there is a note, or the beginning of one.
func noted(nsPath string) bool {
	_, err := os.Lstat(nsPath + noteSuffix)
	return nsPath != "" && err == nil
}

// readNote is what note wrote; nothing of one that is torn, as its writer had not
// begun then.
func readNote(nsPath string) (addresses map[string][]net.IP) {
	text, err := os.ReadFile(nsPath + noteSuffix)
	if err != nil || json.Unmarshal(text, &addresses) != nil {
		return nil
	}
	return addresses
}

// dropNote leaves the note where a call goes on that nobody waits for.
func (b *Backend) dropNote(nsPath string) error {
	if nsPath == "" || b.patience.left.Load() {
		return nil
	}
	if err := os.Remove(nsPath + noteSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("note what is undone: %w", err)
	}
	return nil
}

// standInSuffix, after a container's NSPath, is the namespace of rollBack: the
// name follows from the container's, so that what a killed call left is reused.
const standInSuffix = ".teardown"

// rollBack undoes networks that are there in part. netavark stops at the first
// thing it does not find and leaves the rest; so it is made to finish the setup
// first, with the same addresses, in an empty namespace, and then undoes it.
func (b *Backend) rollBack(ctx context.Context, a Attachment, pending []attachedNet) error {
	pending = slices.DeleteFunc(pending, func(p attachedNet) bool {
		return !keepsRules(p.network) || len(p.options.StaticIPs) == 0
	})
	if len(pending) == 0 {
		return nil
	}
	nsPath := a.NSPath + standInSuffix
	if err := CreateNS(nsPath, ""); err != nil {
		return err
	}
	err := b.inOut(ctx, a, nsPath, pending)
	if err != nil && ctx.Err() == nil {
		// aardvark-dns may have come or gone just then, at which netavark stops.
		logrus.Debugf("roll back networks of %s: %v; trying again", a.ID, err)
		err = b.inOut(ctx, a, nsPath, pending)
	}
	return errors.Join(err, RemoveNS(nsPath))
}

// dropStandIn removes the namespace of a rollBack that was killed when nothing
// else was left to undo.
func (b *Backend) dropStandIn(ctx context.Context, nsPath string) error {
	standIn := nsPath + standInSuffix
	if _, err := os.Lstat(standIn); nsPath == "" || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := waitOrphans(ctx, nsPath, b.patience.forOrphans()); err != nil {
		return err
	}
	return RemoveNS(standIn)
}

// keepsRules: macvlan and ipvlan have nothing outside the namespace.
func keepsRules(n types.Network) bool {
	return n.Driver != types.MacVLANNetworkDriver && n.Driver != types.IPVLANNetworkDriver
}

// inOut sets the pending networks up in nsPath and tears them down again.
func (b *Backend) inOut(ctx context.Context, a Attachment, nsPath string, pending []attachedNet) error {
	for _, p := range pending {
		// Also drops the interface of a call that was killed here.
		if err := dropLink(nsPath, p.options.InterfaceName); err != nil {
			return err
		}
	}
	if err := b.leases.free(a.ID, slices.Collect(maps.Keys(a.Networks))); err != nil {
		return err
	}
	// One that is only starting netavark would not see, and start a second one, which
	// takes the first one's pid file.
	b.awaitDNS(pending)
	options := b.options(a)
	options.Networks = optionsOf(pending)
	err := b.run(ctx, !slices.ContainsFunc(pending, attachedNet.hasDNS), func() error {
		_, err := b.net.Setup(nsPath, types.SetupOptions{NetworkOptions: options})
		return err
	})
	if err != nil {
		return errors.Join(err, b.keepLeases(a.ID, pending))
	}
	return b.netavarkTeardown(ctx, a, nsPath, pending)
}

// netavarkTeardown runs netavark once. libnetwork frees the leases even when
// netavark failed; they are taken back then.
func (b *Backend) netavarkTeardown(ctx context.Context, a Attachment, nsPath string, pending []attachedNet) error {
	b.awaitDNS(pending)
	if err := b.user.raise(b.leases); err != nil {
		return fmt.Errorf("count the containers on the user's networks: %w", err)
	}
	options := b.options(a)
	options.Networks = optionsOf(pending)
	err := b.run(ctx, !slices.ContainsFunc(pending, attachedNet.hasDNS), func() error {
		return b.net.Teardown(nsPath, types.TeardownOptions{NetworkOptions: options})
	})
	if err != nil {
		return errors.Join(err, b.keepLeases(a.ID, pending))
	}
	return nil
}

// dnsDir is where aardvark-dns has a file for each network it answers on.
func (b *Backend) dnsDir() string { return filepath.Join(filepath.Dir(b.leases.path), "aardvark-dns") }

// dnsTime is how long aardvark-dns may take to say that it runs.
const dnsTime = 2 * time.Second

// awaitDNS waits, where a network has DNS, for the pid file of aardvark-dns, without
// which netavark refuses to take a name away. netavark does not wait for it when it starts aardvark-dns,
// so a teardown soon after a setup may be too early.
func (b *Backend) awaitDNS(pending []attachedNet) {
	if !slices.ContainsFunc(pending, attachedNet.hasDNS) {
		return
	}
	dir := b.dnsDir()
	for deadline := time.Now().Add(dnsTime); time.Now().Before(deadline); time.Sleep(dnsTime / 200) {
		// The file is there, and empty, a moment before the pid is in it.
		if text, err := os.ReadFile(filepath.Join(dir, "aardvark.pid")); err == nil && len(text) > 0 {
			return
		}
		if _, err := os.Stat(dir); err != nil {
			return // it was never started
		}
	}
}

func (b *Backend) keepLeases(id string, pending []attachedNet) error {
	for _, p := range pending {
		if _, err := b.leases.keep(id, p.network.Name, p.options.StaticIPs); err != nil {
			return fmt.Errorf("keep leases: %w", err)
		}
	}
	return nil
}

func optionsOf(pending []attachedNet) map[string]types.PerNetworkOptions {
	options := make(map[string]types.PerNetworkOptions, len(pending))
	for _, p := range pending {
		o := p.options
		o.StaticIPs = slices.Clone[[]net.IP](o.StaticIPs)
		options[p.network.Name] = o
	}
	return options
}

// leasesAddresses tells whether libnetwork gives out the network's addresses;
// else DHCP or nobody does.
func leasesAddresses(n types.Network) bool {
	driver := n.IPAMOptions[types.Driver]
	return len(n.Subnets) > 0 && (driver == "" || driver == types.HostLocalIPAMDriver)
}
