package specflags

import (
	"net"
	"testing"

	"github.com/containers/common/libnetwork/types"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// plainPod is the description of pod create without any flag.
func plainPod() *engine.PodCreateOptions {
	argv := []string{"podctl", "create"}
	return &engine.PodCreateOptions{
		Config: &pod.Config{CreateCommand: argv, Share: []string{"ipc", "net", "uts"}, ShareParent: true},
		Infra:  &container.Config{Infra: true, CreateCommand: argv},
	}
}

func TestPodCreateOptions(t *testing.T) {
	tests := map[string]struct {
		args []string
		want func(o *engine.PodCreateOptions)
	}{
		"without_flags": {nil, func(*engine.PodCreateOptions) {}},
		"identity": {[]string{"--replace", "-l", "a=b", "--exit-policy", "stop", "--restart", "never", "-h", "box", "web"}, func(o *engine.PodCreateOptions) {
			o.Name, o.Replace = "web", true
			o.Config.Labels, o.Config.ExitPolicy, o.Config.Hostname = map[string]string{"a": "b"}, "stop", "box"
			o.Config.Restart = container.RestartPolicy{Name: "no"}
			o.Infra.Hostname, o.Infra.Restart, o.Infra.RestartSet = "box", o.Config.Restart, true
		}},
		"infra": {[]string{"-n", "web", "--infra-image", "i", "--infra-command", "/a  b", "--infra-name", "n", "--infra-conmon-pidfile", "p"}, func(o *engine.PodCreateOptions) {
			o.Name, o.InfraName = "web", "n"
			o.Infra.Image.RawName, o.Infra.Entrypoint, o.Infra.EntrypointSet, o.Infra.ConmonPidFile = "i", []string{"/a", "b"}, true, "/here/p"
		}},
		"without_infra": {[]string{"--infra=false", "--share-parent=false", "--infra-image", "i", "--infra-command", "c"}, func(o *engine.PodCreateOptions) {
			o.Infra, o.Config.Share = nil, nil
		}},
		"share_none_needs_no_infra":           {[]string{"--share", "none"}, func(o *engine.PodCreateOptions) { o.Infra, o.Config.Share = nil, nil }},
		"share_nothing_needs_no_infra":        {[]string{"--share", ""}, func(o *engine.PodCreateOptions) { o.Infra, o.Config.Share = nil, nil }},
		"share_none_with_infra_asked_for":     {[]string{"--share", "none", "--infra"}, func(o *engine.PodCreateOptions) { o.Config.Share = nil }},
		"no_infra_and_share_none":             {[]string{"--share", "none", "--infra=false"}, func(o *engine.PodCreateOptions) { o.Infra, o.Config.Share = nil, nil }},
		"share_replaces_the_default":          {[]string{"--share", "uts,pid,uts,user"}, func(o *engine.PodCreateOptions) { o.Config.Share = []string{"pid", "uts"} }},
		"share_adds_to_the_default":           {[]string{"--share", "+pid"}, func(o *engine.PodCreateOptions) { o.Config.Share = []string{"ipc", "net", "pid", "uts"} }},
		"share_cgroup_without_a_pod_cgroup":   {[]string{"--share", "cgroup", "--share-parent=false"}, func(o *engine.PodCreateOptions) { o.Config.Share, o.Config.ShareParent = []string{"cgroup"}, false }},
		"a_host_user_namespace_is_no_sharing": {[]string{"--userns", "host"}, func(o *engine.PodCreateOptions) { o.Infra.Namespaces.User.Mode = "host" }},
		"a_user_namespace_is_shared": {[]string{"--userns", "auto"}, func(o *engine.PodCreateOptions) {
			o.Infra.Namespaces.User.Mode, o.Config.Share = "auto", []string{"ipc", "net", "user", "uts"}
		}},
		"maps_are_shared": {[]string{"--uidmap", "0:1:2", "--pid", "ns:/p", "--uts", "host"}, func(o *engine.PodCreateOptions) {
			o.Config.Share = []string{"ipc", "net", "user", "uts"}
			o.Infra.Namespaces = container.Namespaces{
				User: container.Namespace{Mode: "private"}, UIDMap: []string{"0:1:2"},
				PID: container.Namespace{Mode: "ns", Value: "/p"}, UTS: container.Namespace{Mode: "host"},
			}
		}},
		"limits_are_the_pod's": {[]string{"--cpus", "2", "--cpuset-cpus", "0-9", "-m", "1k", "--memory-swap", "-1", "--cgroup-parent", "/x", "--device-read-bps", "/dev/a:1k", "--device-write-bps", "/dev/a:2", "--blkio-weight-device", "/dev/a:10"}, func(o *engine.PodCreateOptions) {
			o.Config.Resources = &specs.LinuxResources{
				CPU:    &specs.LinuxCPU{Period: ptr(uint64(100000)), Quota: ptr(int64(200000)), Cpus: "0,1,2"},
				Memory: &specs.LinuxMemory{Limit: ptr(int64(1024)), Swap: ptr(int64(-1))},
			}
			o.Config.CgroupParent = "/x"
			o.Config.ReadBPS, o.Config.WriteBPS = []container.Throttle{{Path: "/dev/a", Rate: 1024}}, []container.Throttle{{Path: "/dev/a", Rate: 2}}
			o.Config.BlkioWeightDevice = []string{"/dev/a:10"}
		}},
		"cores_that_do_not_exist_are_cut_off": {[]string{"--cpuset-cpus", "2-9"}, func(o *engine.PodCreateOptions) {
			o.Config.Resources = &specs.LinuxResources{CPU: &specs.LinuxCPU{Cpus: "2,3"}}
		}},
		"cores_that_exist_stay_as_written": {[]string{"--cpuset-cpus", "0-1,3"}, func(o *engine.PodCreateOptions) {
			o.Config.Resources = &specs.LinuxResources{CPU: &specs.LinuxCPU{Cpus: "0-1,3"}}
		}},
		"security_and_storage": {[]string{"--security-opt", "label=disable", "--sysctl", "net.a=1", "--device", "/dev/x", "-v", "/a:/b", "--volumes-from", "c", "--shm-size", "1m"}, func(o *engine.PodCreateOptions) {
			o.Config.SecurityOpts, o.Config.VolumesFrom = []string{"label=disable"}, []string{"c"}
			o.Infra.Security = container.Security{LabelOpts: []string{"disable"}, Opts: []string{"label=disable"}, Sysctls: map[string]string{"net.a": "1"}, Devices: []string{"/dev/x"}}
			o.Infra.Storage = container.Storage{
				Mounts: []container.Mount{{Type: "bind", Source: "/a", Destination: "/b"}}, VolumesFrom: []string{"c"}, ShmSize: ptr(int64(1 << 20)),
			}
		}},
		"hosts_and_dns": {[]string{"--dns", "1.1.1.1,::1", "--dns-opt", "a", "--dns-search", ".", "--add-host", "a;b:host-gateway", "--add-host", "c:::1", "--hosts-file", "image", "--no-hostname"}, func(o *engine.PodCreateOptions) {
			o.Infra.Network = container.Network{
				DNSServers: []string{"1.1.1.1", "::1"}, DNSOptions: []string{"a"}, DNSSearch: []string{"."},
				HostAdd: []string{"a;b:host-gateway", "c:::1"}, HostsFile: "image", NoHostname: true,
			}
		}},
		"a_hosts_file_has_an_absolute_path": {[]string{"--hosts-file", "h"}, func(o *engine.PodCreateOptions) { o.Infra.Network.HostsFile = "/here/h" }},
		"dns_none": {[]string{"--dns", "none", "--no-hosts"}, func(o *engine.PodCreateOptions) {
			o.Infra.Network = container.Network{NoResolvConf: true, NoHosts: ptr(true)}
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := plainPod()
			tt.want(want)
			got, err := podCreate(t, tt.args...)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

func TestNetworkModes(t *testing.T) {
	ip := func(text string) net.IP {
		if v4 := net.ParseIP(text).To4(); v4 != nil {
			return v4
		}
		return net.ParseIP(text)
	}
	mac, err := net.ParseMAC("92:d0:c6:0a:29:33")
	require.NoError(t, err)
	bridge := container.Namespace{Mode: "bridge"}
	none := types.PerNetworkOptions{}
	tests := map[string]struct {
		args []string
		mode container.Namespace
		want container.Network
	}{
		"default":                        {[]string{"--network", "default"}, container.Namespace{}, container.Network{}},
		"bridge":                         {[]string{"--net", "bridge"}, bridge, container.Network{}},
		"none":                           {[]string{"--net", "none"}, container.Namespace{Mode: "none"}, container.Network{}},
		"host":                           {[]string{"--net", "host"}, container.Namespace{Mode: "host"}, container.Network{}},
		"private":                        {[]string{"--net", "private"}, container.Namespace{Mode: "private"}, container.Network{}},
		"path":                           {[]string{"--net", "ns:/x"}, container.Namespace{Mode: "ns", Value: "/x"}, container.Network{}},
		"slirp4netns":                    {[]string{"--net", "slirp4netns"}, container.Namespace{Mode: "slirp4netns"}, container.Network{}},
		"pasta_options":                  {[]string{"--net", "pasta:-4,--mtu=1"}, container.Namespace{Mode: "pasta"}, container.Network{Options: map[string][]string{"pasta": {"-4", "--mtu=1"}}}},
		"comma_list":                     {[]string{"--net", "b,a"}, bridge, container.Network{Networks: map[string]types.PerNetworkOptions{"a": none, "b": none}, Order: []string{"b", "a"}}},
		"bridge_and_named":               {[]string{"--net", "bridge", "--net", "a"}, bridge, container.Network{Networks: map[string]types.PerNetworkOptions{"default": none, "a": none}, Order: []string{"default", "a"}}},
		"bridge_options":                 {[]string{"--net", "bridge:alias=x"}, bridge, container.Network{Networks: map[string]types.PerNetworkOptions{"default": {Aliases: []string{"x"}}}, Order: []string{"default"}}},
		"mode_with_options_is_a_network": {[]string{"--net", "host:alias=x"}, bridge, container.Network{Networks: map[string]types.PerNetworkOptions{"host": {Aliases: []string{"x"}}}, Order: []string{"host"}}},
		"options": {
			[]string{"--net", "a:alias=x,alias=y,ip=1.1.1.1,ip6=::2,mac=92:d0:c6:0a:29:33,interface_name=e,host_interface_name=h", "--net", "b"}, bridge,
			container.Network{
				Networks: map[string]types.PerNetworkOptions{
					"a": {Aliases: []string{"x", "y"}, StaticIPs: []net.IP{ip("1.1.1.1"), ip("::2")}, StaticMAC: types.HardwareAddr(mac), InterfaceName: "e", Options: map[string]string{"host_interface_name": "h"}},
					"b": none,
				},
				Order: []string{"a", "b"},
			},
		},
		"flags_apply_to_the_network": {
			[]string{"--net", "a:ip=1.1.1.1", "--ip6", "::2", "--mac-address", "92:d0:c6:0a:29:33"}, bridge,
			container.Network{Networks: map[string]types.PerNetworkOptions{"a": {StaticIPs: []net.IP{ip("1.1.1.1"), ip("::2")}, StaticMAC: types.HardwareAddr(mac)}}, Order: []string{"a"}},
		},
		"aliases_apply_to_all_networks": {
			[]string{"--net", "a,b", "--network-alias", "x"}, bridge,
			container.Network{Networks: map[string]types.PerNetworkOptions{"a": {Aliases: []string{"x"}}, "b": {Aliases: []string{"x"}}}, Order: []string{"a", "b"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			env := testEnv()
			env.Rootless = true
			opts, err := podCreateIn(t, env, tt.args...)
			require.NoError(t, err)
			require.Equal(t, tt.mode, opts.Infra.Namespaces.Net)
			require.Equal(t, tt.want, opts.Infra.Network)
		})
	}
}

func TestPorts(t *testing.T) {
	tests := map[string]struct {
		texts []string
		want  []types.PortMapping
	}{
		"container_port_alone":   {[]string{"80"}, []types.PortMapping{{ContainerPort: 80, Range: 1, Protocol: "tcp"}}},
		"host_port":              {[]string{"8080:80/UDP"}, []types.PortMapping{{HostPort: 8080, ContainerPort: 80, Range: 1, Protocol: "udp"}}},
		"address":                {[]string{"127.0.0.1:8080:80"}, []types.PortMapping{{HostIP: "127.0.0.1", HostPort: 8080, ContainerPort: 80, Range: 1, Protocol: "tcp"}}},
		"address_and_random":     {[]string{"127.0.0.1::80"}, []types.PortMapping{{HostIP: "127.0.0.1", ContainerPort: 80, Range: 1, Protocol: "tcp"}}},
		"ipv6":                   {[]string{"[::1]:8080:80/sctp"}, []types.PortMapping{{HostIP: "::1", HostPort: 8080, ContainerPort: 80, Range: 1, Protocol: "sctp"}}},
		"range":                  {[]string{"8000-8002:80-82"}, []types.PortMapping{{HostPort: 8000, ContainerPort: 80, Range: 3, Protocol: "tcp"}}},
		"random_range":           {[]string{"80-82"}, []types.PortMapping{{ContainerPort: 80, Range: 3, Protocol: "tcp"}}},
		"the_same_twice_is_once": {[]string{"80:80", "80:80"}, []types.PortMapping{{HostPort: 80, ContainerPort: 80, Range: 1, Protocol: "tcp"}}},
		"protocols_do_not_conflict": {[]string{"80:1", "80:2/udp"}, []types.PortMapping{
			{HostPort: 80, ContainerPort: 1, Range: 1, Protocol: "tcp"}, {HostPort: 80, ContainerPort: 2, Range: 1, Protocol: "udp"},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ports, err := parsePorts(tt.texts)
			require.NoError(t, err)
			require.Equal(t, tt.want, ports)
		})
	}
}
