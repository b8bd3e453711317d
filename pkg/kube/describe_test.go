package kube

import (
	"strings"
	"testing"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
)

// pathTypes is a host of directories, with devices in /dev.
func pathTypes(path string) string {
	if path == "/dev/x" {
		return CharDevice
	}
	return Directory
}

// described is what a pod that was played looks like.
func described(t *testing.T, p *Play) Description {
	t.Helper()
	d := Description{
		PodID: testPod, PodName: p.Name, Pod: p.Pod, PathType: pathTypes, Now: time.Unix(0, 0),
		Infra: &Part{Name: testPod[:12] + "-infra", Config: p.Infra},
	}
	for _, m := range p.Members {
		c, err := p.Container(m, testPod, nil)
		require.NoError(t, err)
		d.Members = append(d.Members, Part{Name: m.Name, Config: c})
	}
	return d
}

func text(t *testing.T, object any) string {
	t.Helper()
	out, err := yaml.Marshal(object)
	require.NoError(t, err)
	return string(out)
}

// A pod that is described and played again is the same pod.
func TestRoundTrip(t *testing.T) {
	p, err := play(t, `
kind: Pod
metadata:
  name: web
  labels: {app: web, tier: front}
  annotations: {note: hi, io.podman.annotations.pids-limit/main: "7", io.podman.annotations.cpuset/main: "0",
    io.podman.annotations.init.container.type: always, io.podman.annotations.ulimit: "nofile=5:6"}
spec:
  hostname: h
  restartPolicy: Never
  terminationGracePeriodSeconds: 3
  shareProcessNamespace: true
  hostIPC: true
  hostAliases: [{ip: 10.0.0.1, hostnames: [one]}]
  dnsConfig: {nameservers: [1.2.3.4], searches: [s], options: [{name: ndots, value: "3"}, {name: rotate}]}
  securityContext: {sysctls: [{name: net.a, value: "1"}, {name: net.b, value: "2"}], supplementalGroups: [7, 8]}
  volumes:
  - {name: host, hostPath: {path: /srv/My Files}}
  - {name: host-2, hostPath: {path: /srv/my_files}}
  - {name: dev, hostPath: {path: /dev/x, type: CharDevice}}
  - {name: data, persistentVolumeClaim: {claimName: Data_1}}
  - {name: shared, emptyDir: {}}
  - {name: mem, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  - {name: img, image: {reference: localhost/x}}
  initContainers:
  - {name: prepare, image: localhost/i, command: [sh], volumeMounts: [{name: shared, mountPath: /s}]}
  containers:
  - name: main
    image: localhost/i
    command: [sh, -c, "echo $$(A) $B"]
    args: [x]
    workingDir: /w
    tty: true
    env: [{name: A, value: "1=2"}, {name: EMPTY}]
    ports: [{containerPort: 80, hostPort: 8080}, {containerPort: 53, hostPort: 53, protocol: UDP, hostIP: 127.0.0.1}]
    resources: {limits: {cpu: 250m, memory: 64Mi, vendor.example/class=dev: 1}, requests: {memory: 32Mi}}
    lifecycle: {stopSignal: SIGUSR1}
    livenessProbe: {exec: {command: [a, b]}, periodSeconds: 5, initialDelaySeconds: 7, timeoutSeconds: 2, failureThreshold: 4}
    startupProbe: {exec: {command: [c]}, successThreshold: 2}
    securityContext: {runAsUser: 5, runAsGroup: 6, privileged: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false,
      procMount: Unmasked, capabilities: {add: [NET_ADMIN], drop: [ALL]}, seLinuxOptions: {type: t, level: l},
      seccompProfile: {type: Localhost, localhostProfile: p.json}}
    volumeMounts:
    - {name: host, mountPath: /h, readOnly: true, mountPropagation: Bidirectional, subPath: s}
    - {name: host-2, mountPath: /h2}
    - {name: dev, mountPath: /dev/y}
    - {name: data, mountPath: /d, readOnly: true, subPath: s}
    - {name: shared, mountPath: /s}
    - {name: mem, mountPath: /m}
    - {name: img, mountPath: /i}
  - {name: side, image: localhost/i, stdin: true, stdinOnce: true, securityContext: {seccompProfile: {type: Unconfined}}, volumeMounts: [{name: host, mountPath: /h}]}
`, Options{SeccompRoot: DefaultSeccompRoot})
	require.NoError(t, err)
	before := described(t, p)
	object, err := Describe(before)
	require.NoError(t, err)
	again, err := play(t, text(t, object), Options{SeccompRoot: DefaultSeccompRoot})
	require.NoError(t, err)
	after := described(t, again)
	require.Equal(t, before.Pod, after.Pod)
	require.Equal(t, before.Infra, after.Infra)
	require.Len(t, after.Members, len(before.Members))
	for i := range before.Members {
		want, got := before.Members[i], after.Members[i]
		// What the description adds to say all of it.
		require.Subset(t, got.Config.Annotations, want.Config.Annotations)
		got.Config.Annotations = want.Config.Annotations
		require.Equal(t, want, got)
	}
	second, err := Describe(after)
	require.NoError(t, err)
	require.Equal(t, text(t, object), text(t, second))
}

func TestDescribeContainers(t *testing.T) {
	cfg := func() *container.Config {
		c := &container.Config{Image: container.Image{Name: "localhost/i:latest"}}
		c.EntrypointSet, c.Command = true, []string{"top"}
		c.Restart.Name = "always"
		c.Namespaces.Net.Mode = container.ModeHost
		c.Network.Ports = []types.PortMapping{{ContainerPort: 80, HostPort: 8080, Range: 2, Protocol: "tcp"}}
		c.Storage.Volumes = []container.VolumeMount{{Name: "0123", Anonymous: true, Destination: "/var/data"}}
		c.Labels = map[string]string{"io.containers.autoupdate": "registry"}
		c.Annotations = map[string]string{"common": "x"}
		return c
	}
	other := cfg()
	other.Annotations["own"] = "y"
	other.Storage.Volumes, other.Network.Ports = nil, nil
	object, err := Describe(Description{Members: []Part{{"my_web", cfg()}, {"other", other}}, PathType: pathTypes, Now: time.Unix(0, 0)})
	require.NoError(t, err)
	require.Equal(t, `apiVersion: v1
kind: Pod
metadata:
  annotations:
    common: x
    io.containers.autoupdate/myweb: registry
    io.containers.autoupdate/other: registry
    own/other: "y"
  creationTimestamp: "1970-01-01T00:00:00Z"
  labels:
    app: myweb-pod
  name: myweb-pod
spec:
  containers:
  - command:
    - top
    image: localhost/i:latest
    name: myweb
    ports:
    - containerPort: 80
      hostPort: 8080
    - containerPort: 81
      hostPort: 8081
    volumeMounts:
    - mountPath: /var/data
      name: var-data-dir
  - command:
    - top
    image: localhost/i:latest
    name: other
  hostNetwork: true
  restartPolicy: Always
  volumes:
  - emptyDir: {}
    name: var-data-dir
`, text(t, object))
}

func TestDescribeReserved(t *testing.T) {
	c := &container.Config{Annotations: map[string]string{"io.podman.annotations.privileged": "TRUE"}}
	c.AutoRemove, c.Init = true, true
	object, err := Describe(Description{Members: []Part{{"c", c}}})
	require.NoError(t, err)
	require.Empty(t, object.Annotations)
	object, err = Describe(Description{Members: []Part{{"c", c}}, Reserved: true})
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"io.podman.annotations.privileged": "TRUE", "io.podman.annotations.autoremove/c": "TRUE", "io.podman.annotations.init/c": "TRUE",
	}, object.Annotations)
}

func TestDescribeRefuses(t *testing.T) {
	for want, c := range map[string]*container.Config{
		"container c: k8s does not support Rootfs":                                {Rootfs: "/x"},
		"container c: mount of type overlay at /x: Kubernetes has no such volume": {Storage: container.Storage{Mounts: []container.Mount{{Type: "overlay", Destination: "/x"}}}},
		"container c: device /srv: Kubernetes has no such volume":                 {Security: container.Security{Devices: []string{"/srv"}}},
	} {
		_, err := Describe(Description{Members: []Part{{"c", c}}, PathType: pathTypes})
		require.EqualError(t, err, want)
		require.ErrorIs(t, err, errdefs.ErrUnsupported)
	}
}

func TestDescribePodWithoutInfra(t *testing.T) {
	c := &container.Config{}
	c.Network.Ports = []types.PortMapping{{ContainerPort: 80, HostPort: 80, Range: 1, Protocol: "udp"}}
	object, err := Describe(Description{PodID: testPod, PodName: "p", Pod: &pod.Config{}, Members: []Part{{"p-c", c}, {"c", &container.Config{}}}, Service: true})
	require.NoError(t, err)
	require.Equal(t, []string{"p-c", "c"}, []string{object.Spec.Containers[0].Name, object.Spec.Containers[1].Name}, "no two have one name")
	require.Equal(t, []ContainerPort{{ContainerPort: 80, Protocol: "UDP"}}, object.Spec.Containers[0].Ports)
	require.Equal(t, "Never", object.Spec.RestartPolicy)
	deployment, err := object.Controller("Deployment", 1)
	require.NoError(t, err)
	require.Empty(t, deployment.Spec.Template.Spec.RestartPolicy, "nobody chose it")
	s := ServiceOf(object, func() int32 { return 30000 })
	require.Equal(t, []ServicePort{{Name: "80", Protocol: "UDP", Port: 80, TargetPort: 80, NodePort: 30000}}, s.Spec.Ports)
	require.Equal(t, map[string]string{"app": "p"}, s.Spec.Selector)
}

func TestController(t *testing.T) {
	for policy, refusing := range map[string][]string{"": nil, "Always": {"Job"}, "Never": {"Deployment", "DaemonSet"}, "OnFailure": {"Deployment", "DaemonSet"}} {
		for _, kind := range []string{"Deployment", "DaemonSet", "Job"} {
			p := &Pod{ObjectMeta: ObjectMeta{Name: "p", Labels: map[string]string{"app": "x"}}, Spec: PodSpec{RestartPolicy: policy}}
			c, err := p.Controller(kind, 2)
			for _, k := range refusing {
				if k == kind {
					require.ErrorIs(t, err, errdefs.ErrInvalidArgument, kind+policy)
					c = nil
				}
			}
			if c == nil {
				continue
			}
			require.NoError(t, err)
			require.Equal(t, "p", c.Spec.Template.Labels["app"])
			require.Equal(t, kind == "Job", c.Spec.Selector == nil)
		}
	}
	p := &Pod{ObjectMeta: ObjectMeta{Name: "p", Labels: map[string]string{}}, Spec: PodSpec{RestartPolicy: "Never"}}
	_, err := p.Controller("DaemonSet", 1)
	require.EqualError(t, err, "k8s DaemonSets can only have restartPolicy set to Always")
	c, err := p.Controller("Job", 1)
	require.NoError(t, err)
	require.Equal(t, "p-job", c.Name)
	require.Equal(t, "Never", c.Spec.Template.Spec.RestartPolicy)
}

func TestVolumeNamesAreOnesThatKubernetesTakes(t *testing.T) {
	var v volumeNames
	long := "/" + strings.Repeat("a", 100)
	require.Equal(t, "root", volumeName("/"))
	require.Equal(t, "srv-my-files", volumeName("/srv/My Files/"))
	first := v.add("1", volumeName(long), Volume{})
	second := v.add("2", volumeName(long), Volume{})
	require.Len(t, first, maxName)
	require.Len(t, second, maxName)
	require.NotEqual(t, first, second)
	require.Equal(t, first, v.add("1", "x", Volume{}))
	require.Len(t, v.list, 2)
}

func TestStopSignals(t *testing.T) {
	require.Nil(t, lifecycle(0))
	for number, want := range map[uint]string{2: "SIGINT", 34: "SIGRTMIN", 37: "SIGRTMIN+3"} {
		require.Equal(t, want, lifecycle(number).StopSignal)
	}
}

func TestUlimits(t *testing.T) {
	require.Equal(t, "nofile=1:2,core=-1:-1", ulimits([]specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 1, Hard: 2}, {Type: "RLIMIT_CORE", Soft: ^uint64(0), Hard: ^uint64(0)}}))
}
