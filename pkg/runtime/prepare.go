package runtime

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containers/common/libnetwork/types"
	"github.com/containers/common/pkg/cgroupv2"
	units "github.com/docker/go-units"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/store"
	"github.com/podctl/podctl/pkg/version"
	"github.com/podctl/podctl/pkg/volume"
)

// prepare sets up everything around a container that is about to be created in
// the OCI runtime: root filesystem, volumes, network, bundle. It notes in c what
// was set up. Every step is idempotent.
func (r *Runtime) prepare(ctx context.Context, c *container.Container) error {
	// A cut off start, or one before a reboot, may have left an address leased.
	if c.Runtime.NetNS != "" {
		if err := r.teardownNetwork(ctx, c); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(r.settings.BundleDir(c.ID), 0o700); err != nil {
		return fmt.Errorf("make bundle of container %s: %w", c.ID, err)
	}
	if err := r.mountRootfs(c); err != nil {
		return err
	}
	volumes, err := r.mountVolumes(ctx, c)
	if err != nil {
		return err
	}
	if err := r.setupNetwork(ctx, c); err != nil {
		return err
	}
	return r.writeBundle(ctx, c, volumes)
}

// mountRootfs finds or mounts the root filesystem.
func (r *Runtime) mountRootfs(c *container.Container) error {
	switch {
	case c.Config.RootfsOverlay:
		return r.mountRootfsOverlay(c)
	case c.Config.Rootfs != "":
		c.Runtime.Mountpoint = c.Config.Rootfs
		return nil
	case c.Config.Image.ID == "":
		// The built-in infra container: an empty directory; the OCI runtime makes
		// the mount points in it.
		c.Runtime.Mountpoint = filepath.Join(r.settings.BundleDir(c.ID), "rootfs")
		return os.MkdirAll(c.Runtime.Mountpoint, 0o755)
	}
	images, err := r.layers()
	if err != nil {
		return err
	}
	c.Runtime.Mountpoint, err = images.Mount(c.ID, "")
	return err
}

// mountRootfsOverlay lays the container's own writable layer over the user's
// directory. The layer is beside the container's log and survives restarts.
func (r *Runtime) mountRootfsOverlay(c *container.Container) (err error) {
	layer := r.settings.ContainerDir(c.ID)
	o := bundle.Overlay{
		Lower: c.Config.Rootfs, Dir: filepath.Join(r.settings.BundleDir(c.ID), "rootfs"),
		Upper: filepath.Join(layer, "upper"), Work: filepath.Join(layer, "work"), Rootless: r.settings.Rootless,
	}
	for _, dir := range []string{o.Upper, o.Work} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make layer of container %s: %w", c.ID, err)
		}
	}
	c.Runtime.Mountpoint, err = o.Mount()
	return err
}

// mountVolumes makes the container's volumes usable and returns where they are.
func (r *Runtime) mountVolumes(ctx context.Context, c *container.Container) (map[string]string, error) {
	paths := map[string]string{}
	for _, m := range c.Config.Storage.Volumes {
		v, err := r.volumeNamed(ctx, m.Name)
		if err != nil {
			return nil, err
		}
		if err := volume.Create(r.settings.VolumeDir, v); err != nil {
			return nil, err
		}
		if err := volume.Mount(ctx, v); err != nil {
			return nil, err
		}
		if (v.NeedsCopyUp || v.NeedsChown) && !c.Config.Infra && !slices.Contains(m.Options, "nocopy") {
			if err := r.firstUse(ctx, v, c.Runtime.Mountpoint, m.Destination); err != nil {
				return nil, err
			}
		}
		paths[m.Name] = v.Mountpoint
	}
	return paths, nil
}

// firstUse gives a fresh volume the content, owner and mode of what it covers,
// and records that this was done. Infra containers have nothing to give.
func (r *Runtime) firstUse(ctx context.Context, v *volume.Volume, rootfs, target string) error {
	if err := volume.FirstUse(v, rootfs, target); err != nil {
		return err
	}
	if err := r.writeVolumeBlueprint(v); err != nil {
		return err
	}
	return r.store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Volume(ctx, v.Name)
		if err != nil {
			return err
		}
		changed, err := volumeRow(v)
		if err != nil {
			return err
		}
		row.Config = changed.Config
		return tx.SaveVolume(ctx, row)
	})
}

// ownsNetNS reports whether the container has a network namespace of its own
// that podctl makes: everything but the host's or another's.
func ownsNetNS(cfg *container.Config) bool {
	switch cfg.Namespaces.Net.Mode {
	case container.ModeBridge, container.ModeNone, container.ModePrivate, container.ModePasta, container.ModeSlirp:
		return true
	}
	return false
}

// attachment is the container's place in its networks.
func (r *Runtime) attachment(c *container.Container) network.Attachment {
	return network.Attachment{
		ID: c.ID, Name: c.Name, Hostname: r.hostname(c), NSPath: r.settings.NetNSPath(c.ID),
		Networks: withAliases(c), Ports: c.Config.Network.Ports, DNSServers: c.Config.Network.DNSServers,
	}
}

// withAliases adds the names DNS knows the container by: its short ID and name.
func withAliases(c *container.Container) map[string]types.PerNetworkOptions {
	out := make(map[string]types.PerNetworkOptions, len(c.Config.Network.Networks))
	for name, opts := range c.Config.Network.Networks {
		opts.Aliases = append(slices.Clone(opts.Aliases), shortID(c.ID))
		if c.Config.Hostname != "" && c.Config.Hostname != c.Name && !slices.Contains(opts.Aliases, c.Config.Hostname) {
			opts.Aliases = append(opts.Aliases, c.Config.Hostname)
		}
		out[name] = opts
	}
	return out
}

// setupNetwork makes the network namespace and attaches it.
func (r *Runtime) setupNetwork(ctx context.Context, c *container.Container) error {
	if !ownsNetNS(c.Config) {
		return nil
	}
	path := r.settings.NetNSPath(c.ID)
	c.Runtime.NetNS = path
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make directory of network namespaces: %w", err)
	}
	if err := r.host.CreateNS(path); err != nil {
		return err
	}
	switch c.Config.Namespaces.Net.Mode {
	case container.ModeBridge:
	case container.ModePasta, container.ModeSlirp:
		return fmt.Errorf("network mode %s: %w", c.Config.Namespaces.Net.Mode, errdefs.ErrUnsupported)
	default:
		return nil
	}
	nets, err := r.links()
	if err != nil {
		return err
	}
	if c.Runtime.NetStatus, err = nets.Setup(ctx, r.attachment(c)); err != nil {
		return err
	}
	return r.writeNetStatus(c)
}

// teardownNetwork frees addresses, rules and devices and removes the namespace.
// Idempotent, also for one that was only half set up.
func (r *Runtime) teardownNetwork(ctx context.Context, c *container.Container) error {
	if !ownsNetNS(c.Config) && c.Runtime.NetNS == "" {
		return nil
	}
	path := r.settings.NetNSPath(c.ID)
	if c.Config.Namespaces.Net.Mode == container.ModeBridge {
		nets, err := r.links()
		if err != nil {
			return err
		}
		if err := r.detach(ctx, nets, c); err != nil {
			return err
		}
	}
	if err := r.host.RemoveNS(path); err != nil {
		return err
	}
	c.Runtime.NetNS, c.Runtime.NetStatus = "", nil
	return nil
}

// detach takes the container off its networks. Where that fails, a container that
// is being removed goes all the same: its addresses are freed, and its interfaces
// go with the namespace; rules of a firewall that cannot be spoken to may stay.
func (r *Runtime) detach(ctx context.Context, nets networkLinks, c *container.Container) error {
	a := r.attachment(c)
	err := nets.Teardown(ctx, a)
	if err == nil || c.State != container.Removing || ctx.Err() != nil {
		return err
	}
	logrus.Warnf("container %s is removed without its networks being torn down: %v", shortID(c.ID), err)
	return nets.Forget(a)
}

// unmountAll removes the bundle with the mounts below it, and unmounts root
// filesystem and volumes that have a file system of their own and no other user.
// Idempotent.
func (r *Runtime) unmountAll(ctx context.Context, c *container.Container) error {
	if err := r.host.RemoveBundle(r.settings.BundleDir(c.ID)); err != nil {
		return err
	}
	if c.Config.Image.ID != "" {
		images, err := r.layers()
		if err != nil {
			return err
		}
		if _, err := images.Unmount(c.ID, true); err != nil {
			return err
		}
	}
	return errors.Join(r.unmountImages(c), r.unmountVolumes(ctx, c))
}

func (r *Runtime) unmountVolumes(ctx context.Context, c *container.Container) error {
	var errs error
	for _, m := range c.Config.Storage.Volumes {
		v, err := r.volumeNamed(ctx, m.Name)
		if errors.Is(err, errdefs.ErrNoSuchVolume) {
			continue
		}
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		if !v.NeedsMount() {
			continue
		}
		busy, err := r.volumeRunning(ctx, m.Name, c.ID)
		if err == nil && !busy {
			err = volume.Unmount(v)
		}
		errs = errors.Join(errs, err)
	}
	return errs
}

// volumeRunning reports whether a container other than except runs with the volume.
func (r *Runtime) volumeRunning(ctx context.Context, name, except string) (busy bool, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		users, err := tx.ContainersUsingVolume(ctx, name)
		if err != nil {
			return err
		}
		for _, id := range users {
			if id == except {
				continue
			}
			u, err := tx.Container(ctx, id)
			if err != nil {
				return err
			}
			busy = busy || u.Intent == intentStart || r.alive(u.Runtime.Process)
		}
		return nil
	})
	return busy, err
}

// writeBundle makes the OCI bundle from what was set up.
func (r *Runtime) writeBundle(ctx context.Context, c *container.Container, volumes map[string]string) error {
	in, err := r.specInput(ctx, c, volumes)
	if err != nil {
		return err
	}
	return r.host.WriteBundle(ctx, bundle.Input{
		Container: c,
		Dir:       r.settings.BundleDir(c.ID),
		KeepDir:   r.settings.ContainerDir(c.ID),
		Spec:      in.spec,
		Hosts:     in.hosts, ResolvConf: in.resolvConf, Hostname: in.hostname,
		WorkDirGiven:      c.Config.WorkDirGiven,
		Engine:            "podctl-" + version.Get().Version,
		SeccompProfile:    r.settings.Conf.Containers.SeccompProfile,
		SecretsDir:        r.settings.SecretsDir(),
		DefaultMountsFile: r.settings.Flags.DefaultMountsFile,
		Devices:           r.settings.Conf.Containers.Devices.Get(),
		AppArmorProfile:   r.settings.Conf.Containers.ApparmorProfile,
		ImageMount:        func(ctx context.Context, ref string) (string, error) { return r.mountImage(ctx, c, ref) },
	})
}

// imageLayer is the ID under which the store keeps the layer that mounts an
// image in a container. One of its own can be made and deleted again without
// counting, whatever was killed in between.
func imageLayer(containerID, ref string) string {
	sum := sha256.Sum256([]byte(containerID + " " + ref))
	return hex.EncodeToString(sum[:])
}

// mountImage mounts an image for a container.
func (r *Runtime) mountImage(ctx context.Context, c *container.Container, ref string) (string, error) {
	images, err := r.layers()
	if err != nil {
		return "", err
	}
	img, err := images.Ensure(ctx, ref, image.PullOptions{Policy: image.PullMissing})
	if err != nil {
		return "", err
	}
	id := imageLayer(c.ID, ref)
	if err := images.CreateContainer(id, img.ID, image.CreateOptions{}); err != nil {
		return "", err
	}
	return images.Mount(id, "")
}

// unmountImages undoes mountImage for all image mounts. Idempotent.
func (r *Runtime) unmountImages(c *container.Container) error {
	var errs error
	for _, m := range c.Config.Storage.Mounts {
		if m.Type != "image" {
			continue
		}
		images, err := r.layers()
		if err != nil {
			return err
		}
		errs = errors.Join(errs, images.DeleteContainer(imageLayer(c.ID, m.Source)))
	}
	return errs
}

// bundleInput is what the engine tells the bundle.
type bundleInput struct {
	spec                        container.SpecInput
	hosts, resolvConf, hostname bundle.File
}

func (r *Runtime) specInput(ctx context.Context, c *container.Container, volumes map[string]string) (*bundleInput, error) {
	conf := r.settings.Conf.Containers
	rlimits, err := confRlimits(r.settings.Conf.Ulimits())
	if err != nil {
		return nil, err
	}
	v2, err := cgroupv2.Enabled()
	if err != nil {
		return nil, fmt.Errorf("examine cgroups: %w", err)
	}
	in := &bundleInput{spec: container.SpecInput{
		Rootfs: c.Runtime.Mountpoint, Hostname: r.hostname(c), Namespaces: map[string]string{}, Rootless: r.settings.Rootless,
		CgroupV2: v2, Volumes: volumes, DefaultCaps: conf.DefaultCapabilities.Get(),
		DefaultSysctls: parseSysctls(conf.DefaultSysctls.Get()), Rlimits: rlimits, PidsLimit: conf.PidsLimit,
	}}
	if c.Config.Resources.CgroupMode != "disabled" {
		m, err := r.cgroups()
		if err != nil {
			return nil, err
		}
		in.spec.CgroupsPath = m.ContainerPath(c.Config.Resources.CgroupParent, c.ID)
	}
	if c.Config.Init || c.Config.Infra && c.Config.Image.ID == "" && c.Config.Rootfs == "" {
		in.spec.InitPath = c.Config.InitPath
		if in.spec.InitPath == "" {
			if in.spec.InitPath, err = r.settings.InitBinary(); err != nil {
				return nil, err
			}
		}
	}
	if err := r.joinNamespaces(ctx, c, in); err != nil {
		return nil, err
	}
	return in, r.etcFiles(ctx, c, in)
}

// joinNamespaces fills in the paths of the namespaces joined and what comes with
// them: the IPC namespace's /dev/shm, the UTS namespace's host name.
func (r *Runtime) joinNamespaces(ctx context.Context, c *container.Container, in *bundleInput) error {
	files := map[string]string{"ipc": "ipc", "net": "net", "pid": "pid", "uts": "uts", "user": "user", "cgroup": "cgroup"}
	for kind, ns := range c.Config.Namespaces.ByKind() {
		switch ns.Mode {
		case container.ModePath:
			in.spec.Namespaces[kind] = ns.Value
		case container.ModeContainer:
			other, err := r.container(ctx, ns.Value)
			if err != nil {
				return err
			}
			if !r.alive(other.Runtime.Process) {
				return fmt.Errorf("container %s, whose %s namespace container %s joins, is not running: %w", other.ID, kind, c.ID, errdefs.ErrCtrState)
			}
			in.spec.Namespaces[kind] = fmt.Sprintf("/proc/%d/ns/%s", other.Runtime.Process.PID, files[kind])
			if kind == "ipc" {
				in.spec.ShmPath = r.shmPath(other)
			}
			if kind == "uts" {
				in.spec.Hostname = r.hostname(other)
			}
		}
	}
	if ownsNetNS(c.Config) {
		in.spec.Namespaces["net"] = c.Runtime.NetNS
	}
	return nil
}

// shmPath is the /dev/shm that comes with a container's IPC namespace.
func (r *Runtime) shmPath(c *container.Container) string {
	if c.Config.Namespaces.IPC.IsHost() {
		return "/dev/shm"
	}
	return bundle.ShmPath(r.settings.BundleDir(c.ID))
}

// hostname is what a container with its own UTS namespace is called.
func (r *Runtime) hostname(c *container.Container) string {
	if c.Config.Namespaces.UTS.IsHost() {
		if name, err := os.Hostname(); err == nil {
			return name
		}
	}
	if c.Config.Hostname != "" {
		return c.Config.Hostname
	}
	return shortID(c.ID)
}

// etcFiles says where /etc/hosts, resolv.conf and hostname come from: the
// container whose network namespace is joined, or written anew.
func (r *Runtime) etcFiles(ctx context.Context, c *container.Container, in *bundleInput) error {
	if ns := c.Config.Namespaces.Net; ns.Mode == container.ModeContainer {
		dir := r.settings.BundleDir(ns.Value)
		other, err := r.container(ctx, ns.Value)
		if err != nil {
			return err
		}
		if !other.Config.Network.NoHosts && !c.Config.Network.NoHosts {
			in.hosts.From = existing(filepath.Join(dir, "hosts"))
		}
		if !other.Config.Network.NoResolvConf {
			in.resolvConf.From = existing(filepath.Join(dir, "resolv.conf"))
		}
	} else {
		if !c.Config.Network.NoHosts {
			in.hosts.Write = func(path string) error { return r.writeHosts(path, c) }
		}
		if !c.Config.Network.NoResolvConf {
			in.resolvConf.Write = func(path string) error { return network.WriteResolvConf(path, r.resolvOptions(c)) }
		}
	}
	if !c.Config.Network.NoHostname && !c.Config.Namespaces.UTS.IsHost() {
		name := in.spec.Hostname
		in.hostname.Write = func(path string) error { return os.WriteFile(path, []byte(name+"\n"), 0o644) }
	}
	return nil
}

// existing is the path if there is such a file, else "".
func existing(path string) string {
	if isGone(path) {
		return ""
	}
	return path
}

// writeHosts writes the container's own /etc/hosts.
func (r *Runtime) writeHosts(path string, c *container.Container) error {
	setting := c.Config.Network.HostsFile
	if setting == "" {
		setting = r.settings.Conf.Containers.BaseHostsFile
	}
	base, err := network.BaseHostsFile(setting, c.Runtime.Mountpoint)
	if err != nil {
		return err
	}
	nets, err := r.links()
	if err != nil {
		return err
	}
	names := []string{r.hostname(c), c.Name}
	if c.Config.Namespaces.Net.IsHost() {
		names = names[:1]
	}
	return network.WriteHosts(path, network.HostsOptions{
		BaseFile: base, ExtraHosts: c.Config.Network.HostAdd, Names: slices.Compact(names),
		Addresses: network.Addresses(c.Runtime.NetStatus), HostIP: nets.HostIP(c.Runtime.NetStatus),
	})
}

func (r *Runtime) resolvOptions(c *container.Container) network.ResolvOptions {
	n := c.Config.Network
	opts := network.ResolvOptions{Servers: n.DNSServers, Searches: n.DNSSearch, Options: n.DNSOptions, Status: c.Runtime.NetStatus}
	if ownsNetNS(c.Config) {
		opts.NSPath = c.Runtime.NetNS
	}
	return opts
}

// confRlimits reads default_ulimits of containers.conf: "name=soft[:hard]".
func confRlimits(ulimits []string) ([]specs.POSIXRlimit, error) {
	var out []specs.POSIXRlimit
	for _, text := range ulimits {
		u, err := units.ParseUlimit(text)
		if err != nil {
			return nil, fmt.Errorf("default_ulimits in containers.conf: %w", err)
		}
		limit, err := u.GetRlimit()
		if err != nil {
			return nil, fmt.Errorf("default_ulimits in containers.conf: %w", err)
		}
		out = append(out, specs.POSIXRlimit{Type: "RLIMIT_" + strings.ToUpper(u.Name), Soft: limit.Soft, Hard: limit.Hard})
	}
	return out, nil
}

// parseSysctls reads "name=value" pairs.
func parseSysctls(pairs []string) map[string]string {
	out := make(map[string]string, len(pairs))
	for _, kv := range pairs {
		if k, v, ok := strings.Cut(kv, "="); ok {
			out[k] = v
		}
	}
	return out
}
