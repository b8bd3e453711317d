package specflags

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// kubePods are two pods, each as the flags change it.
func kubePods(t *testing.T, args ...string) (pods []*engine.PodCreateOptions, err error) {
	t.Helper()
	var flags KubeFlags
	err = parsed(t, func(cmd *cobra.Command) { flags.Bind(cmd.Flags()) }, func([]string) error {
		for place := range 2 {
			opts := &engine.PodCreateOptions{Config: &pod.Config{Share: []string{"net"}}, Infra: &container.Config{Infra: true}}
			opts.Infra.Network.HostAdd = []string{"a:1.2.3.4"}
			if err := flags.Pod(opts, place, "host", testEnv()); err != nil {
				return err
			}
			pods = append(pods, opts)
		}
		return nil
	}, args...)
	return pods, err
}

func TestKubeFlagsOfPods(t *testing.T) {
	pods, err := kubePods(t, "--network", "n", "--ip", "10.0.0.1", "--mac-address", "02:00:00:00:00:01,02:00:00:00:00:02", "--publish", "80:81", "--no-hostname")
	require.NoError(t, err)
	for i, p := range pods {
		n := p.Infra.Network
		require.Equal(t, container.ModeBridge, p.Infra.Namespaces.Net.Mode)
		require.Equal(t, []string{"n"}, n.Order)
		require.Len(t, n.Networks["n"].StaticIPs, 1-i, "the second pod has no address")
		require.EqualValues(t, i+1, n.Networks["n"].StaticMAC[5])
		require.EqualValues(t, 81, n.Ports[0].ContainerPort)
		require.True(t, n.NoHostname)
		require.True(t, p.Infra.Namespaces.User.IsHost())
		require.Equal(t, []string{"net"}, p.Config.Share)
	}
	pods, err = kubePods(t, "--userns", "auto")
	require.NoError(t, err)
	require.Equal(t, container.ModeAuto, pods[1].Infra.Namespaces.User.Mode)
	require.Equal(t, []string{"net", "user"}, pods[1].Config.Share)
}

func TestKubeFlagsFail(t *testing.T) {
	requireFailures(t, func(args ...string) error {
		_, err := kubePods(t, args...)
		return err
	}, []failure{
		{[]string{"--no-hosts"}, "HostAliases in yaml file will not work with --no-hosts"},
		{[]string{"--network", "host", "--ip", "10.0.0.1"}, "--ip can only be set when the network mode is bridge: invalid argument"},
		{[]string{"--network", "a", "--network", "b", "--mac-address", "02:00:00:00:00:01"}, "--mac-address can only be set for a single network: invalid argument"},
	})
}

func TestKubeFlagsOfContainers(t *testing.T) {
	var flags KubeFlags
	var c container.Config
	var pull engine.PullOptions
	err := parsed(t, func(cmd *cobra.Command) { flags.Bind(cmd.Flags()) }, func([]string) (err error) {
		if err := flags.Container(&c, testEnv()); err != nil {
			return err
		}
		pull, err = flags.Pull("newer")
		return err
	}, "--log-driver", "journald", "--log-opt", "tag=t", "-q", "--creds", "a:b", "--tls-verify=false", "--signature-policy", "x")
	require.NoError(t, err)
	require.Equal(t, container.Log{Driver: "journald", Tag: "t"}, c.Log)
	require.Equal(t, engine.PullOptions{Policy: "newer", Quiet: true, Creds: "a:b", TLSVerify: ptr(false)}, pull)
}
