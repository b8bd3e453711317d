package specflags

import (
	"math"
	"net"
	"testing"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	engine "github.com/podctl/podctl/pkg/runtime"
)

func TestCreateConfig(t *testing.T) {
	tests := map[string]struct {
		args []string
		want func(c *container.Config)
	}{
		"without_flags": {nil, func(*container.Config) {}},
		"identity": {[]string{"--label", "a=b", "-l", "c", "--label", "both=flag", "--label-file", "labels", "--annotation", "x=y=z"}, func(c *container.Config) {
			c.Labels = map[string]string{"a": "b", "c": "", "from": "file", "both": "flag"}
			c.Annotations = map[string]string{"x": "y=z"}
		}},
		"environment_from_files_then_flags": {[]string{"-e", "X=1", "-e", "HOME", "-e", "NOPE", "-e", "LC_*", "-e", "EMPTY", "--env-file", "vars", "--env-merge", "P=$P:/x", "--unsetenv", "Q", "--unsetenv-all", "--env-host", "--http-proxy=false"}, func(c *container.Config) {
			c.Env = []string{"A=1", "HOME=/root", "B=2 # kept", "X=1", "HOME=/root", "LC_ALL=C", "LC_TIME=de", "EMPTY="}
			c.EnvMerge, c.UnsetEnv, c.UnsetEnvAll, c.EnvHost, c.HTTPProxy = []string{"P=$P:/x"}, []string{"Q"}, true, new(true), false
		}},
		"process": {[]string{"-it", "-u", "1:2", "-w", "/w", "-h", "box", "--group-add", "a,b", "--umask", "22", "--tz", "local", "--init", "--init-path", "/i", "--systemd", "false", "--personality", "LINUX32", "--passwd-entry", "p", "--group-entry", "g", "--hostuser", "u"}, func(c *container.Config) {
			c.Stdin, c.Terminal, c.User, c.WorkDir, c.Hostname = true, true, "1:2", "/w", "box"
			c.Groups, c.Umask, c.Timezone, c.Init, c.InitPath = []string{"a", "b"}, "0022", "local", true, "/i"
			c.Systemd, c.Personality, c.PasswdEntry, c.GroupEntry, c.HostUsers = "false", "LINUX32", "p", "g", []string{"u"}
		}},
		"systemd_always":     {[]string{"--systemd", "always"}, func(c *container.Config) { c.Systemd = "always" }},
		"piped_input_ends":   {[]string{"-i"}, func(c *container.Config) { c.Stdin, c.StdinOnce = true, true }},
		"entrypoint_word":    {[]string{"--entrypoint", "/bin/a b"}, func(c *container.Config) { c.Entrypoint, c.EntrypointSet = []string{"/bin/a b"}, true }},
		"entrypoint_array":   {[]string{"--entrypoint", `["a","b"]`}, func(c *container.Config) { c.Entrypoint, c.EntrypointSet = []string{"a", "b"}, true }},
		"entrypoint_cleared": {[]string{"--entrypoint", ""}, func(c *container.Config) { c.EntrypointSet = true }},
		"lifecycle": {[]string{"--rm", "--restart", "on-failure:3", "--cidfile", "c", "--conmon-pidfile", "/p", "--pidfile", "q", "--stop-signal", "sigusr1", "--stop-timeout", "0", "--timeout", "9", "--sdnotify", "conmon"}, func(c *container.Config) {
			c.AutoRemove, c.Restart, c.RestartSet = true, container.RestartPolicy{Name: "on-failure", MaxRetries: 3}, true
			c.CIDFile, c.ConmonPidFile, c.PidFile = "/here/c", "/p", "/here/q"
			c.StopSignal, c.StopTimeout, c.Timeout, c.SDNotify = 10, ptr(uint(0)), 9, "conmon"
		}},
		"log": {[]string{"--log-driver", "json-file", "--log-opt", "path=l", "--log-opt", "max-size=10kb", "--log-opt", "tag=t", "--log-opt", "x=y"}, func(c *container.Config) {
			c.Log = container.Log{Driver: "k8s-file", Path: "/here/l", SizeMax: 10000, Tag: "t", Options: map[string]string{"x": "y"}}
		}},
		"log_driver_for_terminals": {[]string{"--log-driver", "passthrough-tty"}, func(c *container.Config) { c.Log.Driver = "passthrough" }},
		"secrets": {[]string{"--secret", "a", "--secret", "b,type=env", "--secret", "source=c,target=/t,uid=1,gid=2,mode=0400"}, func(c *container.Config) {
			c.Storage.Secrets = []container.Secret{
				{Name: "a", Type: "mount", Mode: 0o444},
				{Name: "b", Type: "env", Target: "b"},
				{Name: "c", Type: "mount", Target: "/t", UID: 1, GID: 2, Mode: 0o400},
			}
		}},
		"namespaces": {[]string{"--pid", "host", "--ipc", "shareable", "--uts", "container:x", "--cgroupns", "ns:/proc/1/ns/cgroup", "--userns", "auto:size=10"}, func(c *container.Config) {
			c.Namespaces = container.Namespaces{
				PID: container.Namespace{Mode: "host"}, IPC: container.Namespace{Mode: "shareable"},
				UTS:    container.Namespace{Mode: "container", Value: "x"},
				Cgroup: container.Namespace{Mode: "ns", Value: "/proc/1/ns/cgroup"},
				User:   container.Namespace{Mode: "auto", Value: "size=10"},
			}
		}},
		"maps_make_the_user_namespace_private": {[]string{"--uidmap", "0:1:2,5:6:7", "--gidmap", "0:1:2", "--subuidname", "u", "--subgidname", "g"}, func(c *container.Config) {
			c.Namespaces = container.Namespaces{
				User: container.Namespace{Mode: "private"}, UIDMap: []string{"0:1:2", "5:6:7"}, GIDMap: []string{"0:1:2"},
				SubUIDName: "u", SubGIDName: "g",
			}
		}},
		"security": {[]string{"--privileged", "--cap-add", "net_admin,SYS_TIME", "--cap-drop", "ALL", "--security-opt", "apparmor=p", "--security-opt", "label:disable", "--security-opt", "mask=/a:/b", "--security-opt", "unmask=ALL", "--security-opt", "no-new-privileges", "--security-opt", "seccomp=s.json", "--security-opt", "proc-opts=a,b", "--sysctl", "net.a=b=c", "--device", "/dev/x:/dev/y:r", "--gpus", "all,1", "--device-cgroup-rule", "c 1:3 r", "--seccomp-policy", "image"}, func(c *container.Config) {
			c.Security = container.Security{
				Privileged: true, CapAdd: []string{"net_admin", "SYS_TIME"}, CapDrop: []string{"ALL"},
				AppArmor: "p", LabelOpts: []string{"disable"}, Mask: []string{"/a", "/b"}, Unmask: []string{"ALL"}, NoNewPrivs: true,
				Seccomp: "/here/s.json", ProcOpts: []string{"a", "b"}, Sysctls: map[string]string{"net.a": "b=c"},
				Opts:    []string{"apparmor=p", "label:disable", "mask=/a:/b", "unmask=ALL", "no-new-privileges", "seccomp=s.json", "proc-opts=a,b"},
				Devices: []string{"/dev/x:/dev/y:r", "nvidia.com/gpu=all", "nvidia.com/gpu=1"}, DeviceRules: []string{"c 1:3 r"}, SeccompPolicy: "image",
			}
		}},
		"cpus": {[]string{"--cpus", "1.5", "-c", "512", "--cpuset-cpus", "0-9", "--cpuset-mems", "0"}, func(c *container.Config) {
			c.Resources.CPUs = 1.5
			c.Resources.Linux = &specs.LinuxResources{CPU: &specs.LinuxCPU{
				Period: ptr(uint64(100000)), Quota: ptr(int64(150000)), Shares: ptr(uint64(512)), Cpus: "0-9", Mems: "0",
			}}
		}},
		"cpu_numbers": {[]string{"--cpu-period", "1", "--cpu-quota", "-1", "--cpu-rt-period", "3", "--cpu-rt-runtime", "4"}, func(c *container.Config) {
			c.Resources.Linux = &specs.LinuxResources{CPU: &specs.LinuxCPU{
				Period: ptr(uint64(1)), Quota: ptr(int64(-1)), RealtimePeriod: ptr(uint64(3)), RealtimeRuntime: ptr(int64(4)),
			}}
		}},
		"swap_is_twice_the_memory": {[]string{"-m", "64m"}, func(c *container.Config) {
			c.Resources.Linux = &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: ptr(int64(64 << 20)), Swap: ptr(int64(128 << 20))}}
		}},
		"memory": {[]string{"-m", "64m", "--memory-swap", "-1", "--memory-reservation", "1k", "--memory-swappiness", "0", "--oom-kill-disable", "--oom-score-adj", "-5"}, func(c *container.Config) {
			c.Resources.OOMScoreAdj = ptr(-5)
			c.Resources.Linux = &specs.LinuxResources{Memory: &specs.LinuxMemory{
				Limit: ptr(int64(64 << 20)), Swap: ptr(int64(-1)), Reservation: ptr(int64(1024)), Swappiness: ptr(uint64(0)), DisableOOMKiller: ptr(true),
			}}
		}},
		"block_io": {[]string{"--blkio-weight", "10", "--blkio-weight-device", "/dev/a:1000", "--device-read-bps", "/dev/a:1mb", "--device-write-bps", "/dev/a:2", "--device-read-iops", "/dev/a:3", "--device-write-iops", "/dev/a:4"}, func(c *container.Config) {
			c.Resources = container.Resources{
				Linux:             &specs.LinuxResources{BlockIO: &specs.LinuxBlockIO{Weight: ptr(uint16(10))}},
				BlkioWeightDevice: []string{"/dev/a:1000"},
				ReadBPS:           []container.Throttle{{Path: "/dev/a", Rate: 1 << 20}}, WriteBPS: []container.Throttle{{Path: "/dev/a", Rate: 2}},
				ReadIOPS: []container.Throttle{{Path: "/dev/a", Rate: 3}}, WriteIOPS: []container.Throttle{{Path: "/dev/a", Rate: 4}},
			}
		}},
		"other_limits": {[]string{"--pids-limit", "-1", "--rdt-class", "r", "--ulimit", "nofile=1:2,core=-1", "--cgroups", "no-conmon", "--cgroup-parent", "/p", "--cgroup-conf", "memory.high=1"}, func(c *container.Config) {
			c.Resources = container.Resources{
				PidsLimit: ptr(int64(-1)), RdtClass: "r", CgroupMode: "no-conmon", CgroupParent: "/p", CgroupConf: map[string]string{"memory.high": "1"},
				Rlimits: []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 1, Hard: 2}, {Type: "RLIMIT_CORE", Soft: math.MaxUint64, Hard: math.MaxUint64}},
			}
		}},
		"ulimits_of_the_host": {[]string{"--ulimit", "host"}, func(c *container.Config) { c.Resources.RlimitsHost = true }},
		"health_check_with_defaults": {[]string{"--health-cmd", "curl -f x"}, func(c *container.Config) {
			c.Health = &container.Health{
				Test: []string{"CMD-SHELL", "curl -f x"}, Interval: 30 * time.Second, Timeout: 30 * time.Second, Retries: 3,
				OnFailure: "none", LogDest: "local", MaxLogCount: 5, MaxLogSize: 500,
			}
		}},
		"health_check": {[]string{"--healthcheck-command", `["a","b"]`, "--healthcheck-interval", "disable", "--healthcheck-timeout", "1s", "--healthcheck-retries", "1", "--healthcheck-start-period", "2s", "--health-on-failure", "kill", "--health-log-destination", "d", "--health-max-log-count", "0", "--health-max-log-size", "0", "--health-startup-cmd", "s", "--health-startup-interval", "3s", "--health-startup-timeout", "4s", "--health-startup-retries", "5", "--health-startup-success", "6"}, func(c *container.Config) {
			c.Health = &container.Health{
				Test: []string{"CMD", "a", "b"}, Timeout: time.Second, Retries: 1, StartPeriod: 2 * time.Second, OnFailure: "kill", LogDest: "/here/d",
				StartupTest: []string{"CMD-SHELL", "s"}, StartupEvery: 3 * time.Second, StartupLimit: 4 * time.Second, StartupTries: 5, StartupPasses: 6,
			}
		}},
		"no_health_check": {[]string{"--no-healthcheck"}, func(c *container.Config) {
			c.Health = &container.Health{Disabled: true, OnFailure: "none", LogDest: "local", MaxLogCount: 5, MaxLogSize: 500}
		}},
		"volumes": {[]string{"-v", "/a:/b", "-v", "/a:/b/", "-v", "vol:/d:nocopy", "-v", "./x:/c:ro,Z", "-v", "vol:/d/:nocopy", "-v", "/e", "-v", "/f:/g:O", "--volumes-from", "ctr:ro"}, func(c *container.Config) {
			c.Storage.Mounts = []container.Mount{
				{Type: "bind", Source: "/a", Destination: "/b"},
				{Type: "bind", Source: "/here/x", Destination: "/c", Options: []string{"ro", "Z"}},
				{Type: "overlay", Source: "/f", Destination: "/g"},
			}
			c.Storage.Volumes = []container.VolumeMount{
				{Name: "vol", Destination: "/d", Options: []string{"nocopy"}},
				{Destination: "/e", Anonymous: true},
			}
			c.Storage.VolumesFrom = []string{"ctr:ro"}
		}},
		"mounts": {[]string{
			"--mount", "type=bind,src=x,dst=/a,ro,bind-propagation=rshared", "--mount", "dst=/b", "--mount", "type=volume,source=v,target=/c,U=true,subpath=s",
			"--mount", "type=tmpfs,dst=/d,tmpfs-size=1m,tmpfs-mode=700", "--mount", "type=ramfs,dst=/e", "--mount", "type=image,src=i,dst=/f,rw=true",
			"--mount", "type=glob,src=/g*", "--mount", "type=devpts,dst=/h,uid=1", "--mount", "type=artifact,src=a,dst=/i,title=t",
		}, func(c *container.Config) {
			c.Storage.Mounts = []container.Mount{
				{Type: "bind", Source: "/here/x", Destination: "/a", Options: []string{"ro", "rshared"}},
				{Type: "tmpfs", Source: "tmpfs", Destination: "/d", Options: []string{"size=1m", "mode=700"}},
				{Type: "ramfs", Source: "ramfs", Destination: "/e"},
				{Type: "image", Source: "i", Destination: "/f", Options: []string{"rw"}},
				{Type: "glob", Source: "/g*"},
				{Type: "devpts", Source: "devpts", Destination: "/h", Options: []string{"uid=1"}},
				{Type: "artifact", Source: "a", Destination: "/i", Options: []string{"title=t"}},
			}
			c.Storage.Volumes = []container.VolumeMount{
				{Destination: "/b", Anonymous: true},
				{Name: "v", Destination: "/c", Options: []string{"U"}, SubPath: "s"},
			}
		}},
		"other_storage": {[]string{"--tmpfs", "/t", "--tmpfs", "/u:size=1k", "--image-volume", "bind", "--read-only", "--read-only-tmpfs=false", "--shm-size", "0", "--shm-size-systemd", "1k", "--chrootdirs", "/c"}, func(c *container.Config) {
			c.Storage = container.Storage{
				Mounts: []container.Mount{
					{Type: "tmpfs", Source: "tmpfs", Destination: "/t", Options: []string{"rw", "noexec", "nosuid", "nodev"}},
					{Type: "tmpfs", Source: "tmpfs", Destination: "/u", Options: []string{"size=1k"}},
				},
				ImageVolumes: "anonymous", ReadOnly: true, ShmSize: ptr(int64(0)), ShmSizeSystemd: ptr(int64(1024)), ChrootDirs: []string{"/c"},
			}
		}},
		"rootfs_with_overlay": {[]string{"--rootfs", "dir:O", "cmd"}, func(c *container.Config) {
			c.Image, c.Rootfs, c.RootfsOverlay, c.Command = container.Image{}, "/here/dir", true, []string{"cmd", "img"}
		}},
		"network_of_another_container": {[]string{"--net", "container:x"}, func(c *container.Config) {
			c.Namespaces.Net = container.Namespace{Mode: "container", Value: "x"}
		}},
		"address_on_the_default_network": {[]string{"--ip", "10.0.0.2", "--network-alias", "a,b", "--expose", "80-81/udp", "-P"}, func(c *container.Config) {
			c.Network = container.Network{
				Networks: map[string]types.PerNetworkOptions{"default": {StaticIPs: []net.IP{net.IPv4(10, 0, 0, 2).To4()}, Aliases: []string{"a", "b"}}},
				Order:    []string{"default"}, Expose: map[uint16][]string{80: {"udp"}, 81: {"udp"}}, PublishAll: true,
			}
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := plain()
			tt.want(&want)
			opts, err := create(t, tt.args...)
			require.NoError(t, err)
			require.Equal(t, want, *opts.Config)
		})
	}
}

func TestCreateOptions(t *testing.T) {
	opts, err := createIn(t, testEnv(), "--name", "/web", "--replace", "--pod-id-file", "pod.id", "--requires", "a,b", "--init-ctr", "once",
		"--pull", "newer", "-q", "--arch", "arm64", "--variant", "v8", "--authfile", "f", "--creds", "u:p", "--cert-dir", "d", "--tls-verify=false",
		"--retry", "0", "--retry-delay", "1s", "--decryption-key", "k", "--read-only=false", "img", "sh", "-c", "--name")
	require.NoError(t, err)
	c := plain()
	c.InitType, c.Command = "once", []string{"sh", "-c", "--name"}
	require.Equal(t, &engine.CreateOptions{
		Name: "web", Config: &c, Pod: "abc123", Requires: []string{"a", "b"}, Replace: true,
		Open: engine.Switches{Init: true, Privileged: true, HTTPProxy: true},
		Pull: engine.PullOptions{
			Policy: "newer", Quiet: true, Arch: "arm64", Variant: "v8", AuthFile: "f", Creds: "u:p", CertDir: "d", TLSVerify: ptr(false),
			Retry: ptr(uint(0)), RetryDelay: "1s", DecryptionKeys: []string{"k"},
		},
	}, opts)
}

func TestCreateWithNewPod(t *testing.T) {
	opts, err := create(t, "--pod", "new:web", "-p", "80:8080", "-h", "box", "--dns", "1.1.1.1", "--cpus", "2", "--cpuset-cpus", "0,1", "--memory", "1g",
		"--pid", "host", "--userns", "auto", "--restart", "always")
	require.NoError(t, err)
	want := plain()
	want.Restart, want.RestartSet = container.RestartPolicy{Name: "always"}, true
	want.Namespaces.PID = container.Namespace{Mode: "host"}
	want.Resources = opts.Config.Resources
	require.Equal(t, want, *opts.Config)
	require.Equal(t, ptr(int64(1<<30)), opts.Config.Resources.Linux.Memory.Limit)
	require.Empty(t, opts.Pod)
	argv := []string{"podctl", "create"}
	require.Equal(t, &engine.PodCreateOptions{
		Name: "web",
		Config: &pod.Config{
			CreateCommand: argv, Hostname: "box", Share: []string{"ipc", "net", "user", "uts"}, ShareParent: true, Restart: want.Restart,
			Resources: &specs.LinuxResources{CPU: &specs.LinuxCPU{Cpus: "0,1", Period: ptr(uint64(100000)), Quota: ptr(int64(200000))}},
		},
		Infra: &container.Config{
			Infra: true, CreateCommand: argv,
			Process:    container.Process{Hostname: "box"},
			Lifecycle:  container.Lifecycle{Restart: want.Restart, RestartSet: true},
			Namespaces: container.Namespaces{PID: container.Namespace{Mode: "host"}, User: container.Namespace{Mode: "auto"}},
			Network: container.Network{
				DNSServers: []string{"1.1.1.1"},
				Ports:      []types.PortMapping{{HostPort: 80, ContainerPort: 8080, Range: 1, Protocol: "tcp"}},
			},
			Storage: container.Storage{ReadOnly: true},
		},
	}, opts.NewPod)
}

func TestUserNamespaceDefaultsToTheEnvironment(t *testing.T) {
	env := testEnv()
	env.Rootless = true
	env.Environ = append(env.Environ, "PODMAN_USERNS=keep-id:uid=5")
	opts, err := createIn(t, env, "img")
	require.NoError(t, err)
	require.Equal(t, container.Namespace{Mode: "keep-id", Value: "uid=5"}, opts.Config.Namespaces.User)
	opts, err = createIn(t, env, "--pod", "x", "img")
	require.NoError(t, err)
	require.Equal(t, container.Namespace{}, opts.Config.Namespaces.User)
	opts, err = createIn(t, env, "--userns", "host", "img")
	require.NoError(t, err)
	require.Equal(t, container.Namespace{Mode: "host"}, opts.Config.Namespaces.User)
}
