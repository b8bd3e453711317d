package runtime

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

func TestInspectPod(t *testing.T) {
	ctx := context.Background()
	r := reader(t)
	period, quota, memory := uint64(100000), int64(150000), int64(1<<20)
	web := podRow("ab1", "web", 0, func(p *pod.Pod) {
		p.Config = &pod.Config{
			Hostname: "h", Labels: map[string]string{"k": "v"}, CreateCommand: []string{"podctl", "pod", "create"}, Share: []string{"uts", "ipc", "net"},
			ShareParent: true, CgroupParent: "/parent", CgroupPath: "/parent/x", ExitPolicy: "stop",
			Restart: container.RestartPolicy{Name: "on-failure", MaxRetries: 3}, ReadBPS: []container.Throttle{{Path: "/dev/sda", Rate: 5}},
			Resources: &specs.LinuxResources{CPU: &specs.LinuxCPU{Period: &period, Quota: &quota}, Memory: &specs.LinuxMemory{Limit: &memory}},
		}
	})
	noHosts := true
	infra := ctrRow("e2", "web-infra", 1, container.Running, asInfra(web), living(r), withConfig(func(c *container.Config) {
		c.Network.Ports = []types.PortMapping{{HostIP: "", HostPort: 8080, ContainerPort: 80, Range: 2, Protocol: "tcp"}}
		c.Network.Networks = map[string]types.PerNetworkOptions{"net1": {StaticIPs: []net.IP{net.IPv4(10, 0, 0, 9)}}}
		c.Network.DNSServers, c.Network.NoHosts = []string{"1.1.1.1"}, &noHosts
		c.Namespaces = container.Namespaces{
			PID: container.Namespace{Mode: container.ModeHost}, UTS: container.Namespace{Mode: container.ModePrivate}, User: container.Namespace{Mode: container.ModeHost},
		}
		c.Storage.Mounts = []container.Mount{{Type: "bind", Source: "/srv", Destination: "/data", Options: []string{"ro", "Z"}}}
	}))
	insertRows(t, r, web, infra, ctrRow("e1", "one", 2, container.Created, in(web)), ctrRow("e0", "new", 3, container.Creating, in(web)))

	want := `{"Id":"` + web.ID + `","Name":"web","Created":"CREATED","CreateCommand":["podctl","pod","create"],"ExitPolicy":"stop","State":"Degraded",
		"Hostname":"h","Labels":{"k":"v"},"CreateCgroup":true,"CgroupParent":"/parent","CgroupPath":"/parent/x","CreateInfra":true,"InfraContainerID":"` + infra.ID + `",
		"InfraConfig":{"PortBindings":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}],"81/tcp":[{"HostIp":"0.0.0.0","HostPort":"8081"}]},"HostNetwork":false,
		"StaticIP":"10.0.0.9","StaticMAC":"","NoManageResolvConf":false,"DNSServer":["1.1.1.1"],"DNSSearch":null,"DNSOption":null,"NoManageHostname":false,
		"NoManageHosts":true,"HostAdd":null,"HostsFile":"","Networks":["net1"],"NetworkOptions":null,"cpu_period":100000,"cpu_quota":150000,
		"pid_ns":"host","userns":"host","uts_ns":"private"},
		"SharedNamespaces":["ipc","net","uts"],"NumContainers":2,
		"Containers":[{"Id":"` + hexID("e1") + `","Name":"one","State":"created"},{"Id":"` + infra.ID + `","Name":"web-infra","State":"running"}],
		"cpu_period":100000,"cpu_quota":150000,
		"mounts":[{"Type":"bind","Source":"/srv","Destination":"/data","Driver":"","Mode":"Z","Options":["rbind"],"RW":false,"Propagation":"rprivate"}],
		"device_read_bps":[{"Path":"/dev/sda","Rate":5}],"memory_limit":1048576,"RestartPolicy":"on-failure","LockNumber":0}`
	want = strings.NewReplacer("\n\t\t", "", "CREATED", web.CreatedAt.Local().Format(time.RFC3339Nano)).Replace(want)
	for _, name := range []string{"web", "ab", web.ID} {
		p, err := r.InspectPod(ctx, name)
		require.NoError(t, err)
		got, err := json.Marshal(p)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
		require.Equal(t, web.ID, p.Id())
	}
	p, err := r.InspectLatestPod(ctx)
	require.NoError(t, err)
	require.Equal(t, "web", p.Name)
}

func TestInspectPodThatIsNotAsItShouldBe(t *testing.T) {
	ctx := context.Background()
	r := reader(t)
	_, err := r.InspectLatestPod(ctx)
	require.EqualError(t, err, "no such pod")
	_, err = r.InspectPod(ctx, "nosuch")
	require.ErrorIs(t, err, errdefs.ErrNoSuchPod)
	_, err = r.InspectPod(ctx, "")
	require.ErrorIs(t, err, errdefs.ErrEmptyName)
	bad, other := podRow("ab1", "bad", 0), podRow("ab2", "other", 1)
	insertRows(t, r, bad, other, ctrRow("e1", "one", 0, container.Created, in(bad)))
	_, err = r.InspectPod(ctx, "ab")
	require.EqualError(t, err, `more than one result for pod "ab": container already exists`)
	damage(t, r, "UPDATE pods SET config = '{', infra_id = 'gone' WHERE name = 'bad'")
	damage(t, r, "UPDATE containers SET config = '{' WHERE name = 'one'")
	p, err := r.InspectPod(ctx, "bad")
	require.NoError(t, err)
	require.Equal(t, "Error", p.State)
	require.Equal(t, []PodInspectContainer{{ID: hexID("e1"), Name: "one", State: "unknown"}}, p.Containers)
	c, err := r.InspectContainer(ctx, "one", false)
	require.NoError(t, err)
	require.Equal(t, "unknown", c.State.Status)
	require.Contains(t, c.State.Error, "configuration cannot be read")
}

// inspectOne inserts a container and inspects it.
func inspectOne(t *testing.T, change ...func(*container.Container)) *ContainerInspect {
	t.Helper()
	r := reader(t)
	data := &store.Volume{Name: "data", State: store.VolumeReady, Config: []byte(`{"Mountpoint":"/volumes/data"}`)}
	insertRows(t, r, data, ctrRow("e1", "one", 0, container.Created, change...))
	d, err := r.InspectContainer(context.Background(), "one", false)
	require.NoError(t, err)
	return d
}

func TestInspectContainerConfig(t *testing.T) {
	timeout := uint(7)
	limit, cpus := int64(1<<30), 0.5
	d := inspectOne(t, withConfig(func(c *container.Config) {
		c.Image = container.Image{ID: "img", Name: "localhost/busybox:latest", Digest: "sha256:x"}
		c.Entrypoint, c.Command, c.Env = []string{"sh", "-c"}, []string{"true"}, []string{"A=B"}
		c.StopSignal, c.StopTimeout, c.Hostname = 37, &timeout, "h"
		c.Network.Expose = map[uint16][]string{80: {"tcp", "udp"}}
		c.Storage.Secrets = []container.Secret{{Name: "s", ID: "i", Mode: 0o444}}
		c.NoPasswd = true
		c.Health = &container.Health{Test: []string{"CMD", "true"}, Interval: time.Second, Retries: 3, OnFailure: "kill"}
		c.Resources.Linux, c.Resources.CPUs = &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &limit}}, cpus
		c.Resources.Rlimits = []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 1, Hard: 2}}
		c.Security.CapAdd, c.Security.Devices = []string{"net_admin"}, []string{"/dev/fuse:/dev/f:r", "/dev/null"}
		c.Namespaces.IPC = container.Namespace{Mode: container.ModeShareable}
		c.Namespaces.Net = container.Namespace{Mode: container.ModePath, Value: "/run/netns/x"}
		c.Namespaces.User = container.Namespace{Mode: container.ModeHost}
		c.Storage.Mounts = []container.Mount{{Type: "tmpfs", Source: "tmpfs", Destination: "/t", Options: []string{"rw", "size=1m"}}}
		c.Storage.Volumes = []container.VolumeMount{{Name: "data", Destination: "/data", Options: []string{"exec"}}}
		c.Log = container.Log{Driver: "k8s-file", Path: "/log", SizeMax: 10000}
	}))
	require.Equal(t, "sh", d.Path)
	require.Equal(t, []string{"-c", "true"}, d.Args)
	require.Equal(t, []any{"img", "sha256:x", "localhost/busybox:latest", "img"}, []any{d.Image, d.ImageDigest, d.ImageName, d.ImageID()})
	cfg := d.Config
	require.Equal(t, []any{"h", "SIGRTMIN+3", uint(7)}, []any{cfg.Hostname, cfg.StopSignal, cfg.StopTimeout})
	require.Equal(t, map[string]struct{}{"80/tcp": {}, "80/udp": {}}, cfg.ExposedPorts)
	require.Equal(t, []InspectSecret{{Name: "s", ID: "i", Mode: 0o444}}, cfg.Secrets)
	require.False(t, *cfg.Passwd)
	require.Equal(t, "kill", cfg.HealthcheckOnFailureAction)
	require.Equal(t, []string{"CMD", "true"}, cfg.Healthcheck.Test)
	host := d.HostConfig
	require.Equal(t, []any{int64(1 << 30), int64(500000000), int64(-1), int64(2048)}, []any{host.Memory, host.NanoCpus, host.MemorySwappiness, host.PidsLimit})
	require.Equal(t, []InspectUlimit{{Name: "RLIMIT_NOFILE", Soft: 1, Hard: 2}}, host.Ulimits)
	require.Equal(t, []string{"CAP_NET_ADMIN"}, host.CapAdd)
	require.Equal(t, []InspectDevice{{"/dev/fuse", "/dev/f", "r"}, {"/dev/null", "/dev/null", "rwm"}}, host.Devices)
	require.Equal(t, []string{"shareable", "ns:/run/netns/x", ""}, []string{host.IpcMode, host.NetworkMode, host.UsernsMode})
	require.Equal(t, map[string]string{"/t": "rw,size=1m"}, host.Tmpfs)
	require.Equal(t, []string{"data:/data:exec,nosuid,nodev,rw,rbind,rprivate"}, host.Binds)
	require.Equal(t, &InspectLog{Type: "k8s-file", Path: "/log", Size: "10kB"}, host.LogConfig)
	require.Equal(t, "no", host.RestartPolicy.Name)
	require.Equal(t, []InspectMount{{
		Type: "volume", Name: "data", Source: "/volumes/data", Destination: "/data", Driver: "local", Options: []string{"exec", "nosuid", "nodev", "rbind"}, RW: true, Propagation: "rprivate",
	}}, d.Mounts)
	require.Equal(t, "/run/netns/x", d.NetworkSettings.SandboxKey)
}

func TestInspectShowsNoNewPrivilegesWhereItHolds(t *testing.T) {
	for name, test := range map[string]struct {
		security container.Security
		want     []string
	}{
		"of_its_own":     {container.Security{NoNewPrivs: true, Opts: []string{"label=disable", "no-new-privileges:true"}}, []string{"no-new-privileges", "label=disable"}},
		"of_its_pod":     {container.Security{NoNewPrivs: true}, []string{"no-new-privileges"}},
		"switched_off":   {container.Security{Opts: []string{"no-new-privileges=false"}}, []string{}},
		"nothing_at_all": {container.Security{}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			d := inspectOne(t, withConfig(func(c *container.Config) { c.Security = test.security }))
			require.Equal(t, test.want, d.HostConfig.SecurityOpt)
		})
	}
}

func TestInspectContainerState(t *testing.T) {
	ctx := context.Background()
	r := reader(t)
	gone := ctrRow("e1", "gone", 0, container.Running, dead(r), func(c *container.Container) { c.Runtime.RestartCount = 2 })
	insertRows(t, r, gone, ctrRow("e2", "up", 0, container.Running, living(r)))
	require.NoError(t, os.WriteFile(filepath.Join(r.settings.ExitDir(), gone.ID), []byte("7"), 0o600))
	d, err := r.InspectContainer(ctx, "gone", false)
	require.NoError(t, err)
	require.Equal(t, []any{"stopped", false, 7, 0, uint(2)}, []any{d.State.Status, d.State.Running, d.State.ExitCode, d.State.Pid, d.RestartCount})
	d, err = r.InspectContainer(ctx, "up", false)
	require.NoError(t, err)
	require.Equal(t, []any{"running", true, r.self.PID}, []any{d.State.Status, d.State.Running, d.State.Pid})
	require.True(t, d.State.FinishedAt.IsZero())
	_, err = r.InspectContainer(ctx, "nosuch", false)
	require.ErrorIs(t, err, errdefs.ErrNoSuchCtr)
}

// A member shows the addresses and ports of the container whose network it is in.
func TestInspectNetworkSettings(t *testing.T) {
	ctx := context.Background()
	r := reader(t)
	web := podRow("ab1", "web", 0)
	mac, err := net.ParseMAC("02:00:00:00:00:01")
	require.NoError(t, err)
	subnet := func(text, gateway string) types.NetAddress {
		ip, n, err := net.ParseCIDR(text)
		require.NoError(t, err)
		return types.NetAddress{IPNet: types.IPNet{IPNet: net.IPNet{IP: ip, Mask: n.Mask}}, Gateway: net.ParseIP(gateway)}
	}
	infra := ctrRow("e1", "infra", 0, container.Running, asInfra(web), living(r), func(c *container.Container) {
		c.Runtime.NetNS = "/run/netns/e1"
		c.Config.Network.Ports = []types.PortMapping{{HostPort: 8080, ContainerPort: 80, Protocol: "tcp"}}
		c.Config.Network.Expose = map[uint16][]string{80: {"tcp"}, 90: {"tcp"}}
		c.Runtime.NetStatus = map[string]types.StatusBlock{"net1": {Interfaces: map[string]types.NetInterface{"eth0": {
			MacAddress: types.HardwareAddr(mac), Subnets: []types.NetAddress{subnet("10.0.0.2/24", "10.0.0.1"), subnet("10.0.1.2/24", ""), subnet("fd00::2/64", "fd00::1")},
		}}}}
	})
	insertRows(t, r, web, infra, ctrRow("e2", "one", 1, container.Running, in(web), living(r), withConfig(func(c *container.Config) {
		c.Namespaces.Net = container.Namespace{Mode: container.ModeContainer, Value: infra.ID}
	})))
	own, err := r.InspectContainer(ctx, "infra", false)
	require.NoError(t, err)
	member, err := r.InspectContainer(ctx, "one", false)
	require.NoError(t, err)
	want := InspectAddresses{
		Gateway: "10.0.0.1", IPAddress: "10.0.0.2", IPPrefixLen: 24, SecondaryIPAddresses: []InspectAddress{{Addr: "10.0.1.2", PrefixLength: 24}},
		IPv6Gateway: "fd00::1", GlobalIPv6Address: "fd00::2", GlobalIPv6PrefixLen: 64, MacAddress: "02:00:00:00:00:01",
	}
	require.Equal(t, want, own.NetworkSettings.InspectAddresses) // of the default network alone
	require.Equal(t, want, own.NetworkSettings.Networks["net1"].InspectAddresses)
	require.Equal(t, map[string][]InspectHostPort{"80/tcp": {{HostIP: "0.0.0.0", HostPort: "8080"}}, "90/tcp": nil}, own.NetworkSettings.Ports)
	require.Equal(t, "/run/netns/e1", own.NetworkSettings.SandboxKey)
	require.Equal(t, own.NetworkSettings, member.NetworkSettings)
	require.Equal(t, "container:"+infra.ID, member.HostConfig.NetworkMode)
	require.Empty(t, member.HostConfig.PortBindings)
	require.Equal(t, map[string]struct{}{"80/tcp": {}, "90/tcp": {}}, own.Config.ExposedPorts)
	require.Empty(t, member.Config.ExposedPorts)
}

func TestSignalNamesAreThoseOthersRead(t *testing.T) {
	for number, want := range map[uint]string{
		0: "", 15: "SIGTERM", 34: "SIGRTMIN", 37: "SIGRTMIN+3", 49: "SIGRTMIN+15", 50: "SIGRTMAX-14", 63: "SIGRTMAX-1", 64: "SIGRTMAX",
	} {
		require.Equal(t, want, signalName(number), number)
	}
}

func TestInspectWhileSetUp(t *testing.T) {
	ctx := context.Background()
	r := reader(t)
	c := ctrRow("e1", "one", 0, container.Running, living(r), withConfig(func(c *container.Config) { c.Env = []string{"A=B"} }))
	insertRows(t, r, c)
	dir := r.settings.BundleDir(c.ID)
	require.NoError(t, os.MkdirAll(dir, 0o700))
	for name, text := range map[string]string{"config.json": `{"ociVersion":"1.0.2","process":{"env":["A=B","HOME=/"],"capabilities":{"effective":["CAP_KILL"]}},"linux":{}}`, "hosts": "", "resolv.conf": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	d, err := r.InspectContainer(ctx, "one", false)
	require.NoError(t, err)
	require.Equal(t, []any{"1.0.2", []string{"A=B", "HOME=/"}, []string{"CAP_KILL"}}, []any{d.State.OciVersion, d.Config.Env, d.EffectiveCaps})
	require.Equal(t, []string{filepath.Join(dir, "hosts"), filepath.Join(dir, "resolv.conf"), ""}, []string{d.HostsPath, d.ResolvConfPath, d.HostnamePath})
	require.Equal(t, filepath.Join(dir, "config.json"), d.OCIConfigPath)
}

// TestInspectShowsWhatWasNotAskedFor: what a container gets of its own accord.
func TestInspectShowsWhatWasNotAskedFor(t *testing.T) {
	r := reader(t)
	r.settings.Conf.Containers.DefaultUlimits.Set([]string{"nofile=10:20", "nproc=30:40"})
	insertRows(t, r,
		ctrRow("e1", "one", 0, container.Created, withConfig(func(c *container.Config) {
			c.Health = &container.Health{Test: []string{"CMD", "true"}}
			c.Storage.ReadOnly, c.Storage.ReadOnlyTmpfs = true, true
			c.Storage.Mounts = []container.Mount{{Type: "bind", Source: "/x", Destination: "/tmp"}}
			c.Resources.Rlimits = []specs.POSIXRlimit{{Type: "RLIMIT_NPROC", Soft: 1, Hard: 2}}
		})),
		ctrRow("e2", "two", 1, container.Created, withConfig(func(c *container.Config) {
			c.Health = &container.Health{Disabled: true}
			c.Resources.RlimitsHost = true
		})))
	one, err := r.InspectContainer(t.Context(), "one", false)
	require.NoError(t, err)
	require.Equal(t, &InspectHealth{Log: []InspectHealthLog{}}, one.State.Health, "a check that never ran")
	const options = "rw,rprivate,nosuid,nodev,tmpcopyup"
	require.Equal(t, map[string]string{"/run": options, "/var/tmp": options}, one.HostConfig.Tmpfs, "/tmp is something else")
	require.Equal(t, []InspectUlimit{{Name: "RLIMIT_NPROC", Soft: 1, Hard: 2}, {Name: "RLIMIT_NOFILE", Soft: 10, Hard: 20}}, one.HostConfig.Ulimits)

	two, err := r.InspectContainer(t.Context(), "two", false)
	require.NoError(t, err)
	require.Nil(t, two.State.Health)
	require.Empty(t, two.HostConfig.Tmpfs)
	require.Empty(t, two.HostConfig.Ulimits)
}
