package kube

import (
	"errors"
	"testing"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

const testPod = "0123456789abcdef"

var errNoSecret = errors.New("no such secret")

// sources have a ConfigMap and a secret, on a host with 4 GB and 2 CPUs.
func sources() Sources {
	return Sources{
		ConfigMaps: []ConfigMap{{ObjectMeta: ObjectMeta{Name: "settings"}, Data: map[string]string{"color": "blue", "shape": "round"}}},
		Secret: func(name string) ([]byte, error) {
			switch name {
			case "creds":
				return []byte("kind: Secret\ndata: {pass: c2VjcmV0}\nstringData: {user: me}"), nil
			case "old":
				return []byte(`{"pass": "c2VjcmV0"}`), nil
			}
			return nil, errNoSecret
		},
		Memory: 4 << 30, CPUs: 2,
	}
}

// play reads one object; what is said of it is YAML.
func play(t *testing.T, text string, options Options) (*Play, error) {
	t.Helper()
	o, err := Read([]byte(text))
	require.NoError(t, err)
	require.Len(t, o.Workloads, 1)
	return NewPlay(o.Workloads[0], options, sources())
}

// ctr is the configuration of the last container of a pod w, of which spec is said.
func ctr(t *testing.T, spec string) (*container.Config, error) {
	t.Helper()
	p, err := play(t, "kind: Pod\nmetadata: {name: w, labels: {app: w}, annotations: {note: hi}}\nspec: "+spec, Options{SeccompRoot: "/root"})
	if err != nil {
		return nil, err
	}
	return p.Container(p.Members[len(p.Members)-1], testPod, []string{"HOME=/home", "A=image"})
}

// one is a container of which fields are said.
func one(fields string) string { return "{containers: [{name: c, image: i, " + fields + "}]}" }

func TestPlayPod(t *testing.T) {
	p, err := play(t, `
kind: Pod
metadata: {name: web, labels: {app: web}, annotations: {io.podman.annotations.infra.name: infra}}
spec:
  hostname: h
  restartPolicy: OnFailure
  shareProcessNamespace: true
  hostIPC: true
  hostPID: true
  hostAliases: [{ip: "::1", hostnames: [one, two]}]
  dnsConfig: {nameservers: [1.2.3.4], searches: [s], options: [{name: ndots, value: "3"}, {name: rotate}]}
  securityContext: {sysctls: [{name: net.a, value: "1"}], fsGroup: 5}
  containers:
  - {name: a, image: i, ports: [{containerPort: 80, hostPort: 8080, hostIP: 127.0.0.1}, {containerPort: 81}, {hostPort: 53, containerPort: 0, protocol: UDP}]}
`, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"ipc", "net", "pid", "uts"}, p.Pod.Share)
	require.Equal(t, "h", p.Pod.Hostname)
	require.Equal(t, "stop", p.Pod.ExitPolicy)
	require.Equal(t, "on-failure", p.Pod.Restart.Name)
	require.True(t, p.Pod.ShareParent)
	require.Equal(t, "infra", p.InfraName)
	require.Equal(t, "host", p.UserNS)
	require.True(t, p.Infra.Namespaces.IPC.IsHost())
	require.True(t, p.Infra.Namespaces.PID.IsHost())
	n := p.Infra.Network
	require.Equal(t, []string{"one:::1", "two:::1"}, n.HostAdd)
	require.Equal(t, []string{"ndots:3", "rotate"}, n.DNSOptions)
	require.Equal(t, []types.PortMapping{
		{HostIP: "127.0.0.1", HostPort: 8080, ContainerPort: 80, Protocol: "tcp", Range: 1},
		{HostPort: 53, ContainerPort: 53, Protocol: "udp", Range: 1},
	}, n.Ports)
	require.Equal(t, map[string]string{"net.a": "1"}, p.Infra.Security.Sysctls)
	require.Equal(t, []string{"a"}, p.Aliases())
	cfg, err := p.Container(p.Members[0], testPod, nil)
	require.NoError(t, err)
	require.True(t, cfg.Namespaces.PID.IsHost())
}

func TestPlayPublishesAll(t *testing.T) {
	p, err := play(t, "kind: Pod\nmetadata: {name: w}\nspec: "+one("ports: [{containerPort: 81}]"), Options{PublishAll: true})
	require.NoError(t, err)
	require.Equal(t, []types.PortMapping{{HostPort: 81, ContainerPort: 81, Protocol: "tcp", Range: 1}}, p.Infra.Network.Ports)
	flag := types.PortMapping{HostPort: 9000, ContainerPort: 80, Protocol: "tcp", Range: 2}
	require.Equal(t, []types.PortMapping{flag}, MergePorts([]types.PortMapping{flag}, p.Infra.Network.Ports), "the flag has it")
	require.Len(t, MergePorts(nil, p.Infra.Network.Ports), 1)
}

func TestPlayUserNamespace(t *testing.T) {
	for text, want := range map[string]string{
		"metadata: {name: w}\nspec: {}":                                                         "host",
		"metadata: {name: w}\nspec: {hostUsers: false}":                                         "auto",
		"metadata: {name: w}\nspec: {hostUsers: true}":                                          "host",
		"metadata: {name: w, annotations: {io.podman.annotations.userns: keep-id}}\nspec: {}":   "keep-id",
		"metadata: {name: w, annotations: {io.podman.annotations.userns: private}}\nspec: {}":   "auto",
		"metadata: {name: w, annotations: {io.podman.annotations.userns/w: keep-id}}\nspec: {}": "keep-id",
	} {
		p, err := play(t, "kind: Pod\n"+text, Options{})
		require.NoError(t, err)
		require.Equal(t, want, p.UserNS, text)
	}
}

func TestPlayHostNetwork(t *testing.T) {
	p, err := play(t, "kind: Pod\nmetadata: {name: w}\nspec: {hostNetwork: true, hostname: h}", Options{})
	require.NoError(t, err)
	require.True(t, p.Infra.Namespaces.Net.IsHost())
	require.True(t, p.Infra.Namespaces.UTS.IsHost())
	require.Empty(t, p.Infra.Hostname)
}

func TestPlayRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"kind: Pod":        "pod does not have a name",
		"kind: Deployment": "deployment does not have a name",
		"kind: DaemonSet":  "daemonSet does not have a name",
		"kind: Job":        "job does not have a name",
		"kind: Pod\nmetadata: {name: w}\nspec: {containers: [{name: c, image: i}, {name: c, image: i}]}":       `the pod "w" is invalid; duplicate container name "c" detected`,
		"kind: Pod\nmetadata: {name: w}\nspec: {containers: [{name: c}]}":                                      `container "c" is missing the required 'image' field`,
		"kind: Pod\nmetadata: {name: w}\nspec: {containers: [{name: c, image: i, imagePullPolicy: Soon}]}":     `unsupported pull policy "Soon"`,
		"kind: Pod\nmetadata: {name: w}\nspec: {initContainers: [{name: c, image: i, readinessProbe: {}}]}":    "cannot create an init container that has either of lifecycle, livenessProbe, readinessProbe, or startupProbe set",
		"kind: Pod\nmetadata: {name: w, annotations: {io.podman.annotations.volumes-from: x}}":                 "annotation io.podman.annotations.volumes-from without target volume is reserved for internal use",
		"kind: Pod\nmetadata: {name: w}\nspec: {volumes: [{name: v}]}":                                         `failed to create volume "v": HostPath, ConfigMap, EmptyDir, Secret, and PersistentVolumeClaim are currently the only supported VolumeSource`,
		"kind: Pod\nmetadata: {name: w}\nspec: {volumes: [{name: v, configMap: {name: x}}]}":                   `failed to create volume "v": no such ConfigMap "x"`,
		"kind: Pod\nmetadata: {name: w}\nspec: {volumes: [{name: v, secret: {secretName: x}}]}":                `failed to create volume "v": no such secret`,
		"kind: Pod\nmetadata: {name: w}\nspec: {volumes: [{name: v, configMap: {name: x, defaultMode: 512}}]}": `failed to create volume "v": invalid DefaultMode for configMap "x": must be between 0000 and 0777`,
		"kind: Pod\nmetadata: {name: w}\nspec: {volumes: [{name: v, hostPath: {path: /x, type: Hole}}]}":       `failed to create volume "v": invalid HostPath type Hole`,
		"kind: Pod\nmetadata: {name: w}\nspec: {volumes: [{name: v, hostPath: {path: ''}}]}":                   `failed to create volume "v": in parsing HostPath in YAML: host directory cannot be empty`,
	} {
		_, err := play(t, text, Options{})
		require.EqualError(t, err, want)
	}
	for spec, want := range map[string]string{
		one("env: [{name: E, valueFrom: {configMapKeyRef: {name: x, key: k}}}]"):                                             "cannot set env E: configmap x not found",
		one("env: [{name: E, valueFrom: {configMapKeyRef: {name: settings, key: k}}}]"):                                      "cannot set env E: key k not found in configmap settings",
		one("env: [{name: E, valueFrom: {secretKeyRef: {name: x, key: k}}}]"):                                                "cannot set env E: no such secret",
		one("env: [{name: E, valueFrom: {secretKeyRef: {name: creds, key: k}}}]"):                                            "cannot set env E: secret creds has not k key",
		one("env: [{name: E, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]"):                                            "can not set env E. Reason: fieldPath status.podIP is either not valid or not supported",
		one("env: [{name: E, valueFrom: {resourceFieldRef: {resource: limits.gpu}}}]"):                                       "can not set env E. Reason: resource limits.gpu is either not valid or not supported",
		one("env: [{name: E, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1Mi}}}]"):                         "can not set env E. Reason: divisor value 1Mi is not valid",
		one("envFrom: [{configMapRef: {name: x}}]"):                                                                          "configmap x not found",
		one("envFrom: [{secretRef: {name: x}}]"):                                                                             "no such secret",
		one("volumeMounts: [{name: v, mountPath: /x}]"):                                                                      "volume mount v specified for container but not configured in volumes",
		"{volumes: [{name: v, emptyDir: {}}], " + one("volumeMounts: [{name: v, mountPath: x}]")[1:]:                         `parsing MountPath: invalid container path "x", must be an absolute path`,
		"{volumes: [{name: v, emptyDir: {}}], " + one("volumeMounts: [{name: v, mountPath: /x, mountPropagation: Odd}]")[1:]: `unknown propagation mode "Odd"`,
		one("livenessProbe: {exec: {}}"):                                                                                     "failed to configure livenessProbe: must define a healthcheck command for all healthchecks",
		one("startupProbe: {tcpSocket: {port: http}}"):                                                                       `failed to configure startupProbe: unknown port: "http"`,
		one("securityContext: {seccompProfile: {type: Weird}}"):                                                              `invalid seccomp profile type "Weird": use RuntimeDefault, Unconfined or Localhost`,
		one("lifecycle: {stopSignal: SIGNONE}"):                                                                              "invalid signal: SIGNONE",
	} {
		_, err := ctr(t, spec)
		require.EqualError(t, err, want, spec)
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
	}
}

func TestPlayProcess(t *testing.T) {
	c, err := ctr(t, one(`command: [sh, -c, "$(A) $(B) $$(A) $HOME $(none"], args: ["$(C)"], workingDir: /w, tty: true, stdin: true,
		env: [{name: A, value: mine}, {name: B, value: two}], lifecycle: {stopSignal: SIGUSR1}`))
	require.NoError(t, err)
	require.Equal(t, []string{"sh", "-c", "mine two $(A) $HOME $(none"}, c.Entrypoint)
	require.True(t, c.EntrypointSet)
	require.Equal(t, []string{"$(C)"}, c.Command)
	require.Equal(t, []string{"A=mine", "B=two"}, c.Env)
	require.Equal(t, "/w", c.WorkDir)
	require.True(t, c.Terminal && c.Stdin)
	require.EqualValues(t, 10, c.StopSignal)
	require.Equal(t, map[string]string{"app": "w"}, c.Labels)
	require.Equal(t, map[string]string{"note": "hi"}, c.Annotations)
	require.Equal(t, "ignore", c.SDNotify)
	c, err = ctr(t, one("args: [a]"))
	require.NoError(t, err)
	require.False(t, c.EntrypointSet, "the image's entrypoint stays")
	c, err = ctr(t, "{terminationGracePeriodSeconds: 3, "+one("")[1:])
	require.NoError(t, err)
	require.EqualValues(t, 3, *c.StopTimeout)
}

func TestPlayEnvironment(t *testing.T) {
	c, err := ctr(t, one(`
    envFrom: [{configMapRef: {name: settings}, prefix: P_}, {secretRef: {name: old}}, {secretRef: {name: x, optional: true}}, {configMapRef: {name: x, optional: true}}],
    resources: {limits: {cpu: 1500m}, requests: {memory: 1Mi}},
    env: [
      {name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}, {name: NONE, valueFrom: {configMapKeyRef: {name: x, key: k, optional: true}}},
      {name: PASS, valueFrom: {secretKeyRef: {name: creds, key: pass}}}, {name: NOT, valueFrom: {secretKeyRef: {name: creds, key: k, optional: true}}},
      {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}},
      {name: LABEL, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}, {name: NOTE, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['note']"}}},
      {name: GONE, valueFrom: {fieldRef: {fieldPath: "metadata.labels['x']"}}},
      {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}, {name: MCPU, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}},
      {name: MEM, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Gi}}}, {name: REQ, valueFrom: {resourceFieldRef: {resource: requests.memory}}}]`))
	require.NoError(t, err)
	require.Equal(t, []string{
		"P_color=blue", "P_shape=round", "pass=secret", "COLOR=blue", "PASS=secret", "NAME=w", "UID=" + testPod, "LABEL=w", "NOTE=hi", "GONE=",
		"CPU=2", "MCPU=1500", "MEM=4", "REQ=1048576",
	}, c.Env)
}

func TestPlaySecurity(t *testing.T) {
	c, err := ctr(t, `{securityContext: {runAsUser: 1, runAsGroup: 2, supplementalGroups: [7], seLinuxOptions: {level: s1}, seccompProfile: {type: Unconfined}}, containers: [
		{name: c, image: i, securityContext: {runAsUser: 5, privileged: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, procMount: Unmasked,
		capabilities: {add: [NET_ADMIN], drop: [ALL]}, seLinuxOptions: {type: t, filetype: f}, seccompProfile: {type: Localhost, localhostProfile: p.json}}}]}`)
	require.NoError(t, err)
	require.Equal(t, "5:2", c.User)
	require.Equal(t, []string{"7"}, c.Groups)
	s := c.Security
	require.True(t, s.Privileged && s.NoNewPrivs && c.Storage.ReadOnly)
	require.Equal(t, []string{"ALL"}, s.Unmask)
	require.Equal(t, []string{"NET_ADMIN"}, s.CapAdd)
	require.Equal(t, []string{"ALL"}, s.CapDrop)
	require.Equal(t, []string{"type:t", "filetype:f"}, s.LabelOpts)
	require.Equal(t, "/root/p.json", s.Seccomp)
	c, err = ctr(t, `{securityContext: {runAsGroup: 2, seccompProfile: {type: Unconfined}}, containers: [{name: c, image: i}]}`)
	require.NoError(t, err)
	require.Equal(t, "0:2", c.User)
	require.Equal(t, "unconfined", c.Security.Seccomp)
	for annotation, want := range map[string]string{
		"seccomp.security.alpha.kubernetes.io/pod: localhost/p":         "/root/p",
		"container.seccomp.security.alpha.kubernetes.io/c: unconfined":  "unconfined",
		"seccomp.security.alpha.kubernetes.io/pod: runtime/default":     "",
		"container.seccomp.security.alpha.kubernetes.io/x: localhost/p": "",
	} {
		p, err := play(t, "kind: Pod\nmetadata: {name: w, annotations: {"+annotation+"}}\nspec: "+one(""), Options{SeccompRoot: "/root"})
		require.NoError(t, err)
		c, err := p.Container(p.Members[0], testPod, nil)
		require.NoError(t, err)
		require.Equal(t, want, c.Security.Seccomp, annotation)
	}
}

func TestPlayLimits(t *testing.T) {
	c, err := ctr(t, one("resources: {limits: {cpu: 250m, memory: 64Mi}, requests: {memory: 32Mi}}"))
	require.NoError(t, err)
	require.Equal(t, &specs.LinuxResources{
		CPU:    &specs.LinuxCPU{Period: ptr(uint64(100000)), Quota: ptr(int64(25000))},
		Memory: &specs.LinuxMemory{Limit: ptr(int64(64 << 20)), Reservation: ptr(int64(32 << 20))},
	}, c.Resources.Linux)
	c, err = ctr(t, one("resources: {limits: {podman.io/device=/dev/x: 1, vendor.example/class=y: 1}, requests: {vendor.example/class=y: 1}}"))
	require.NoError(t, err)
	require.Nil(t, c.Resources.Linux)
	require.Equal(t, []string{"/dev/x", "vendor.example/class=y"}, c.Security.Devices)
	p, err := play(t, `
kind: Pod
metadata:
  name: w
  annotations: {io.podman.annotations.pids-limit/c: "7", io.podman.annotations.cpuset/c: 0-1, io.podman.annotations.memory-nodes/c: "0",
    io.podman.annotations.ulimit: "nofile=5:6,core=-1"}
spec: `+one(""), Options{})
	require.NoError(t, err)
	c, err = p.Container(p.Members[0], testPod, nil)
	require.NoError(t, err)
	require.EqualValues(t, 7, *c.Resources.PidsLimit)
	require.Equal(t, &specs.LinuxCPU{Cpus: "0-1", Mems: "0"}, c.Resources.Linux.CPU)
	unlimited := ^uint64(0)
	require.Equal(t, []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 5, Hard: 6}, {Type: "RLIMIT_CORE", Soft: unlimited, Hard: unlimited}}, c.Resources.Rlimits)
}

func TestPlayVolumes(t *testing.T) {
	p, err := play(t, `
kind: Pod
metadata: {name: w, annotations: {bind-mount-options: "/host:Z"}}
spec:
  volumes:
  - {name: host, hostPath: {path: /host, type: DirectoryOrCreate}}
  - {name: dev, hostPath: {path: /dev/x, type: CharDevice}}
  - {name: data, persistentVolumeClaim: {claimName: pvc}}
  - {name: empty, emptyDir: {}}
  - {name: mem, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  - {name: conf, configMap: {name: settings, defaultMode: 256}}
  - {name: sec, secret: {secretName: creds, items: [{key: pass, path: d/p, mode: 0400}, {key: none, path: n}]}}
  - {name: gone, configMap: {name: x, optional: true}}
  - {name: img, image: {reference: localhost/x, pullPolicy: Never}}
  containers:
  - name: c
    image: i
    volumeMounts:
    - {name: host, mountPath: /h, subPath: s, readOnly: true, mountPropagation: HostToContainer}
    - {name: dev, mountPath: /dev/y}
    - {name: data, mountPath: "/d:nosuid", subPath: s}
    - {name: empty, mountPath: /e/}
    - {name: mem, mountPath: /m}
    - {name: conf, mountPath: /c}
    - {name: sec, mountPath: /s}
    - {name: gone, mountPath: /g}
    - {name: img, mountPath: /i}
`, Options{})
	require.NoError(t, err)
	require.Equal(t, []HostPath{{Path: "/host", Type: DirectoryOrCreate}, {Path: "/dev/x", Type: CharDevice}}, p.HostPaths)
	require.Equal(t, []ImageVolume{{Reference: "localhost/x", PullPolicy: "Never"}}, p.Images)
	require.Equal(t, []Files{
		{"settings", map[string]FileContent{"color": {[]byte("blue"), 0o400}, "shape": {[]byte("round"), 0o400}}},
		{"creds", map[string]FileContent{"d/p": {[]byte("secret"), 0o400}}},
	}, p.Files)
	c, err := p.Container(p.Members[0], testPod, nil)
	require.NoError(t, err)
	require.Equal(t, []container.Mount{
		{Type: "bind", Source: "/host", Destination: "/h", Options: []string{"ro", "rslave", "Z"}, SubPath: "s"},
		{Type: "tmpfs", Source: "tmpfs", Destination: "/m", Options: []string{"size=1048576"}},
		{Type: "image", Source: "localhost/x", Destination: "/i"},
	}, c.Storage.Mounts)
	require.Equal(t, []string{"/dev/x:/dev/y"}, c.Security.Devices)
	require.Len(t, c.Storage.Volumes, 4)
	require.Equal(t, container.VolumeMount{Name: "pvc", Destination: "/d", Options: []string{"nosuid"}, SubPath: "s"}, c.Storage.Volumes[0])
	require.Equal(t, "0123456789ab-empty", c.Storage.Volumes[1].Name)
	require.True(t, c.Storage.Volumes[1].Anonymous)
	require.Equal(t, []string{"settings", "creds"}, []string{c.Storage.Volumes[2].Name, c.Storage.Volumes[3].Name})
}

func TestPlayProbes(t *testing.T) {
	c, err := ctr(t, one("livenessProbe: {exec: {command: [a, b]}, periodSeconds: 5, initialDelaySeconds: 7}, startupProbe: {tcpSocket: {port: 80}, failureThreshold: 9}"))
	require.NoError(t, err)
	require.Equal(t, &container.Health{
		Test: []string{"CMD", "a", "b"}, Interval: 5 * time.Second, Timeout: time.Second, StartPeriod: 7 * time.Second, Retries: 3,
		OnFailure: "restart", LogDest: "local", MaxLogCount: 5, MaxLogSize: 500,
		StartupTest: []string{"CMD-SHELL", "nc -z -v localhost 80 || exit 1"}, StartupEvery: 10 * time.Second, StartupLimit: time.Second, StartupTries: 9,
	}, c.Health)
	c, err = ctr(t, "{restartPolicy: Never, "+one("ports: [{name: http, containerPort: 8080}], livenessProbe: {httpGet: {port: http, path: /x, scheme: HTTPS}}")[1:])
	require.NoError(t, err)
	require.Equal(t, []string{"CMD-SHELL", "curl -f HTTPS://localhost:8080/x || exit 1"}, c.Health.Test)
	require.Equal(t, "none", c.Health.OnFailure)
	c, err = ctr(t, one("startupProbe: {exec: {command: [a]}}"))
	require.NoError(t, err)
	require.Equal(t, []string{"CMD-SHELL", "exit 0"}, c.Health.Test)
}

func TestPlayMembers(t *testing.T) {
	p, err := play(t, `
kind: Pod
metadata:
  name: w
  annotations: {io.podman.annotations.init.container.type: always, io.podman.annotations.kube.image.automount/c: "x;y",
    io.podman.annotations.volumes-from/c: "i;other:ro", io.containers.autoupdate: registry, io.containers.autoupdate/c: local}
spec:
  initContainers: [{name: i, image: q}]
  containers: [{name: c, image: q}]
`, Options{NoPodPrefix: true})
	require.NoError(t, err)
	require.Equal(t, []string{"w-i", "c"}, []string{p.Members[0].Name, p.Members[1].Name})
	require.Equal(t, []string{"x", "y"}, p.Members[1].Automount)
	first, err := p.Container(p.Members[0], testPod, nil)
	require.NoError(t, err)
	require.Equal(t, "always", first.InitType)
	require.Equal(t, "registry", first.Labels["io.containers.autoupdate"])
	c, err := p.Container(p.Members[1], testPod, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"w-i", "other:ro"}, c.Storage.VolumesFrom)
	require.Equal(t, "local", c.Labels["io.containers.autoupdate"])
}

func TestPullPolicy(t *testing.T) {
	for _, test := range []struct{ image, policy, want string }{
		{"x", "", "missing"}, {"docker.io/library/x", "", "newer"}, {"docker.io/library/x:latest", "", "newer"}, {"docker.io/library/x:1", "", "missing"},
		{"host:5000/x", "", "newer"}, {"localhost/x:latest", "", "missing"},
		{"docker.io/library/x@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "", "missing"},
		{"x", "IfNotPresent", "missing"}, {"x", "Always", "always"}, {"x", "Never", "never"}, {"x", "newer", "newer"},
	} {
		got, err := PullPolicy(test.image, test.policy)
		require.NoError(t, err)
		require.Equal(t, test.want, got, test.image)
	}
}
