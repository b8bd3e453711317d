package network

import (
	"testing"

	"github.com/containers/common/libnetwork/types"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestForwardedPortsAreInTheOrderOfTheirSockets(t *testing.T) {
	targets, err := targetsOf([]types.PortMapping{
		{ContainerPort: 80, HostPort: 8080, Range: 2, Protocol: "tcp"},
		{ContainerPort: 53, HostPort: 5353, Protocol: "tcp,udp"},
	})
	require.NoError(t, err)
	require.Equal(t, []forwarded{{"tcp", 80}, {"tcp", 81}, {"tcp", 53}, {"udp", 53}}, targets)

	_, err = targetsOf([]types.PortMapping{{ContainerPort: 1, HostPort: 1, Protocol: "sctp"}})
	require.ErrorIs(t, err, errdefs.ErrInvalidArg)
}

func TestUplinkErrorSaysWhatToDo(t *testing.T) {
	require.EqualError(t, uplinkError(Pasta, "passt", errorText("pasta failed with exit code 1:\nFailed to send 46 bytes to syslog\nNo external routable interface for IPv4\n")),
		"pasta failed with exit code 1: No external routable interface for IPv4 (this host has no default route, without which pasta does not start: use --network slirp4netns, none or a network of your own)")
	require.ErrorContains(t, uplinkError(Pasta, "passt", errorText("could not find pasta, x")), "install the Debian package passt")
	require.ErrorIs(t, uplinkError(Pasta, "passt", errorText("Failed to bind port 80")), errdefs.ErrInUse)
}

type errorText string

func (e errorText) Error() string { return string(e) }

func TestUplinkServesNamesAndHost(t *testing.T) {
	status := map[string]types.StatusBlock{Pasta: uplinkStatus(addresses([]string{"10.0.0.2", "fd00::2"}), addresses([]string{"169.254.1.2"})[0], addresses([]string{"169.254.1.1"}))}
	block, ok := uplinkOf(status)
	require.True(t, ok)
	require.Equal(t, "169.254.1.2", gatewayOf(block))
	require.Len(t, Addresses(status), 2)
	_, ok = uplinkOf(map[string]types.StatusBlock{"podman": {}})
	require.False(t, ok)
}

func TestUplinkIsKnownByItsCommandLine(t *testing.T) {
	require.True(t, servesNS([]string{"/usr/bin/pasta", "--config-net", "--netns", "/run/x/netns/1"}, "/run/x/netns/1"))
	require.True(t, servesNS([]string{"/usr/bin/slirp4netns", "--netns-type=path", "/run/x/netns/1", "tap0"}, "/run/x/netns/1"))
	require.False(t, servesNS([]string{"/usr/bin/pasta", "--netns", "/run/x/netns/2"}, "/run/x/netns/1"))
	require.False(t, servesNS([]string{"cat", "/run/x/netns/1"}, "/run/x/netns/1"))
}
