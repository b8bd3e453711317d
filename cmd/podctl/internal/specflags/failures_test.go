package specflags

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
)

func TestCreateRefuses(t *testing.T) {
	run := func(args ...string) error { _, err := create(t, args...); return err }
	requireFailures(t, run, []failure{
		// pod and identity
		{[]string{"--pod", "new:"}, "new pod name must be at least one character"},
		{[]string{"--pod", "a", "--pod-id-file", "b"}, "cannot specify both --pod and --pod-id-file"},
		{[]string{"--pod-id-file", "gone"}, "reading pod ID file: open gone: file does not exist"},
		{[]string{"--init-ctr", "once"}, "must specify pod value with init-ctr"},
		{[]string{"--pod", "a", "--init-ctr", "often"}, "init-ctr value must be 'always' or 'once'"},
		{[]string{"--replace"}, "cannot replace container without --name being set"},
		{[]string{"-l", "=x"}, `unable to process labels: invalid label format: "=x"`},
		{[]string{"--label-file", "gone"}, "unable to process labels: open gone: file does not exist"},
		{[]string{"--annotation", "x"}, "annotations must be formatted KEY=VALUE"},
		{[]string{"--sdnotify", "x"}, `invalid config provided: invalid argument: invalid sdnotify value "x": must be container, conmon, ignore or healthy`},
		{[]string{"--restart", "always:3"}, "restart policy retries can only be specified with on-failure restart policy"},
		{[]string{"--restart", "on-failure:abc"}, `parsing restart policy retry count: strconv.Atoi: parsing "abc": invalid syntax`},
		{[]string{"--restart", "on-failure:-1"}, "must specify restart policy retry count as a number greater than 0"},
		{[]string{"--restart", "a:b:c"}, "invalid restart policy: may specify retries at most once"},
		{[]string{"--restart", "often"}, `running container create option: "often" is not a valid restart policy: invalid argument`},
		{[]string{"--stop-signal", "x"}, "invalid signal: x"},
		{[]string{"--log-driver", "x"}, "running container create option: invalid log driver: invalid argument"},
		{[]string{"--log-opt", "x"}, `invalid log option "x"`},
		{[]string{"--secret", "type=env"}, "no secret found type=env: parsing secret"},
		{[]string{"--secret", "a,type=x"}, "type x is invalid: parsing secret"},
		{[]string{"--secret", "a,b"}, "option b must be in form option=value: parsing secret"},
		{[]string{"--secret", "a,x=b"}, "option x=b invalid: parsing secret"},
		{[]string{"--secret", "a,mode=9"}, "mode 9 invalid: parsing secret"},
		{[]string{"--secret", "a,uid=x"}, "UID x invalid: parsing secret"},
		{[]string{"--secret", "a,type=env,uid=1"}, "UID, GID, Mode options cannot be set with secret type env: parsing secret"},
		// process
		{[]string{"-a", "STDOUT,x"}, `invalid stream "x" for --attach - must be one of stdin, stdout, or stderr: invalid argument`},
		{[]string{"--group-add", "keep-groups,a"}, "the '--group-add keep-groups' option is not allowed with any other --group-add options"},
		{[]string{"-e", "=x"}, `invalid variable: "=x"`},
		{[]string{"--env-file", "bad"}, `parsing env file "bad": invalid variable: "=x"`},
		{[]string{"--umask", "9"}, "running container create option: invalid umask string 9: invalid argument"},
		{[]string{"--systemd", "x"}, `invalid config provided: --systemd values must be one of "true, false, always": invalid configuration`},
		// storage
		{[]string{"-v", "/a:/b", "-v", "/a:/b:ro"}, "/b: duplicate mount destination"},
		{[]string{"-v", "/a:/b", "--tmpfs", "/b/"}, "/b: duplicate mount destination"},
		{[]string{"-v", "a:/b", "--mount", "type=bind,src=/x,dst=/b"}, "/b: duplicate mount destination"},
		{[]string{"-v", "a:/b:ro:x"}, "a:/b:ro:x: incorrect volume format, should be [host-dir:]ctr-dir[:option]"},
		{[]string{"-v", "/a:b"}, `invalid container path "b", must be an absolute path`},
		{[]string{"-v", "/a:/b:x"}, `invalid option type "x"`},
		{[]string{"-v", ":/b"}, "host directory cannot be empty"},
		{[]string{"--volumes-from", "a:ro,z,rw"}, "cannot set ro or rw options more than once"},
		{[]string{"--volumes-from", "a:z,z"}, "cannot set :z more than once in mount options"},
		{[]string{"--volumes-from", "a:x"}, `invalid option "x" specified - volumes from another container can only use z,ro,rw options`},
		{[]string{"--tmpfs", ""}, "container directory cannot be empty"},
		{[]string{"--tmpfs", "/a:size=1m,x=y"}, `unknown mount option "x=y": invalid mount option`},
		{[]string{"--health-cmd", "[]"}, "must define a healthcheck command for all healthchecks"},
		{[]string{"--mount", "type=x,dst=/a"}, `invalid filesystem type "x"`},
		{[]string{"--mount", "type=bind,src=/a"}, "must set volume destination"},
		{[]string{"--mount", "type=tmpfs,dst=/a,x"}, "x: invalid mount option"},
		{[]string{"--mount", "type=bind,src=/x,dst=/a,bind-propagation=foo"}, `unknown mount option "foo": invalid mount option`},
		{[]string{"--mount", "type=bind,src=/x,dst=/a,relabel=foo"}, "relabel mount option must be 'private' or 'shared': invalid mount option"},
		{[]string{"--mount", "type=bind,src=/x,dst=/a,U=true,chown=true"}, "cannot pass 'U' or 'chown' option more than once: must provide an argument for option"},
		{[]string{"--mount", "type=bind,src=/x,dst=/a", "--mount", "type=bind,src=/x,dst=/a/"}, "/a: duplicate mount destination"},
		{[]string{"--mount", "src=v,dst=/a", "--mount", "src=v,dst=/a"}, "/a: duplicate mount destination"},
		{[]string{"--mount", "type=bind,src=/x,dst=/a,noexec,exec"}, "cannot pass 'noexec' and 'exec' options more than once: must provide an argument for option"},
		{[]string{"--mount", "type=tmpfs,dst=/a,ro,readonly=false"}, "cannot pass 'readonly', 'ro', or 'rw' options more than once: must provide an argument for option"},
		{[]string{"--mount", "type=bind,type=tmpfs,dst=/a"}, "type: invalid mount option"},
		{[]string{"--tmpfs", "/a:exec,noexec"}, "only one of 'noexec' and 'exec' can be used: duplicate mount option passed"},
		{[]string{"--tmpfs", "/a:ro,rw"}, "only one of 'rw' and 'ro' can be used: duplicate mount option passed"},
		{[]string{"--init", "--pid", "host"}, "cannot add init binary as PID 1 (PID namespace isn't private)"},
		{[]string{"--init", "--systemd", "always"}, "cannot use container-init binary with systemd=always"},
		{[]string{"--mount", "type=bind,src=,dst=/a"}, "src: must provide an argument for option"},
		{[]string{"--image-volume", "x"}, `invalid image-volume type "x". Pick one of anonymous, bind, tmpfs, or ignore`},
		{[]string{"--shm-size", "x"}, "unable to translate --shm-size: invalid size: 'x'"},
		{[]string{"--shm-size", "1k", "--ipc", "host"}, "invalid config provided: cannot set shmsize when running in the host IPC Namespace"},
		{[]string{"--shm-size", "1k", "--ipc", "none"}, "invalid config provided: cannot set shmsize when running in the none IPC Namespace"},
		// namespaces, security
		{[]string{"--ipc", "x"}, "unrecognized namespace mode x passed"},
		{[]string{"--pid", "shareable"}, "unrecognized namespace mode shareable passed"},
		{[]string{"--uts", "x:y"}, "unrecognized namespace mode x:y passed"},
		{[]string{"--cgroupns", "none"}, "unrecognized namespace mode none passed"},
		{[]string{"--userns", "x"}, "unrecognized namespace mode x passed"},
		{[]string{"--pid", "ns:"}, `must provide a path to a namespace when specifying "ns:"`},
		{[]string{"--pid", "container:"}, `must provide name or ID or a container when specifying "container:"`},
		{[]string{"--userns", "keep-id"}, "keep-id is only supported in rootless mode"},
		{[]string{"--userns", "host", "--gidmap", "0:0:1"}, "--userns and --uidmap/--gidmap/--subuidname/--subgidname are mutually exclusive"},
		{[]string{"-h", "x", "--uts", "host"}, "invalid config provided: cannot set hostname when running in the host UTS namespace: invalid configuration"},
		{[]string{"--security-opt", "label"}, `invalid --security-opt 1: "label"`},
		{[]string{"--security-opt", "x=y"}, `invalid --security-opt 2: "x=y"`},
		{[]string{"--seccomp-policy", "x"}, `invalid seccomp policy "x": valid policies are ["default" "image"]`},
		{[]string{"--sysctl", "x"}, "x is invalid, sysctl values must be in the form of KEY=VALUE"},
		{[]string{"--sysctl", "kernel.x=1"}, "sysctl 'kernel.x' is not allowed"},
		// resources
		{[]string{"-m", "5m", "--memory-reservation", "10m"}, "minimum memory limit cannot be less than memory reservation limit, see usage"},
		{[]string{"--cpus", "1", "--cpu-period", "1"}, "--cpu-period and --cpus cannot be set together"},
		{[]string{"--cpus", "1", "--cpu-quota", "1"}, "--cpu-quota and --cpus cannot be set together"},
		{[]string{"--cgroups", "disabled", "--cgroup-parent", "p"}, "cannot set cgroup parent if not creating cgroups: invalid argument"},
		{[]string{"--cgroups", "split", "--cgroup-parent", "p"}, "cannot specify --cgroup-mode=split with a cgroup-parent: invalid argument"},
		{[]string{"--cgroup-conf", "x"}, "--cgroup-conf must be formatted KEY=VALUE"},
		{[]string{"--cgroups", "x"}, `running container create option: invalid cgroup mode "x": invalid argument`},
		{[]string{"--memory-swappiness", "101"}, "invalid value: 101, valid memory swappiness range is 0-100"},
		{[]string{"--ulimit", "x=1"}, `ulimit option "x=1" requires name=SOFT:HARD, failed to be parsed: invalid ulimit type: x`},
		{[]string{"--device-read-iops", "/dev/a:1mb"}, "invalid rate for device: /dev/a:1mb. The correct format is <device-path>:<number>. Number must be a positive integer"},
		// health
		{[]string{"--no-healthcheck", "--health-cmd", "x"}, "cannot specify both --no-healthcheck and --health-cmd"},
		{[]string{"--health-on-failure", "x"}, `invalid on-failure action "x" for health check: supported actions are none,kill,restart,stop`},
		{[]string{"--no-healthcheck", "--health-on-failure", "kill"}, "cannot set on-failure action to kill without a health check"},
		{[]string{"--no-healthcheck", "--health-startup-cmd", "x"}, "cannot set a startup healthcheck when there is no regular healthcheck: invalid argument"},
		{[]string{"--health-cmd", "x", "--health-retries", "0"}, "healthcheck-retries must be greater than 0"},
		{[]string{"--health-cmd", "x", "--health-timeout", "0s"}, "healthcheck-timeout must be at least 1 second"},
		{[]string{"--health-cmd", "x", "--health-start-period", "-1s"}, "healthcheck-start-period must be 0 seconds or greater"},
		{[]string{"--health-cmd", "x", "--health-interval", "y"}, `invalid healthcheck-interval: time: invalid duration "y"`},
		// image
		{[]string{"--platform", "linux/arm64", "--arch", "arm64"}, "--platform option can not be specified with --arch or --os"},
		{[]string{"--pull", "x"}, `unsupported pull policy "x"`},
	})
}

// The texts that containers and pods share are tested where both can be.
func sharedFailures() []failure {
	return []failure{
		{[]string{"--cpus", "nan"}, "invalid value for cpus: NaN is not a number of CPUs"},
		{[]string{"--cpuset-cpus", "x"}, "could not parse list: invalid format: x"},
		{[]string{"-m", "x"}, "invalid value for memory: invalid size: 'x'"},
		{[]string{"-m", "2k", "--memory-swap", "1k"}, "minimum memoryswap limit should be larger than memory limit, see usage"},
		{[]string{"--memory-swap", "1k"}, "you should always set a memory limit when using a memoryswap limit, see usage"},
		{[]string{"-m", "2k", "--memory-swap", "x"}, "invalid value for memory-swap: invalid size: 'x'"},
		{[]string{"--blkio-weight", "x"}, `invalid value for blkio-weight: strconv.ParseUint: parsing "x": invalid syntax`},
		{[]string{"--blkio-weight", "5"}, "invalid value for blkio-weight: 5 is not between 10 and 1000"},
		{[]string{"--blkio-weight-device", "x"}, "bad format: x"},
		{[]string{"--blkio-weight-device", "x:1"}, "bad format for device path: x:1"},
		{[]string{"--blkio-weight-device", "/dev/x:1"}, "invalid weight for device: /dev/x:1"},
		{[]string{"--device-read-bps", "/dev/x:y"}, "invalid rate for device: /dev/x:y. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb"},
		{[]string{"--dns", "none,1.1.1.1"}, "none is not allowed to be specified with other DNS ip addresses"},
		{[]string{"--dns", "x"}, "x is not an ip address"},
		{[]string{"--dns-search", "a b"}, "a b is not a valid domain"},
		{[]string{"--dns-search", ".,a"}, "cannot pass additional search domains when also specifying '.'"},
		{[]string{"--dns", "none", "--dns-search", "a"}, "NoManageResolvConf and DNSSearch are mutually exclusive pod options: invalid pod spec"},
		{[]string{"--dns", "none", "--dns-opt", "a"}, "NoManageResolvConf and DNSOption are mutually exclusive pod options: invalid pod spec"},
		{[]string{"--dns", "1.1.1.1", "--network", "none"}, "conflicting options: dns and the network mode: none"},
		{[]string{"--dns-search", "a", "--network", "container:x"}, "conflicting options: dns and the network mode: container"},
		{[]string{"--no-hosts", "--add-host", "a:1.1.1.1"}, "--no-hosts and --add-host cannot be set together"},
		{[]string{"--no-hosts", "--hosts-file", "none"}, "--no-hosts and --hosts-file cannot be set together"},
		{[]string{"--add-host", "a"}, `bad format for add-host: "a"`},
		{[]string{"--add-host", "a;:1.1.1.1"}, `hostname in add-host "a;:1.1.1.1" is empty`},
		{[]string{"--add-host", "a:b"}, `invalid IP address in add-host: "b"`},
		{[]string{"--network", "pasta"}, "pasta networking is only supported for rootless mode or when inside a nested userns"},
		{[]string{"--network", "host", "--network", "a"}, "cannot set multiple networks without bridge network mode, selected mode host: invalid argument"},
		{[]string{"--network", "a", "--network", "host"}, "can only set extra network names, selected mode host conflicts with bridge: invalid argument"},
		{[]string{"--network", ":x=y"}, "network name cannot be empty"},
		{[]string{"--network", "a:ip=x"}, `invalid option for network a: invalid ip address "x"`},
		{[]string{"--network", "a", "--network", "b:alias="}, "invalid option for network b: alias cannot be empty"},
		{[]string{"--network", "bridge:ip=x"}, `invalid ip address "x"`},
		{[]string{"--network", "host", "--ip", "1.1.1.1"}, "--ip can only be set when the network mode is bridge: invalid argument"},
		{[]string{"--network", "host", "--ip6", "::1"}, "--ip6 can only be set when the network mode is bridge: invalid argument"},
		{[]string{"--network", "none", "--mac-address", "92:d0:c6:0a:29:33"}, "--mac-address can only be set when the network mode is bridge: invalid argument"},
		{[]string{"--network", "none", "--network-alias", "a"}, "--network-alias can only be set when the network mode is bridge: invalid argument"},
		{[]string{"--network", "a,b", "--ip", "1.1.1.1"}, "--ip can only be set for a single network: invalid argument"},
		{[]string{"--ip", "x"}, `"x" is not an ip address`},
		{[]string{"-p", "1/tcp/udp"}, "invalid port format - protocol can only be specified once"},
		{[]string{"-p", "::1]:1:1"}, "invalid port format - IPv6 addresses must be enclosed by []"},
		{[]string{"-p", "[::1]1:1"}, "invalid port format - IPv6 address must be followed by a colon (':')"},
		{[]string{"-p", "-1"}, "parsing container port: port numbers cannot be negative"},
		{[]string{"-p", "1-:1"}, "parsing host port: must provide ending number for port range"},
		{[]string{"-p", "1:1:1:1"}, "invalid port format - format is [[hostIP:]hostPort:]containerPort"},
		{[]string{"-p", "80:"}, "must provide a non-empty container port to publish"},
		{[]string{"-p", "80/"}, "must provide a non-empty protocol to publish"},
		{[]string{"-p", "x:80:80"}, `cannot parse "x" as an IP address`},
		{[]string{"-p", "1-2:1-3"}, "host and container port ranges have different lengths: 2 vs 3"},
		{[]string{"-p", "3-2"}, "parsing container port: the end port of a range must be higher than the start port - 2 is not higher than 3"},
		{[]string{"-p", "0:80"}, "parsing host port: port numbers must be between 1 and 65535 (inclusive), got 0"},
		{[]string{"-p", "65536"}, "parsing container port: port numbers must be between 1 and 65535 (inclusive), got 65536"},
		{[]string{"-p", "x"}, `parsing container port: invalid port number: strconv.Atoi: parsing "x": invalid syntax`},
		{[]string{"-p", "x:80"}, `parsing host port: invalid port number: strconv.Atoi: parsing "x": invalid syntax`},
		{[]string{"-p", "::80"}, "must provide a non-empty container host IP to publish"},
		{[]string{"-p", "[]:80:80"}, "must provide a non-empty container host IP to publish"},
		{[]string{"-p", "80:1", "-p", "80:2"}, "conflicting port mappings for host port 80 (protocol tcp)"},
		{[]string{"-p", "80-82:1-3/udp", "-p", "82:9/udp"}, "conflicting port mappings for host port 82 (protocol udp)"},
		{[]string{"-p", "80/x"}, `unrecognized protocol "x" in port mapping`},
	}
}

func TestSharedFlagsRefuse(t *testing.T) {
	t.Run("create", func(t *testing.T) {
		requireFailures(t, func(args ...string) error { _, err := create(t, args...); return err }, sharedFailures())
	})
	t.Run("pod_create", func(t *testing.T) {
		requireFailures(t, func(args ...string) error { _, err := podCreate(t, args...); return err }, sharedFailures())
	})
}

func TestPodCreateRefuses(t *testing.T) {
	exclusive := func(a, b string) string {
		return a + " and " + b + " are mutually exclusive pod options: invalid pod spec"
	}
	no := func(args ...string) []string { return append([]string{"--infra=false"}, args...) }
	run := func(args ...string) error { _, err := podCreate(t, args...); return err }
	requireFailures(t, run, []failure{
		{[]string{"--name", "a", "b"}, "cannot specify --name and NAME at the same time"},
		{[]string{"--replace"}, "cannot replace pod without --name being set"},
		{[]string{"-l", "=x"}, `unable to process labels: invalid label format: "=x"`},
		{[]string{"--exit-policy", "x"}, `running pod create option: invalid pod exit policy: "x"`},
		{[]string{"--restart", "x"}, `running pod create option: "x" is not a valid restart policy: invalid argument`},
		{[]string{"--restart", "no:3"}, "restart policy retries can only be specified with on-failure restart policy"},
		{[]string{"--restart", "on-failure:-1"}, "must specify restart policy retry count as a number greater than 0"},
		{[]string{"--restart", "a:b:c"}, "invalid restart policy: may specify retries at most once"},
		{[]string{"-h", "a b"}, "running pod create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument"},
		{[]string{"--share", "mnt"}, "mount sharing functionality not supported on pod level"},
		{[]string{"--share", "ipc,x"}, "invalid kernel namespace to share: x. Options are: cgroup, ipc, net, pid, uts or none"},
		{[]string{"--share", "+cgroup"}, "cannot define the pod as the cgroup parent at the same time as joining the infra container's cgroupNS: invalid argument"},
		{[]string{"--pid", "container:x"}, "unrecognized namespace mode container:x passed"},
		{[]string{"--userns", "nomap"}, "nomap is only supported in rootless mode"},
		{[]string{"--userns", "auto", "--subuidname", "x"}, "--userns and --uidmap/--gidmap/--subuidname/--subgidname are mutually exclusive"},
		{[]string{"--sysctl", "x"}, `invalid sysctl value "x"`},
		{[]string{"--shm-size", "x"}, "unable to translate --shm-size: invalid size: 'x'"},
		{no("--share", "pid"), "cannot set share(pid) namespaces without an infra container"},
		{no("-p", "80"), "you must have an infra container to publish port bindings to the host"},
		{no("--no-hosts"), "cannot specify --no-hosts without an infra container"},
		{no("--infra-name", "x"), exclusive("NoInfra", "InfraName")},
		{no("--dns", "1.1.1.1"), exclusive("NoInfra", "DNSServer")},
		{no("--dns-option", "x"), exclusive("NoInfra", "DNSOption")},
		{no("--dns-search", "x"), exclusive("NoInfo", "DNSSearch")},
		{no("--add-host", "a:1.1.1.1"), exclusive("NoInfra", "HostAdd")},
		{no("--hosts-file", "none"), exclusive("NoInfra", "HostsFile")},
		{no("--dns", "none"), exclusive("NoInfra", "NoManageResolvConf")},
		{no("--network", "x"), "NoInfra and network modes cannot be used together"},
		{no("--ip", "1.1.1.1"), "cannot set --ip without infra container: invalid argument"},
		{no("--ip6", "::1"), "cannot set --ip6 without infra container: invalid argument"},
		{no("--mac-address", "92:d0:c6:0a:29:33"), "cannot set --mac without infra container: invalid argument"},
		{no("--network-alias", "x"), "cannot set --network-alias without infra container: invalid argument"},
		{[]string{"--share", "none", "-p", "80"}, "you must have an infra container to publish port bindings to the host"},
		{[]string{"--network", "container:x"}, "pods presently do not support network mode container"},
		{[]string{"--network", "pod"}, "pods presently do not support network mode pod"},
	})
	for _, mode := range []string{"host", "none", "private", "ns:/x"} {
		t.Run("ports_on_network_"+mode, func(t *testing.T) {
			require.EqualError(t, run("--network", mode, "-p", "80"), "PortMappings can only be used with Bridge, slirp4netns, or pasta networking")
		})
	}
}

func TestRunRefuses(t *testing.T) {
	run := func(args ...string) error {
		var common ContainerFlags
		var flags RunFlags
		return parsed(t, func(cmd *cobra.Command) { common.Bind(cmd); flags.Bind(cmd) }, func(args []string) error {
			opts, err := common.Options(testEnv(), args)
			require.NoError(t, err)
			return flags.Apply(opts.Config, testEnv())
		}, append(args, "img")...)
	}
	requireFailures(t, run, []failure{
		{[]string{"--rmi", "--rm=false"}, "the --rmi option does not work without --rm"},
		{[]string{"--preserve-fds", "1", "--preserve-fd", "3"}, "cannot specify both --preserve-fds and --preserve-fd"},
		{[]string{"--preserve-fds", "2"}, "file descriptor 4 is not available - the preserve-fds option requires that file descriptors must be passed"},
		{[]string{"--preserve-fd", "9"}, "file descriptor 9 is not available - the preserve-fds option requires that file descriptors must be passed"},
		{[]string{"--init-ctr", "once"}, "unknown flag: --init-ctr"},
	})
}

func TestRunApply(t *testing.T) {
	var common ContainerFlags
	var flags RunFlags
	var c *container.Config
	err := parsed(t, func(cmd *cobra.Command) { common.Bind(cmd); flags.Bind(cmd) }, func(args []string) error {
		opts, err := common.Options(testEnv(), args)
		require.NoError(t, err)
		c = opts.Config
		return flags.Apply(c, testEnv())
	}, "-d", "-i", "--detach-keys", "", "--sig-proxy=false", "--rmi", "--passwd=false", "--preserve-fds", "1", "img")
	require.NoError(t, err)
	want := plain()
	want.AutoRemove, want.AutoRemoveImage, want.NoPasswd, want.PreserveFDs, want.Stdin = true, true, true, 1, true
	require.Equal(t, want, *c)
	require.True(t, flags.Detach)
	require.False(t, flags.SigProxy)
	require.Equal(t, ptr(""), flags.DetachKeys())
}
