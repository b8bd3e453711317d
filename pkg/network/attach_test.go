package network

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/containers/common/pkg/config"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"go.etcd.io/bbolt"

	"github.com/podctl/podctl/pkg/errdefs"
)

const testID = "1111111111111111111111111111111111111111111111111111111111111111"

// host is a Backend over a host network of its own, with one network on it.
type host struct {
	*Backend
	t *testing.T
}

// inOwnHost runs the calling test again in a process with its own network and
// mount namespaces, as it makes bridges and firewall rules. It reports true in
// that process; in the first one the test has nothing more to do.
func inOwnHost(t *testing.T) bool {
	t.Helper()
	requireRoot(t)
	const marker = "PODCTL_TEST_OWN_HOST"
	if os.Getenv(marker) == "1" {
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), marker+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	require.NoError(t, err)
	return false
}

func newHost(t *testing.T) *host {
	t.Helper()
	conf, err := config.New(&config.Options{})
	require.NoError(t, err)
	if _, err := conf.FindHelperBinary("netavark", false); err != nil {
		t.Skip("requires netavark")
	}
	dir := t.TempDir()
	b, err := Open(Config{
		ConfigDir: filepath.Join(dir, "networks"), RunDir: filepath.Join(dir, "run"), Containers: conf,
	})
	require.NoError(t, err)
	subnet, err := types.ParseCIDR("10.231.7.0/24")
	require.NoError(t, err)
	_, err = b.Create(t.Context(), CreateOptions{Network: types.Network{
		Name: "nettest", NetworkInterface: "nettest0", Subnets: []types.Subnet{{Subnet: subnet}},
	}})
	require.NoError(t, err)
	return &host{Backend: b, t: t}
}

// attachment has a namespace of its own, removed at the end.
func (h *host) attachment(id string) Attachment {
	h.t.Helper()
	path := filepath.Join(h.t.TempDir(), "ns")
	require.NoError(h.t, CreateNS(path, ""))
	a := testAttachment(id, path)
	h.t.Cleanup(func() {
		require.NoError(h.t, h.Teardown(context.Background(), a))
		require.NoError(h.t, RemoveNS(path))
	})
	return a
}

func testAttachment(id, nsPath string) Attachment {
	return Attachment{
		ID: id, Name: "web", NSPath: nsPath,
		Networks: map[string]types.PerNetworkOptions{"nettest": {InterfaceName: "eth0"}},
		Ports:    []types.PortMapping{{HostPort: 18080, ContainerPort: 80, Protocol: "tcp", Range: 1}},
	}
}

func (h *host) rules() string {
	h.t.Helper()
	out, err := exec.Command("iptables-save", "-t", "nat").CombinedOutput()
	require.NoError(h.t, err, string(out))
	return string(out)
}

// requireClean is the point of all this: nothing of the container is left.
func (h *host) requireClean(a Attachment) {
	h.t.Helper()
	leases, err := h.leases.of(a.ID)
	require.NoError(h.t, err)
	require.Empty(h.t, leases)
	require.False(h.t, hasLink(a.NSPath, "eth0"), "eth0 is left")
	_, err = netlink.LinkByName("nettest0")
	require.True(h.t, isNoLink(err), "the bridge is left")
	require.NotContains(h.t, h.rules(), "10.231.7.", "firewall rules are left")
	require.NoFileExists(h.t, a.NSPath+".teardown")
	require.NoFileExists(h.t, a.NSPath+noteSuffix)
}

// members counts the interfaces on the network's bridge.
func (h *host) members() (n int) {
	h.t.Helper()
	bridge, err := netlink.LinkByName("nettest0")
	require.NoError(h.t, err)
	links, err := netlink.LinkList()
	require.NoError(h.t, err)
	for _, link := range links {
		if link.Attrs().MasterIndex == bridge.Attrs().Index {
			n++
		}
	}
	return n
}

// loseNS removes the namespace of a container that is set up, and waits until
// the kernel, which does so in the background, has taken its interface away.
func (h *host) loseNS(a Attachment) {
	h.t.Helper()
	before := h.members()
	require.NoError(h.t, RemoveNS(a.NSPath))
	require.Eventually(h.t, func() bool { return h.members() == before-1 }, 20*time.Second, 5*time.Millisecond)
}

// lease claims an address as an interrupted libnetwork would.
func (h *host) lease(id, ip string) {
	h.t.Helper()
	db, err := bbolt.Open(h.leases.path, 0o600, nil)
	require.NoError(h.t, err)
	defer db.Close()
	require.NoError(h.t, db.Update(func(tx *bbolt.Tx) error {
		network, err := tx.CreateBucketIfNotExists([]byte("nettest"))
		require.NoError(h.t, err)
		_, err = network.CreateBucketIfNotExists([]byte("10.231.7.0/24"))
		return err
	}))
	require.NoError(h.t, db.Close())
	kept, err := h.leases.keep(id, "nettest", []net.IP{net.ParseIP(ip)})
	require.NoError(h.t, err)
	require.True(h.t, kept)
}

func TestSetup(t *testing.T) {
	if !inOwnHost(t) {
		return
	}
	h := newHost(t)
	t.Run("connects and teardown leaves nothing", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		status, err := h.Setup(t.Context(), a)
		require.NoError(t, err)
		ip := status["nettest"].Interfaces["eth0"].Subnets[0].IPNet.IP.String()
		require.True(t, strings.HasPrefix(ip, "10.231.7."), ip)
		require.NoFileExists(t, a.NSPath+noteSuffix)
		require.Contains(t, h.rules(), "--to-destination "+ip+":80")
		require.NoError(t, h.Teardown(t.Context(), a))
		h.requireClean(a)
		require.NoError(t, h.Teardown(t.Context(), a), "again")
	})
	t.Run("may be repeated after it was killed at its end", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		_, err := h.Setup(t.Context(), a)
		require.NoError(t, err)
		_, err = h.Setup(t.Context(), a)
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(h.rules(), "-j DNAT --to-destination"))
		require.NoError(t, h.Teardown(t.Context(), a))
		h.requireClean(a)
	})
	t.Run("may be repeated after it was killed with a lease and no interface", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		h.lease(testID, "10.231.7.77")
		require.NoError(t, note(a.NSPath, nil))
		status, err := h.Setup(t.Context(), a)
		require.NoError(t, err)
		require.Len(t, status, 1)
		require.NoError(t, h.Teardown(t.Context(), a))
		h.requireClean(a)
	})
	t.Run("a failure leaves nothing", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		a.Networks = map[string]types.PerNetworkOptions{
			"nettest": {InterfaceName: "eth0"},
			"missing": {InterfaceName: "eth1"},
		}
		_, err := h.Setup(t.Context(), a)
		require.ErrorIs(t, err, errdefs.ErrNoSuchNetwork)
		require.EqualError(t, err, "set up network: unable to find network with name or ID missing: network not found")
		h.requireClean(a)
	})
	t.Run("a failure inside netavark leaves nothing and says why on one line", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		// Without a search path netavark finds no iptables: it fails after the
		// interface was made.
		t.Setenv("PATH", "/usr/sbin-is-not-here")
		_, err := h.Setup(t.Context(), a)
		require.ErrorIs(t, err, errdefs.ErrUnavailable)
		require.ErrorContains(t, err, "set up network: netavark")
		require.NotContains(t, err.Error(), "\n")
		t.Setenv("PATH", "/usr/sbin:/usr/bin")
		h.requireClean(a)
	})
	t.Run("without a namespace is refused", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		require.NoError(t, RemoveNS(a.NSPath))
		_, err := h.Setup(t.Context(), a)
		require.ErrorIs(t, err, errdefs.ErrInvalidState)
		h.requireClean(a)
	})
	t.Run("an address in use is refused and stays with its owner", func(t *testing.T) {
		h.t = t
		first := h.attachment(testID)
		first.Networks["nettest"] = types.PerNetworkOptions{InterfaceName: "eth0", StaticIPs: []net.IP{net.ParseIP("10.231.7.50")}}
		_, err := h.Setup(t.Context(), first)
		require.NoError(t, err)
		before := h.rules()
		second := h.attachment(strings.Repeat("2", 64))
		second.Networks = first.Networks
		_, err = h.Setup(t.Context(), second)
		require.ErrorContains(t, err, "requested ip address 10.231.7.50 is already allocated to container ID "+testID)
		require.Equal(t, ruleLines(before), ruleLines(h.rules()))
		require.NoError(t, h.Teardown(t.Context(), first))
		h.requireClean(first)
	})
}

// ruleLines drops comments (times) and counters.
func ruleLines(save string) (rules []string) {
	for line := range strings.Lines(save) {
		if strings.HasPrefix(line, "-A") {
			rules = append(rules, line)
		}
	}
	return rules
}

func TestTeardown(t *testing.T) {
	if !inOwnHost(t) {
		return
	}
	h := newHost(t)
	t.Run("of what was never set up succeeds", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		require.NoError(t, h.Teardown(t.Context(), a))
		h.requireClean(a)
	})
	t.Run("after the namespace is gone", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		_, err := h.Setup(t.Context(), a)
		require.NoError(t, err)
		h.loseNS(a)
		require.NoError(t, h.Teardown(t.Context(), a))
		h.requireClean(a)
	})
	t.Run("after the interface and the lease are gone", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		_, err := h.Setup(t.Context(), a)
		require.NoError(t, err)
		require.NoError(t, h.leases.free(testID, []string{"nettest"}))
		require.NoError(t, h.Teardown(t.Context(), a))
		h.requireClean(a)
	})
	t.Run("after netavark was killed, and podctl when libnetwork had freed the lease", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		_, err := h.Setup(t.Context(), a)
		require.NoError(t, err)
		pending, _, err := h.attached(t.Context(), a)
		require.NoError(t, err)
		require.NoError(t, note(a.NSPath, pending))
		require.NoError(t, dropLink(a.NSPath, "eth0"))
		require.NoError(t, h.leases.free(testID, []string{"nettest"}))
		require.NoError(t, h.Teardown(t.Context(), a))
		h.requireClean(a)
	})
	t.Run("notes what it undoes before it does", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		_, err := h.Setup(t.Context(), a)
		require.NoError(t, err)
		before := h.rules()
		require.NoError(t, os.Mkdir(a.NSPath+noteSuffix, 0o700)) // in the way of the note
		require.ErrorContains(t, h.Teardown(t.Context(), a), "note what is undone")
		require.Equal(t, before, h.rules())
		require.NoError(t, os.Remove(a.NSPath+noteSuffix))
		require.NoError(t, h.Teardown(t.Context(), a))
		h.requireClean(a)
	})
	t.Run("a note of an address that another container has is nothing to undo", func(t *testing.T) {
		h.t = t
		a, b := h.attachment(testID), h.attachment(strings.Repeat("3", 64))
		status, err := h.Setup(t.Context(), b)
		require.NoError(t, err)
		ip := status["nettest"].Interfaces["eth0"].Subnets[0].IPNet.IP
		require.NoError(t, note(a.NSPath, []attachedNet{{network: types.Network{Name: "nettest"}, options: types.PerNetworkOptions{StaticIPs: []net.IP{ip}}}}))
		before := h.rules()
		require.NoError(t, h.Teardown(t.Context(), a))
		require.Equal(t, before, h.rules())
		require.NoFileExists(t, a.NSPath+noteSuffix)
	})
	t.Run("after a roll-back was killed when all but its namespace was gone", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		require.NoError(t, CreateNS(a.NSPath+standInSuffix, ""))
		require.NoError(t, h.Teardown(t.Context(), a))
		h.requireClean(a)
	})
	t.Run("frees an address that libnetwork has lost", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		_, err := h.Setup(t.Context(), a)
		require.NoError(t, err)
		require.NoError(t, h.leases.update(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("nettest")).Bucket([]byte("10.231.7.0/24")).Put(net.ParseIP("10.231.7.99").To4(), []byte(testID))
		}))
		require.NoError(t, h.Teardown(t.Context(), a))
		h.requireClean(a)
	})
	t.Run("leaves the neighbour alone", func(t *testing.T) {
		h.t = t
		a, b := h.attachment(testID), h.attachment(strings.Repeat("3", 64))
		b.Ports = nil
		_, err := h.Setup(t.Context(), a)
		require.NoError(t, err)
		_, err = h.Setup(t.Context(), b)
		require.NoError(t, err)
		h.loseNS(a)
		require.NoError(t, h.Teardown(t.Context(), a))
		require.True(t, hasLink(b.NSPath, "eth0"))
		_, err = netlink.LinkByName("nettest0")
		require.NoError(t, err)
		require.NoError(t, h.Teardown(t.Context(), b))
		h.requireClean(b)
	})
	t.Run("after the network was removed frees the lease", func(t *testing.T) {
		h.t = t
		a := h.attachment(testID)
		a.Networks = map[string]types.PerNetworkOptions{"unknown": {}}
		require.NoError(t, h.Teardown(t.Context(), a))
	})
}

func TestReload(t *testing.T) {
	if !inOwnHost(t) {
		return
	}
	h := newHost(t)
	a := h.attachment(testID)
	before, err := h.Setup(t.Context(), a)
	require.NoError(t, err)
	rules := ruleLines(h.rules())
	for _, flag := range []string{"-F", "-X"} {
		require.NoError(t, exec.Command("iptables", "-t", "nat", flag).Run())
	}
	require.Empty(t, ruleLines(h.rules()))

	after, err := h.Reload(t.Context(), a, before)
	require.NoError(t, err)
	require.Equal(t, before, after, "addresses and MAC stay")
	require.ElementsMatch(t, rules, ruleLines(h.rules()))
	require.NoError(t, h.Teardown(t.Context(), a))
	h.requireClean(a)
}

// TestKilledSetup kills the process that sets up, at many instants from its
// start to after its end, and wants the next Setup and Teardown to put all right.
func TestKilledSetup(t *testing.T) {
	const child = "PODCTL_TEST_SETUP_CHILD"
	if dir := os.Getenv(child); dir != "" {
		setUpIn(t, dir)
		return
	}
	if !inOwnHost(t) {
		return
	}
	h := newHost(t)
	for step := range 8 {
		a := h.attachment(testID)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(step)*14*time.Millisecond)
		cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^TestKilledSetup$")
		cmd.Env = append(os.Environ(), child+"="+filepath.Dir(h.leases.path), "PODCTL_TEST_NS="+a.NSPath)
		err := cmd.Run() // killed, or done before it could be
		cancel()
		t.Logf("after %d ms: %v", step*14, err)

		status, err := h.Setup(t.Context(), a)
		require.NoError(t, err)
		ip := status["nettest"].Interfaces["eth0"].Subnets[0].IPNet.IP.String()
		require.Equal(t, 1, strings.Count(h.rules(), "-j DNAT --to-destination"), h.rules())
		require.Contains(t, h.rules(), "--to-destination "+ip+":80")
		require.NoError(t, h.Teardown(t.Context(), a))
		h.requireClean(a)
	}
}

// setUpIn is the process that gets killed: Setup on the parent's host.
func setUpIn(t *testing.T, runDir string) {
	conf, err := config.New(&config.Options{})
	require.NoError(t, err)
	b, err := Open(Config{ConfigDir: filepath.Join(filepath.Dir(runDir), "networks"), RunDir: runDir, Containers: conf})
	require.NoError(t, err)
	_, err = b.Setup(t.Context(), testAttachment(testID, os.Getenv("PODCTL_TEST_NS")))
	require.NoError(t, err)
}

func TestDNS(t *testing.T) {
	if !inOwnHost(t) {
		return
	}
	h := newHost(t)
	if _, err := h.conf.FindHelperBinary("aardvark-dns", false); err != nil {
		t.Skip("requires aardvark-dns")
	}
	_, err := h.Create(t.Context(), CreateOptions{Network: types.Network{Name: "named", NetworkInterface: "named0", DNSEnabled: true}})
	require.NoError(t, err)
	a := h.attachment(testID)
	a.Networks = map[string]types.PerNetworkOptions{"named": {Aliases: []string{"db"}}}
	status, err := h.Setup(t.Context(), a)
	require.NoError(t, err)
	servers, domains := dnsOf(status)
	require.Len(t, servers, 1)
	require.Equal(t, []string{"dns.podman"}, domains)

	records := filepath.Join(filepath.Dir(h.leases.path), "aardvark-dns", "named")
	require.Contains(t, content(t, records), testID)
	require.NoError(t, RemoveNS(a.NSPath))
	require.NoError(t, h.Teardown(t.Context(), a))
	require.NoFileExists(t, records)
}
