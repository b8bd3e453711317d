package networkcmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/network"
)

// fakeEngine has the networks podman and web, on which one container is.
type fakeEngine struct {
	t       *testing.T
	created network.CreateOptions
	filters map[string][]string
	options network.RemoveOptions
	updated types.NetworkUpdateOptions

	connected string
}

func (e *fakeEngine) all() []types.Network {
	subnet, err := types.ParseCIDR("10.88.0.0/16")
	require.NoError(e.t, err)
	made := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return []types.Network{
		{Name: "podman", ID: strings.Repeat("2f", 32), Driver: "bridge", NetworkInterface: "podman0", Created: made,
			Subnets: []types.Subnet{{Subnet: subnet, Gateway: net.ParseIP("10.88.0.1")}}},
		{Name: "web", ID: strings.Repeat("ab", 32), Driver: "macvlan", Created: made, Labels: map[string]string{"b": "2", "a": "1"}},
	}
}

func (e *fakeEngine) find(name string) (types.Network, error) {
	for _, n := range e.all() {
		if n.Name == name {
			return n, nil
		}
	}
	return types.Network{}, fmt.Errorf("unable to find network with name or ID %s: %w", name, errdefs.ErrNoSuchNetwork)
}

func (e *fakeEngine) CreateNetwork(_ context.Context, opts network.CreateOptions) (types.Network, error) {
	e.created = opts
	if opts.Network.Name == "" {
		opts.Network.Name = "podman1"
	}
	return opts.Network, nil
}

func (e *fakeEngine) ListNetworks(_ context.Context, filters map[string][]string) ([]types.Network, error) {
	e.filters = filters
	return e.all(), nil
}

func (e *fakeEngine) InspectNetwork(_ context.Context, name string) (*network.Details, error) {
	n, err := e.find(name)
	if err != nil {
		return nil, err
	}
	details := &network.Details{Network: n}
	if name == "podman" {
		details.Containers = map[string]network.Member{"c1": {Name: "one", Interfaces: map[string]types.NetInterface{"eth0": {}}}}
	}
	return details, nil
}

func (e *fakeEngine) RemoveNetwork(_ context.Context, name string, opts network.RemoveOptions) error {
	e.options = opts
	if name == "podman" {
		return errors.New("default network podman cannot be removed")
	}
	_, err := e.find(name)
	if err == nil && !opts.Force {
		return fmt.Errorf("%q has associated containers with it. Use -f to forcibly delete containers and pods: %w", name, errdefs.ErrNetworkInUse)
	}
	return err
}

func (e *fakeEngine) PruneNetworks(_ context.Context, filters map[string][]string) ([]network.Pruned, error) {
	e.filters = filters
	return []network.Pruned{{Name: "web"}, {Name: "stuck", Err: errors.New("remove network stuck: busy")}}, nil
}

func (e *fakeEngine) NetworkExists(_ context.Context, name string) (bool, error) {
	_, err := e.find(name)
	return err == nil, nil
}

func (e *fakeEngine) UpdateNetwork(_ context.Context, _ string, opts types.NetworkUpdateOptions) error {
	e.updated = opts
	return nil
}

func (e *fakeEngine) ConnectNetwork(_ context.Context, name, container string, opts types.PerNetworkOptions) error {
	e.connected = fmt.Sprint(name, " ", container, " ", opts.StaticIPs, " ", opts.Aliases, " ", opts.StaticMAC.String())
	return nil
}

func (e *fakeEngine) DisconnectNetwork(_ context.Context, name, _ string, opts network.DisconnectOptions) error {
	if _, err := e.find(name); err != nil && !opts.Force {
		return err
	}
	return nil
}

func (e *fakeEngine) ReloadNetworks(_ context.Context, opts network.ReloadOptions) ([]network.Reloaded, error) {
	if opts.All {
		return []network.Reloaded{{ID: "c1"}, {ID: "c2", Err: errors.New("c2 is stopped")}}, nil
	}
	return []network.Reloaded{{ID: "id of " + opts.Containers[0]}}, nil
}

func run(t *testing.T, e *fakeEngine, input string, args ...string) cmdtest.Result {
	t.Helper()
	e.t = t
	env := cmdtest.New(t)
	env.In.WriteString(input)
	group := NewGroup(env.Factory, func(context.Context) (Engine, error) { return e, nil })
	cmd, _, err := group.Find(args[:1])
	require.NoError(t, err)
	group.RemoveCommand(cmd)
	if cmd.Name() != args[0] {
		cmd.Use = args[0] // an alias, run by its name
	}
	return env.Run("network", cmd, args[1:]...)
}

const (
	prunePrompt = "WARNING! This will remove all networks not used by at least one container.\nAre you sure you want to continue? [y/N] "
	inUse       = "Error: \"web\" has associated containers with it. Use -f to forcibly delete containers and pods: network is being used\n"
	missing     = "Error: unable to find network with name or ID nope: network not found\n"
)

func TestNetwork(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		input string
		want  cmdtest.Result
	}{
		{name: "create_prints_the_name", args: []string{"create", "new"}, want: cmdtest.Result{Stdout: "new\n"}},
		{name: "create_without_a_name", args: []string{"create"}, want: cmdtest.Result{Stdout: "podman1\n"}},
		{name: "create_gateway_alone", args: []string{"create", "--gateway", "10.0.0.1"}, want: cmdtest.Result{Code: 125, Stderr: "Error: cannot set gateway or range without subnet\n"}},
		{name: "create_range_alone", args: []string{"create", "--ip-range", "10.0.0.0/28"}, want: cmdtest.Result{Code: 125, Stderr: "Error: cannot set gateway or range without subnet\n"}},
		{name: "create_gateways", args: []string{"create", "--subnet", "10.0.0.0/24", "--gateway", "10.0.0.1,10.0.0.2"}, want: cmdtest.Result{Code: 125, Stderr: "Error: cannot set more gateways than subnets\n"}},
		{name: "create_ranges", args: []string{"create", "--subnet", "10.0.0.0/24", "--ip-range", "10.0.0.0/28", "--ip-range", "10.0.0.0/29"}, want: cmdtest.Result{Code: 125, Stderr: "Error: cannot set more ranges than subnets\n"}},
		{name: "create_bad_subnet", args: []string{"create", "--subnet", "x"}, want: cmdtest.Result{Code: 125, Stderr: "Error: invalid CIDR address: x\n"}},
		{name: "create_bad_range", args: []string{"create", "--subnet", "10.0.0.0/24", "--ip-range", "a-b"}, want: cmdtest.Result{Code: 125, Stderr: "Error: range start ip \"a\" is not a valid ip address\n"}},
		{name: "create_bad_route", args: []string{"create", "--route", "10.1.0.0/16,x"}, want: cmdtest.Result{Code: 125, Stderr: "Error: invalid route gateway x\n"}},
		{name: "ls", args: []string{"ls"}, want: cmdtest.Result{Stdout: "NETWORK ID    NAME        DRIVER\n2f2f2f2f2f2f  podman      bridge\nabababababab  web         macvlan\n"}},
		{name: "list_is_ls", args: []string{"list", "--noheading"}, want: cmdtest.Result{Stdout: "2f2f2f2f2f2f  podman      bridge\nabababababab  web         macvlan\n"}},
		{name: "ls_full_ids", args: []string{"ls", "--no-trunc", "--format", "{{.ID}}"}, want: cmdtest.Result{Stdout: strings.Repeat("2f", 32) + "\n" + strings.Repeat("ab", 32) + "\n"}},
		{name: "ls_quiet", args: []string{"ls", "-q"}, want: cmdtest.Result{Stdout: "podman\nweb\n"}},
		{name: "ls_labels", args: []string{"ls", "--format", "{{.Name}}:{{.Labels}}:{{.NetworkInterface}}"}, want: cmdtest.Result{Stdout: "podman::podman0\nweb:a=1,b=2:\n"}},
		{name: "ls_table", args: []string{"ls", "--format", "table {{.ID}} {{.Name}}"}, want: cmdtest.Result{Stdout: "NETWORK ID    NAME\n2f2f2f2f2f2f  podman\nabababababab  web\n"}},
		{name: "inspect_template", args: []string{"inspect", "--format", "{{.Name}} {{.Driver}}", "web"}, want: cmdtest.Result{Stdout: "web macvlan\n"}},
		{name: "inspect_missing", args: []string{"inspect", "nope", "gone"}, want: cmdtest.Result{Code: 125, Stdout: "[]\n",
			Stderr: "network gone: unable to find network with name or ID gone: network not found\nError: network nope: unable to find network with name or ID nope: network not found\n"}},
		{name: "rm_force", args: []string{"rm", "-f", "web", "nope"}, want: cmdtest.Result{Stdout: "web\n"}},
		{name: "rm_in_use_is_2", args: []string{"rm", "web"}, want: cmdtest.Result{Code: 2, Stderr: inUse}},
		{name: "rm_missing_is_1", args: []string{"rm", "web", "nope"}, want: cmdtest.Result{Code: 1, Stderr: inUse + missing}},
		{name: "rm_default_is_125", args: []string{"rm", "podman"}, want: cmdtest.Result{Code: 125, Stderr: "Error: default network podman cannot be removed\n"}},
		{name: "rm_none", args: []string{"rm"}, want: cmdtest.Result{Code: 125, Stderr: "Error: requires at least 1 arg(s), only received 0\n"}},
		{name: "prune_asks", args: []string{"prune"}, input: "n\n", want: cmdtest.Result{Stdout: prunePrompt}},
		{name: "prune_yes", args: []string{"prune"}, input: "Y\n", want: cmdtest.Result{Code: 125, Stdout: prunePrompt + "web\n", Stderr: "Error: remove network stuck: busy\n"}},
		{name: "prune_force", args: []string{"prune", "--force"}, want: cmdtest.Result{Code: 125, Stdout: "web\n", Stderr: "Error: remove network stuck: busy\n"}},
		{name: "exists", args: []string{"exists", "web"}},
		{name: "exists_not", args: []string{"exists", "nope"}, want: cmdtest.Result{Code: 1}},
		{name: "connect_is_silent", args: []string{"connect", "--ip", "10.0.0.2", "web", "c"}},
		{name: "connect_one", args: []string{"connect", "web"}, want: cmdtest.Result{Code: 125, Stderr: "Error: accepts 2 arg(s), received 1\n"}},
		{name: "disconnect_missing", args: []string{"disconnect", "nope", "c"}, want: cmdtest.Result{Code: 125, Stderr: missing}},
		{name: "disconnect_force", args: []string{"disconnect", "-f", "nope", "c"}},
		{name: "reload_one", args: []string{"reload", "c"}, want: cmdtest.Result{Stdout: "id of c\n"}},
		{name: "reload_all", args: []string{"reload", "-a"}, want: cmdtest.Result{Code: 125, Stdout: "c1\n", Stderr: "Error: c2 is stopped\n"}},
		{name: "update", args: []string{"update", "--dns-add", "192.0.2.1", "web"}, want: cmdtest.Result{Stdout: "web\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, run(t, &fakeEngine{}, test.input, test.args...))
		})
	}
}

func TestCreateOptions(t *testing.T) {
	e := &fakeEngine{}
	run(t, e, "", "create", "--subnet", "10.90.0.0/24", "--gateway", "10.90.0.9", "--ip-range", "10.90.0.16/28",
		"--subnet", "fd00::/64", "--route", "10.1.0.0/16,10.90.0.3,7", "--label", "a=1", "-o", "mtu=1400", "--dns", "192.0.2.1,192.0.2.2",
		"--ipv6", "--internal", "--interface-name", "br9", "--ipam-driver", "host-local", "--ignore", "web")
	n := e.created.Network
	require.True(t, e.created.IgnoreIfExists)
	require.Equal(t, "web", n.Name)
	require.Equal(t, "bridge", n.Driver)
	require.Len(t, n.Subnets, 2)
	require.Equal(t, "10.90.0.9", n.Subnets[0].Gateway.String())
	require.Equal(t, "10.90.0.17 10.90.0.31", fmt.Sprint(n.Subnets[0].LeaseRange.StartIP, " ", n.Subnets[0].LeaseRange.EndIP))
	require.Nil(t, n.Subnets[1].Gateway)
	require.Equal(t, "10.1.0.0/16", n.Routes[0].Destination.String())
	require.Equal(t, uint32(7), *n.Routes[0].Metric)
	require.Equal(t, map[string]string{"a": "1"}, n.Labels)
	require.Equal(t, map[string]string{"mtu": "1400"}, n.Options)
	require.Equal(t, []string{"192.0.2.1", "192.0.2.2"}, n.NetworkDNSServers)
	require.Equal(t, map[string]string{"driver": "host-local"}, n.IPAMOptions)
	require.True(t, n.IPv6Enabled && n.Internal && n.DNSEnabled)
	require.Equal(t, "br9", n.NetworkInterface)

	run(t, e, "", "create", "--disable-dns")
	require.False(t, e.created.Network.DNSEnabled)
}

func TestConnectOptions(t *testing.T) {
	e := &fakeEngine{}
	run(t, e, "", "connect", "--alias", "a,b", "--ip6", "fd00::2", "--ip", "10.0.0.2", "--mac-address", "02:00:00:00:00:01", "web", "c")
	require.Equal(t, "web c [10.0.0.2 fd00::2] [a b] 02:00:00:00:00:01", e.connected)
}

func TestJSON(t *testing.T) {
	const podman = `          "name": "podman",
          "id": "2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f",
          "driver": "bridge",
          "network_interface": "podman0",
          "created": "2026-01-02T03:04:05Z",
          "subnets": [
               {
                    "subnet": "10.88.0.0/16",
                    "gateway": "10.88.0.1"
               }
          ],
          "ipv6_enabled": false,
          "internal": false,
          "dns_enabled": false`
	t.Run("inspect_tells_the_containers", func(t *testing.T) {
		require.Equal(t, "[\n     {\n"+podman+`,
          "containers": {
               "c1": {
                    "name": "one",
                    "interfaces": {
                         "eth0": {
                              "mac_address": ""
                         }
                    }
               }
          }
     }
]
`, run(t, &fakeEngine{}, "", "inspect", "podman").Stdout)
	})
	t.Run("without_containers_they_are_an_empty_map", func(t *testing.T) {
		require.Contains(t, run(t, &fakeEngine{}, "", "inspect", "web").Stdout, `"containers": {}`)
	})
	t.Run("ls_has_whole_ids_and_no_containers", func(t *testing.T) {
		got := run(t, &fakeEngine{}, "", "ls", "--format", "json").Stdout
		require.True(t, strings.HasPrefix(got, "[\n     {\n"+podman+"\n     },\n"), got)
	})
}
