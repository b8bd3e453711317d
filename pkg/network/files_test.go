package network

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/containers/common/libnetwork/types"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func statusOf(t *testing.T, cidrs ...string) map[string]types.StatusBlock {
	t.Helper()
	var subnets []types.NetAddress
	for _, cidr := range cidrs {
		ip, subnet, err := net.ParseCIDR(cidr)
		require.NoError(t, err)
		subnets = append(subnets, types.NetAddress{IPNet: types.IPNet{IPNet: net.IPNet{IP: ip, Mask: subnet.Mask}}})
	}
	return map[string]types.StatusBlock{"web": {
		Interfaces:       map[string]types.NetInterface{"eth0": {Subnets: subnets}},
		DNSServerIPs:     []net.IP{net.ParseIP("10.89.0.1")},
		DNSSearchDomains: []string{"dns.podman"},
	}}
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestWriteHosts(t *testing.T) {
	dir := t.TempDir()
	base := filepath.Join(dir, "base")
	require.NoError(t, os.WriteFile(base, []byte("192.0.2.1 printer # upstairs\n"), 0o600))
	path := filepath.Join(dir, "hosts")

	t.Run("extra hosts, base file, host, then the container's names", func(t *testing.T) {
		require.NoError(t, WriteHosts(path, HostsOptions{
			BaseFile: base, ExtraHosts: []string{"db:10.0.0.9", "gw:host-gateway"},
			Names: []string{"web", "pod"}, Addresses: Addresses(statusOf(t, "10.89.0.5/24", "fd00::5/64")),
			HostIP: "10.89.0.1",
		}))
		require.Equal(t, "10.0.0.9\tdb\n10.89.0.1\tgw\n192.0.2.1\tprinter\n127.0.0.1\tlocalhost\n::1\tlocalhost\n"+
			"10.89.0.1\thost.containers.internal host.docker.internal\n10.89.0.5\tweb pod\nfd00::5\tweb pod\n", content(t, path))
	})
	t.Run("keeps the inode that containers have mounted", func(t *testing.T) {
		before, err := os.Stat(path)
		require.NoError(t, err)
		require.NoError(t, WriteHosts(path, HostsOptions{}))
		after, err := os.Stat(path)
		require.NoError(t, err)
		require.True(t, os.SameFile(before, after))
		require.Equal(t, "127.0.0.1\tlocalhost\n::1\tlocalhost\n", content(t, path))
	})
	t.Run("host-gateway without a host address is refused", func(t *testing.T) {
		require.ErrorContains(t, WriteHosts(path, HostsOptions{ExtraHosts: []string{"gw:host-gateway"}}),
			"host containers internal IP address is empty")
	})
}

func TestWriteResolvConf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	write := func(t *testing.T, opts ResolvOptions) string {
		t.Helper()
		require.NoError(t, WriteResolvConf(path, opts))
		return content(t, path)
	}
	t.Run("what the user says replaces the host's", func(t *testing.T) {
		require.Equal(t, "search a.example b.example\nnameserver 192.0.2.53\noptions ndots:2\n", write(t, ResolvOptions{
			Servers: []string{"192.0.2.53"}, Searches: []string{"a.example", "b.example"}, Options: []string{"ndots:2"},
			NSPath: "/nonexistent/ns",
		}))
	})
	t.Run("a network's DNS server comes before --dns", func(t *testing.T) {
		require.Equal(t, "nameserver 10.89.0.1\noptions ndots:2\n", write(t, ResolvOptions{
			Servers: []string{"192.0.2.53"}, Searches: []string{"."}, Options: []string{"ndots:2"},
			NSPath: "/nonexistent/ns", Status: statusOf(t, "10.89.0.5/24"),
		}))
	})
	t.Run("a network's search domain is used where the user names none", func(t *testing.T) {
		require.Contains(t, write(t, ResolvOptions{NSPath: "/nonexistent/ns", Status: statusOf(t, "10.89.0.5/24")}),
			"search dns.podman")
	})
}

func TestPorts(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	busy := uint16(l.Addr().(*net.TCPAddr).Port)

	t.Run("a taken port is named, and nothing stays reserved", func(t *testing.T) {
		free, err := AssignHostPorts([]types.PortMapping{{HostIP: "127.0.0.1", ContainerPort: 80}})
		require.NoError(t, err)
		wanted := append(free, types.PortMapping{HostIP: "127.0.0.1", HostPort: busy, ContainerPort: 81, Protocol: "tcp"})
		_, err = ReservePorts(wanted)
		require.ErrorIs(t, err, errdefs.ErrInUse)
		require.EqualError(t, err, "cannot listen on the TCP port: listen tcp4 "+l.Addr().String()+": bind: address already in use")
		files, err := ReservePorts(free)
		require.NoError(t, err)
		closeAll(files)
	})
	t.Run("reserved is held until the files are closed", func(t *testing.T) {
		ports, err := AssignHostPorts([]types.PortMapping{{HostIP: "127.0.0.1", ContainerPort: 80, Range: 3}, {ContainerPort: 53, Protocol: "udp"}})
		require.NoError(t, err)
		files, err := ReservePorts(ports)
		require.NoError(t, err)
		require.Len(t, files, 4)
		_, err = ReservePorts(ports)
		require.ErrorIs(t, err, errdefs.ErrInUse)
		closeAll(files)
		files, err = ReservePorts(ports)
		require.NoError(t, err)
		closeAll(files)
	})
	t.Run("given ports are kept and none is given out twice", func(t *testing.T) {
		ports, err := AssignHostPorts([]types.PortMapping{{HostPort: busy, ContainerPort: 1}, {ContainerPort: 2}, {ContainerPort: 3}, {ContainerPort: 4, Protocol: "sctp"}})
		require.NoError(t, err)
		require.Equal(t, busy, ports[0].HostPort)
		seen := map[uint16]bool{}
		for _, p := range ports {
			require.NotZero(t, p.HostPort)
			require.False(t, seen[p.HostPort])
			seen[p.HostPort] = true
		}
	})
}

func TestMoveHosts(t *testing.T) {
	ips := func(texts ...string) (list []net.IP) {
		for _, text := range texts {
			list = append(list, net.ParseIP(text))
		}
		return list
	}
	const others = "127.0.0.1\tlocalhost\n9.9.9.9\tmine\n"
	for name, tc := range map[string]struct {
		before   string
		was, now []net.IP
		after    string
	}{
		"one_more":          {others + "10.0.0.2\tid web\n", ips("10.0.0.2"), ips("10.0.0.2", "10.0.1.2"), others + "10.0.0.2\tid web\n10.0.1.2\tid web\n"},
		"one_less":          {others + "10.0.0.2\tid web\n10.0.1.2\tid web\n", ips("10.0.0.2", "10.0.1.2"), ips("10.0.1.2"), others + "10.0.1.2\tid web\n"},
		"another":           {others + "10.0.0.2\tid web\n", ips("10.0.0.2"), ips("127.0.0.1"), others + "127.0.0.1\tid web\n"},
		"as_it_is":          {"# kept\n" + others, ips("10.0.0.2"), ips("10.0.0.2"), "# kept\n" + others},
		"taken_away":        {others, ips("10.0.0.2"), ips("10.0.0.2", "10.0.1.2"), others},
		"nothing_was":       {others, nil, ips("10.0.1.2"), others},
		"killed_when_added": {others + "10.0.0.2\tid web\n10.0.1.2\tid web\n", ips("10.0.0.2"), ips("10.0.1.2"), others + "10.0.1.2\tid web\n"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hosts")
			require.NoError(t, os.WriteFile(path, []byte(tc.before), 0o600))
			for range 2 {
				require.NoError(t, MoveHosts(path, []string{"id", "web"}, tc.was, tc.now))
				require.Equal(t, tc.after, content(t, path))
			}
		})
	}
}
