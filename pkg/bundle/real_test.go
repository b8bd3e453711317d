package bundle

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/containers/common/pkg/config"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/proc"
)

// realHost runs bundles with the host's own conmon and OCI runtime.
type realHost struct {
	*oci.Runtime
	t   *testing.T
	ctx context.Context
	dir string
}

// needRealHost skips, aloud, where real containers cannot be made.
func needRealHost(t *testing.T) *realHost {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("requires root")
	}
	paths := map[string]string{}
	for _, name := range []string{"conmon", "runc"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("requires %s: %v", name, err)
		}
		paths[name] = path
	}
	if _, err := os.Stat("/bin/busybox"); err != nil {
		t.Skipf("requires a static /bin/busybox: %v", err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	r, err := oci.New(oci.Config{
		RuntimePath: paths["runc"], RuntimeRoot: filepath.Join(dir, "runc"), ConmonPath: paths["conmon"],
		ExitDir: filepath.Join(dir, "exits"), PersistDir: filepath.Join(dir, "persist"),
	})
	require.NoError(t, err)
	return &realHost{Runtime: r, t: t, ctx: ctx, dir: dir}
}

// input is a container that runs a shell script in a root file system of busybox.
func (h *realHost) input(script string) Input {
	h.t.Helper()
	var random [32]byte
	_, err := rand.Read(random[:])
	require.NoError(h.t, err)
	id := hex.EncodeToString(random[:])
	rootfs := filepath.Join(h.dir, "rootfs-"+id[:12])
	makeRootfs(h.t, rootfs)
	busybox, err := os.ReadFile("/bin/busybox")
	require.NoError(h.t, err)
	require.NoError(h.t, os.WriteFile(filepath.Join(rootfs, "bin/busybox"), busybox, 0o755))
	require.NoError(h.t, os.Symlink("busybox", filepath.Join(rootfs, "bin/sh")))
	cfg := &container.Config{Image: container.Image{ID: "feed", Name: "example.com/busybox"}}
	cfg.Command = []string{"/bin/sh", "-c", "exec 2>&1\n" + script}
	cfg.Env = []string{"PATH=/bin"}
	cfg.Umask = "0022"
	return Input{
		Container: &container.Container{ID: id, Name: "web", Config: cfg},
		Dir:       filepath.Join(h.dir, "bundles", id),
		Spec: container.SpecInput{
			Rootfs: rootfs, CgroupsPath: "/podctl_test_" + id, DefaultCaps: config.DefaultCapabilities, PidsLimit: 2048,
		},
		Hostname: HostnameFile(id[:12]),
		Hosts:    File{Write: func(path string) error { return os.WriteFile(path, []byte("10.0.0.1 web\n"), 0o644) }},
	}
}

func catatonit(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("catatonit")
	if err != nil {
		t.Skipf("requires catatonit: %v", err)
	}
	return path
}

func makeRootfs(t *testing.T, rootfs string) {
	t.Helper()
	for _, dir := range []string{"bin", "etc", "tmp", "run", "proc", "sys", "dev"} {
		require.NoError(t, os.MkdirAll(filepath.Join(rootfs, dir), 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(rootfs, "etc/passwd"), []byte("root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(rootfs, "etc/group"), []byte("root:x:0:\napp:x:1000:\nwheel:x:10:app\naudio:x:29:\n"), 0o644))
}

// start makes the bundle and starts it. What it returns waits for the end, conmon's
// included, and is what was printed.
func (h *realHost) start(in Input) (pid int, wait func() string) {
	h.t.Helper()
	_, err := Write(h.ctx, in)
	require.NoError(h.t, err)
	opts := oci.CreateOptions{
		ID: in.Container.ID, Name: in.Container.Name, Bundle: in.Dir, Terminal: in.Container.Config.Terminal,
		LogDriver: oci.LogK8sFile, LogPath: filepath.Join(h.dir, in.Container.ID+".log"),
	}
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(h.t, h.Delete(ctx, opts.ID, oci.DeleteOptions{Force: true}))
		require.NoError(h.t, Remove(in.Dir))
		require.NoError(h.t, Remove(in.Dir))
		require.NoDirExists(h.t, in.Dir)
	})
	created, err := h.Create(h.ctx, opts)
	require.NoError(h.t, err)
	conmon, err := unix.PidfdOpen(created.ConmonPID, 0)
	require.NoError(h.t, err)
	h.t.Cleanup(func() { _ = unix.Close(conmon) })
	require.NoError(h.t, h.Start(h.ctx, opts.ID))
	return created.PID, func() string {
		h.t.Helper()
		_, err = h.WaitExit(h.ctx, opts.ID, proc.Process{})
		require.NoError(h.t, err)
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(conmon), Events: unix.POLLIN}}, 20000)
		require.NoError(h.t, err)
		require.Equal(h.t, 1, n, "conmon goes on")
		return logged(h.t, opts.LogPath)
	}
}

// run makes the bundle, runs it to its end and returns what it printed.
func (h *realHost) run(in Input) string {
	h.t.Helper()
	_, wait := h.start(in)
	return wait()
}

// logged strips a k8s-file log of its times.
func logged(t *testing.T, path string) string {
	t.Helper()
	log, err := os.ReadFile(path)
	require.NoError(t, err)
	var out strings.Builder
	for line := range strings.Lines(string(log)) {
		record := strings.SplitN(line, " ", 4)
		if record[2] == "P" { // the line goes on in the next record
			record[3] = strings.TrimSuffix(record[3], "\n")
		}
		out.WriteString(record[3])
	}
	return out.String()
}

func TestRealBundle(t *testing.T) {
	t.Run("confines_what_runs_in_it", func(t *testing.T) {
		h := needRealHost(t)
		in := h.input(`grep -E '^(Cap(Prm|Eff|Bnd|Amb)|Seccomp|NoNewPrivs):' /proc/self/status
wc -c </proc/keys; ls /sys/firmware | wc -l; echo x >/proc/sys/kernel/printk
touch /sys/x; hostname; cat /etc/hosts /etc/hostname; ls -l /run/.containerenv | cut -c1-10; wc -c </run/.containerenv
readlink /etc/mtab; env | sort | grep -v ^SHLVL; id; umask`)
		in.Container.Config.Security.NoNewPrivs = true
		require.Equal(t, strings.ReplaceAll(`CapPrm:	00000000800405fb
CapEff:	00000000800405fb
CapBnd:	00000000800405fb
CapAmb:	0000000000000000
NoNewPrivs:	1
Seccomp:	2
0
0
/bin/sh: can't create /proc/sys/kernel/printk: Read-only file system
touch: /sys/x: Read-only file system
ID
10.0.0.1 web
ID
-rw-r--r--
0
/proc/mounts
HOME=/root
HOSTNAME=ID
PATH=/bin
PWD=/
container=podman
uid=0(root) gid=0(root) groups=0(root)
0022
`, "ID", in.Container.ID[:12]), h.run(in))
	})

	t.Run("runs_as_the_user_of_the_image", func(t *testing.T) {
		h := needRealHost(t)
		in := h.input("id; echo $HOME; grep CapEff /proc/self/status; pwd; ls -ld /srv/app | awk '{print $3}'")
		in.Container.Config.User, in.Container.Config.Groups = "app", []string{"audio", "77"}
		in.Container.Config.WorkDir = "/srv/app"
		require.Equal(t, "uid=1000(app) gid=1000(app) groups=10(wheel),29(audio),77,1000(app)\n/home/app\nCapEff:\t0000000000000000\n/srv/app\napp\n", h.run(in))
	})

	t.Run("limits_what_runs_in_it", func(t *testing.T) {
		h := needRealHost(t)
		in := h.input(`df -k /dev/shm | tail -1 | awk '{print $2}'; ulimit -Hn; ulimit -Sc
for f in pids/pids.max pids.max memory/memory.limit_in_bytes memory.max; do cat /sys/fs/cgroup/$f 2>/dev/null; done; cat /proc/sys/net/ipv4/ping_group_range`)
		cfg := in.Container.Config
		limit, shm := int64(64<<20), int64(1<<20)
		cfg.Resources.Linux = &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &limit}}
		pids := int64(33)
		cfg.Resources.PidsLimit = &pids
		cfg.Resources.Rlimits = []specs.POSIXRlimit{{Type: "nofile", Soft: 100, Hard: 200}, {Type: "core"}}
		cfg.Storage.ShmSize = &shm
		in.Spec.DefaultSysctls = map[string]string{"net.ipv4.ping_group_range": "0 0"}
		require.Equal(t, "1024\n200\n0\n33\n67108864\n0\t0\n", h.run(in))
	})

	t.Run("mounts_what_the_user_asked_for", func(t *testing.T) {
		h := needRealHost(t)
		data := filepath.Join(h.dir, "da,ta:x")
		require.NoError(t, os.MkdirAll(filepath.Join(data, "sub"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(data, "f"), []byte("below\n"), 0o644))
		in := h.input(`cat /data/f /over/f /vol/f; echo above >/over/f; cat /over/f; echo no >/data/f
mount | grep -E ' /(scratch|vol) ' | cut -d' ' -f3-; ls -A /sub; ls /globbed; cat /run/secrets/password; echo $TOKEN; touch /x /run/x && echo written`)
		cfg := in.Container.Config
		cfg.Storage.Mounts = []container.Mount{
			{Type: "bind", Source: data, Destination: "/data", Options: []string{"ro", "z"}},
			{Type: "bind", Source: data, Destination: "/over", Options: []string{"O"}},
			{Type: "tmpfs", Destination: "/scratch", Options: []string{"size=64k", "noexec"}},
			{Type: "glob", Source: filepath.Join(data, "*"), Destination: "/globbed"},
		}
		cfg.Storage.Volumes = []container.VolumeMount{
			{Name: "v", Destination: "/vol", Options: []string{"nocopy"}},
			{Name: "v", Destination: "/sub", SubPath: "sub"},
		}
		cfg.Storage.ReadOnly, cfg.Storage.ReadOnlyTmpfs = true, true
		cfg.Storage.Secrets = []container.Secret{{Name: "password", Type: "mount"}, {Name: "token", Type: "env", Target: "TOKEN"}}
		in.Spec.Volumes = map[string]string{"v": data}
		in.SecretsDir = h.dir + "/store"
		in.KeepDir = filepath.Join(h.dir, "keep")
		require.NoError(t, os.MkdirAll(filepath.Join(in.KeepDir, "secrets"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(in.KeepDir, "secrets/password"), []byte("hush\n"), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(in.KeepDir, "secrets/token"), []byte("t0"), 0o600))
		out := h.run(in)
		require.Equal(t, "below\nbelow\nbelow\nabove\n/bin/sh: can't create /data/f: Read-only file system\n", out[:strings.Index(out, "/vol type")], out)
		require.Regexp(t, `/scratch type tmpfs \(rw,nosuid,nodev,noexec,relatime,size=64k`, out)
		require.Regexp(t, `/vol type \w+ \(rw,nosuid,nodev`, out)
		require.True(t, strings.HasSuffix(out, "f\nsub\nhush\nt0\ntouch: /x: Read-only file system\n"), out)
		below, err := os.ReadFile(filepath.Join(data, "f"))
		require.NoError(t, err)
		require.Equal(t, "below\n", string(below))
	})

	t.Run("gives_a_privileged_container_the_host", func(t *testing.T) {
		h := needRealHost(t)
		in := h.input(`grep -E '^(Seccomp|CapEff):' /proc/self/status; mount | grep ' /sys ' | grep -o '(rw'; ls -l /dev/kmsg | cut -c1; cat /run/.containerenv; head -c1 /dev/kmsg | wc -c`)
		in.Container.Config.Security.Privileged = true
		in.Engine = "podctl-1"
		own, err := os.ReadFile("/proc/self/status")
		require.NoError(t, err)
		_, bounding, _ := strings.Cut(string(own), "CapBnd:\t")
		require.Equal(t, "CapEff:\t"+bounding[:16]+"\nSeccomp:\t0\n(rw\nc\nengine=\"podctl-1\"\nname=\"web\"\nid=\""+in.Container.ID+
			"\"\nimage=\"example.com/busybox\"\nimageid=\"feed\"\nrootless=0\n1\n", h.run(in))
	})

	t.Run("members_share_what_infra_holds", func(t *testing.T) {
		h := needRealHost(t)
		infra := h.input("")
		cfg := infra.Container.Config
		cfg.Infra, cfg.Image, cfg.Hostname = true, container.Image{}, "pod"
		cfg.Command = nil
		infra.Spec.InitPath = catatonit(t)
		infra.Spec.Rootfs = filepath.Join(h.dir, "empty")
		infra.Spec.ReadonlyRootfs = true
		infra.Hostname = HostnameFile("pod")
		require.NoError(t, os.Mkdir(infra.Spec.Rootfs, 0o755))
		made, err := Write(h.ctx, infra)
		require.NoError(t, err)
		// What is in /dev/shm outlives a repeated Write.
		require.NoError(t, os.WriteFile(filepath.Join(made.ShmPath, "shared"), []byte("shared\n"), 0o644))
		pid, wait := h.start(infra)

		in := h.input("hostname; cat /etc/hostname /dev/shm/shared; echo $HOSTNAME; tr '\\0' ' ' </proc/1/cmdline")
		in.Hostname = File{From: made.HostnamePath}
		in.Spec.ShmPath, in.Spec.Hostname = made.ShmPath, "pod"
		in.Spec.Namespaces = map[string]string{}
		for _, kind := range []string{"net", "ipc", "uts", "pid"} {
			in.Container.Config.Namespaces.ByKind()[kind].Mode = container.ModePod
			in.Spec.Namespaces[kind] = filepath.Join("/proc", strconv.Itoa(pid), "ns", kind)
		}
		require.Equal(t, "pod\npod\nshared\npod\n/catatonit -P ", h.run(in))
		require.NoError(t, h.Kill(h.ctx, infra.Container.ID, unix.SIGKILL, oci.KillOptions{}))
		require.Empty(t, wait())
	})

	t.Run("runs_under_an_init", func(t *testing.T) {
		h := needRealHost(t)
		in := h.input("tr '\\0' ' ' </proc/1/cmdline | head -c 23; echo; mount | grep -c /run/podman-init")
		in.Container.Config.Init, in.Spec.InitPath = true, catatonit(t)
		require.Equal(t, "/run/podman-init -- /bi\n1\n", h.run(in))
	})

	t.Run("maps_users", func(t *testing.T) {
		h := needRealHost(t)
		in := h.input("id -u; cat /proc/self/uid_map | tr -s ' '; ls -ln /etc/hosts /run/.containerenv | cut -c1-10; stat -c '%u %g' /etc/hosts /dev/shm; cat /run/secrets/s; echo x >/etc/hosts && echo written")
		cfg := in.Container.Config
		cfg.Namespaces.User.Mode, cfg.Namespaces.IPC.Mode = container.ModePrivate, container.ModeShareable
		cfg.Storage.Secrets = []container.Secret{{Name: "s", Type: "mount"}}
		in.Spec.UIDMappings = []specs.LinuxIDMapping{{HostID: 100000, Size: 1000}}
		in.Spec.GIDMappings = in.Spec.UIDMappings
		in.KeepDir = filepath.Join(h.dir, "keep")
		require.NoError(t, os.MkdirAll(filepath.Join(in.KeepDir, "secrets"), 0o711))
		require.NoError(t, os.WriteFile(filepath.Join(in.KeepDir, "secrets/s"), []byte("hush\n"), 0o600))
		// One made beforehand belongs to another user namespace.
		in.Spec.Namespaces, in.Spec.Foreign = map[string]string{"net": "/proc/self/ns/net"}, map[string]bool{"net": true}
		for dir := h.dir; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) {
			require.NoError(t, os.Chmod(dir, 0o711))
		}
		require.NoError(t, filepath.WalkDir(in.Spec.Rootfs, func(path string, _ os.DirEntry, err error) error {
			return errors.Join(err, os.Lchown(path, 100000, 100000))
		}))
		require.Equal(t, "0\n 0 100000 1000\n-rw-r--r--\n-rw-r--r--\n0 0\n0 0\nhush\nwritten\n", h.run(in))
	})
}
