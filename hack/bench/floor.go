package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/podctl/podctl/pkg/oci"
)

// The floor is the same bundles, each through conmon and the OCI runtime, and the
// pod's network through netavark, with nothing around them: no image store, no
// state. What it is compared by is CPU time, since how much runs at the
// same time is a choice of its own.

// floorSizes are the numbers of containers in a pod.
var floorSizes = []int{1, 20, 100}

// cpuFiles are where the kernel says what CPU time our cgroup and all below it
// used, in cgroup v1 and v2.
var cpuFiles = []string{"/sys/fs/cgroup/cpuacct/cpuacct.usage", "/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", "/sys/fs/cgroup/cpu.stat"}

// allCPU is the CPU time of every process ever in our cgroup but this one.
func allCPU() (time.Duration, error) {
	for _, path := range cpuFiles {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		unit, number := time.Nanosecond, strings.TrimSpace(string(text))
		if rest, ok := strings.CutPrefix(number, "usage_usec "); ok {
			unit, number = time.Microsecond, strings.Fields(rest)[0]
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", path, err)
		}
		var self syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
			return 0, err
		}
		return time.Duration(n)*unit - time.Duration(self.Utime.Nano()) - time.Duration(self.Stime.Nano()), nil
	}
	return 0, errors.New("no cgroup says what CPU time was used")
}

// costOf is the CPU time that all processes used while do ran.
func costOf(do func() error) (time.Duration, error) {
	before, err := allCPU()
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := allCPU()
	return after - before, err
}

// floorTimes are the CPU times of starting and removing a pod once.
type floorTimes struct{ start, rm, floorStart, floorRm time.Duration }

// floor measures podctl and then the floor on what podctl made.
func (b *bench) floor(size int) (t floorTimes, err error) {
	in, err := b.instance(b.podctl, "main")
	if err != nil {
		return t, err
	}
	if err := in.makePod("many", size); err != nil {
		return t, err
	}
	if t.start, err = costOf(func() error { return in.do("pod", "start", "many") }); err != nil {
		return t, err
	}
	f, err := copyBundles(in, "/run/bench/floor")
	if err != nil {
		return t, err
	}
	if t.rm, err = costOf(func() error { return in.do("pod", "rm", "-f", "-t", "0", "many") }); err != nil {
		return t, err
	}
	if t.floorStart, err = costOf(f.start); err != nil {
		return t, err
	}
	t.floorRm, err = costOf(f.remove)
	return t, errors.Join(err, os.RemoveAll(f.dir))
}

// floorPod is a pod without podctl.
type floorPod struct {
	dir      string
	engine   *oci.Runtime
	infra    string
	ids      []string // infra first
	netns    string
	infraPID int // of the pod whose bundles these were
}

// copyBundles takes the bundles of the only pod that runs. Their root file systems
// are replaced by one plain directory: the floor mounts nothing.
func copyBundles(in *instance, dir string) (*floorPod, error) {
	f := &floorPod{dir: dir, netns: "podctl-floor"}
	bundles := filepath.Join(in.runRoot, "podctl", "bundles")
	entries, err := os.ReadDir(bundles)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(bundles, e.Name(), "network.json")); err == nil {
			f.infra = e.Name()
			f.ids = append([]string{e.Name()}, f.ids...)
		} else {
			f.ids = append(f.ids, e.Name())
		}
	}
	if f.infra == "" {
		return nil, errors.New("no bundle is that of an infra container")
	}
	pid, err := os.ReadFile(filepath.Join(bundles, f.infra, "pidfile"))
	if err != nil {
		return nil, err
	}
	if f.infraPID, err = strconv.Atoi(strings.TrimSpace(string(pid))); err != nil {
		return nil, err
	}
	replace := strings.NewReplacer(
		bundles, dir,
		filepath.Join(in.runRoot, "podctl", "netns", f.infra), filepath.Join("/run/netns", f.netns),
		fmt.Sprintf("/proc/%d/ns/", f.infraPID), "/proc/INFRA/ns/",
	)
	for _, id := range f.ids {
		if err := copyBundle(filepath.Join(bundles, id), filepath.Join(dir, id), replace); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "network.json"), []byte(floorNetwork(f.infra)), 0o600); err != nil {
		return nil, err
	}
	runc, err := exec.LookPath("runc")
	if err != nil {
		return nil, err
	}
	conmon, err := exec.LookPath("conmon")
	if err != nil {
		return nil, err
	}
	f.engine, err = oci.New(oci.Config{RuntimePath: runc, RuntimeRoot: filepath.Join(dir, "oci"), ConmonPath: conmon, ExitDir: filepath.Join(dir, "exits")})
	return f, err
}

// copyBundle copies config.json, with the paths replaced, and the files and
// directories that are bound into the container.
func copyBundle(from, to string, replace *strings.Replacer) error {
	if err := os.MkdirAll(filepath.Join(to, "shm"), 0o755); err != nil {
		return err
	}
	var config map[string]any
	text, err := os.ReadFile(filepath.Join(from, "config.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return err
	}
	root, ok := config["root"].(map[string]any)
	if !ok {
		return errors.New("config.json has no root")
	}
	rootfs := filepath.Join(to, "rootfs")
	if source, ok := root["path"].(string); ok && filepath.Dir(source) != from {
		// An image's: busybox is all it has.
		if err := plainRoot(rootfs); err != nil {
			return err
		}
	} else if err := os.MkdirAll(rootfs, 0o755); err != nil {
		return err
	}
	root["path"] = rootfs
	if text, err = json.Marshal(config); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(to, "config.json"), []byte(replace.Replace(string(text))), 0o600); err != nil {
		return err
	}
	for _, name := range []string{"hosts", "resolv.conf", "hostname", "containerenv"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err = errors.Join(err, os.WriteFile(filepath.Join(to, name), text, 0o644)); err != nil {
			return err
		}
	}
	return nil
}

// plainRoot makes a root file system of the host's static busybox.
func plainRoot(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		return err
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "bin", "busybox"), busybox, 0o755); err != nil {
		return err
	}
	return os.Symlink("busybox", filepath.Join(dir, "bin", "sleep"))
}

// floorNetwork is what netavark is told: the network that podman and podctl have
// by default.
func floorNetwork(id string) string {
	return fmt.Sprintf(`{"container_id": %q, "container_name": "floor",
	"networks": {"podman": {"static_ips": ["10.88.0.9"], "interface_name": "eth0"}},
	"network_info": {"podman": {"name": "podman", "id": "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9", "driver": "bridge",
		"network_interface": "podman0", "subnets": [{"subnet": "10.88.0.0/16", "gateway": "10.88.0.1"}],
		"ipv6_enabled": false, "internal": false, "dns_enabled": false, "ipam_options": {"driver": "host-local"}}}}`, id)
}

// netavark runs it for the pod's network namespace.
func (f *floorPod) netavark(verb string) error {
	path := "/usr/lib/podman/netavark"
	if _, err := os.Stat(path); err != nil {
		path = "/usr/libexec/podman/netavark"
	}
	_, err := measure(exec.Command(path, "--config", filepath.Join(f.dir, "net"), "--file", filepath.Join(f.dir, "network.json"), verb, filepath.Join("/run/netns", f.netns)))
	return err
}

// start brings the pod up: its network, infra, then the others.
func (f *floorPod) start() error {
	if _, err := measure(exec.Command("ip", "netns", "add", f.netns)); err != nil {
		return err
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(f.dir, "net"), 0o700), f.netavark("setup")); err != nil {
		return err
	}
	ctx := context.Background()
	var infra string
	for _, id := range f.ids {
		bundle := filepath.Join(f.dir, id)
		config := filepath.Join(bundle, "config.json")
		if id != f.infra {
			text, err := os.ReadFile(config)
			if err != nil {
				return err
			}
			if err := os.WriteFile(config, []byte(strings.ReplaceAll(string(text), "/proc/INFRA/", "/proc/"+infra+"/")), 0o600); err != nil {
				return err
			}
		}
		created, err := f.engine.Create(ctx, oci.CreateOptions{
			ID: id, Name: id[:12], Bundle: bundle, LogDriver: oci.LogK8sFile, LogPath: filepath.Join(bundle, "log"), NoExitCommand: true,
		})
		if err != nil {
			return err
		}
		if id == f.infra {
			infra = strconv.Itoa(created.PID)
		}
		if err := f.engine.Start(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// remove takes it down again.
func (f *floorPod) remove() error {
	var errs error
	for i := range f.ids {
		errs = errors.Join(errs, f.engine.Delete(context.Background(), f.ids[len(f.ids)-1-i], oci.DeleteOptions{Force: true}))
	}
	errs = errors.Join(errs, f.netavark("teardown"))
	_, err := measure(exec.Command("ip", "netns", "del", f.netns))
	return errors.Join(errs, err)
}
