package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containers/common/pkg/capabilities"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/store"
)

// InspectContainer returns everything known of a container by name, ID or ID
// prefix. It takes no lock and writes nothing; of a damaged container it tells
// what can be read. With size it measures the root filesystem, which opens the
// image store and takes time. Errors: ErrNoSuchCtr, ErrAmbiguousID.
func (r *Runtime) InspectContainer(ctx context.Context, nameOrID string, size bool) (*ContainerInspect, error) {
	return r.inspectContainer(ctx, size, func(tx *store.Tx) (string, error) { return tx.LookupContainer(ctx, nameOrID) })
}

// InspectLatestContainer is InspectContainer of the container created last.
func (r *Runtime) InspectLatestContainer(ctx context.Context, size bool) (*ContainerInspect, error) {
	return r.inspectContainer(ctx, size, func(tx *store.Tx) (string, error) { return tx.NewestContainer(ctx) })
}

// inspected is what one snapshot says about a container.
type inspected struct {
	*container.Container
	cfg *container.Config
	// net and uts are the containers whose namespaces it is in: itself, or the
	// one it joined.
	net, uts *container.Container
	volumes  map[string]string
	sessions []string
	// spec is what the OCI runtime was given; nil where that is not there.
	spec *specs.Spec
}

func (r *Runtime) inspectContainer(ctx context.Context, size bool, find func(*store.Tx) (string, error)) (*ContainerInspect, error) {
	var in inspected
	err := r.store.View(ctx, func(tx *store.Tx) error {
		id, err := find(tx)
		if err != nil {
			return err
		}
		return in.read(ctx, tx, id)
	})
	if err != nil {
		return nil, err
	}
	r.observe(in.Container)
	in.spec = r.bundleSpec(in.ID)
	d := r.describe(&in)
	if size {
		err = r.addSizes(d)
	}
	return d, err
}

func (in *inspected) read(ctx context.Context, tx *store.Tx, id string) (err error) {
	if in.Container, err = tx.Container(ctx, id); err != nil {
		return err
	}
	if in.cfg = in.Config; in.cfg == nil {
		in.cfg = &container.Config{}
	}
	if in.net, err = ownerOf(ctx, tx, in.Container, "net"); err != nil {
		return err
	}
	if in.uts, err = ownerOf(ctx, tx, in.Container, "uts"); err != nil {
		return err
	}
	if in.volumes, err = volumePaths(ctx, tx, in.Container); err != nil {
		return err
	}
	sessions, err := tx.ExecSessions(ctx, id)
	in.sessions = []string{}
	for _, s := range sessions {
		in.sessions = append(in.sessions, s.ID)
	}
	return err
}

// ownerOf is the container whose namespace c is in. One that is gone, as in a
// damaged database, leaves c its own.
func ownerOf(ctx context.Context, tx *store.Tx, c *container.Container, kind string) (*container.Container, error) {
	seen := map[string]bool{c.ID: true}
	for c.Config != nil {
		ns := c.Config.Namespaces.ByKind()[kind]
		if ns.Mode != container.ModeContainer || seen[ns.Value] {
			break
		}
		seen[ns.Value] = true
		other, err := tx.Container(ctx, ns.Value)
		if errors.Is(err, errdefs.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		c = other
	}
	return c, nil
}

// bundleSpec is the OCI runtime spec in a container's bundle, nil without one.
func (r *Runtime) bundleSpec(id string) *specs.Spec {
	b, err := os.ReadFile(filepath.Join(r.settings.BundleDir(id), bundle.ConfigName))
	if err != nil {
		return nil
	}
	spec := new(specs.Spec)
	if json.Unmarshal(b, spec) != nil || spec.Process == nil {
		return nil // being written
	}
	return spec
}

func (r *Runtime) describe(in *inspected) *ContainerInspect {
	cfg := in.cfg
	argv := cfg.Argv()
	d := &ContainerInspect{
		ID: in.ID, Created: in.CreatedAt.Local(), Args: []string{}, State: r.inspectState(in), Name: in.Name, Pod: in.PodID,
		Image: cfg.Image.ID, ImageDigest: cfg.Image.Digest, ImageName: cfg.Image.Name, Rootfs: cfg.Rootfs,
		StaticDir: r.settings.ContainerDir(in.ID), OCIRuntime: r.runtimeName(), RestartCount: in.Runtime.RestartCount,
		Driver: r.storageDriver(), GraphDriver: r.graphDriver(in), ExecIDs: in.sessions, Dependencies: []string{},
		Mounts: inspectMounts(cfg, in.volumes), NetworkSettings: r.networkSettings(in), IsInfra: cfg.Infra,
		Config: r.inspectConfig(in), HostConfig: r.hostConfig(in), UseImageHosts: cfg.Network.LeavesHosts(), UseImageHostname: cfg.Network.NoHostname,
	}
	if len(argv) > 0 {
		d.Path, d.Args = argv[0], argv[1:]
	}
	d.Dependencies = append(d.Dependencies, in.DependsOn...)
	d.EffectiveCaps, d.BoundingCaps = r.inspectCaps(in)
	if in.spec != nil {
		d.ProcessLabel, d.AppArmorProfile = in.spec.Process.SelinuxLabel, in.spec.Process.ApparmorProfile
		d.MountLabel = in.spec.Linux.MountLabel
	}
	r.addPaths(d, in)
	return d
}

// addPaths names the files that are there.
func (r *Runtime) addPaths(d *ContainerInspect, in *inspected) {
	dir := r.settings.BundleDir(in.ID)
	own := func(name, given string) string {
		if given != "" {
			return given
		}
		return filepath.Join(dir, name)
	}
	d.ConmonPidFile, d.PidFile = own(oci.ConmonPidFileName, in.cfg.ConmonPidFile), own(oci.PidFileName, in.cfg.PidFile)
	d.OCIConfigPath = existing(filepath.Join(dir, bundle.ConfigName))
	d.HostnamePath = existing(filepath.Join(dir, "hostname"))
	shared := r.settings.BundleDir(in.net.ID)
	d.HostsPath, d.ResolvConfPath = existing(filepath.Join(shared, "hosts")), existing(filepath.Join(shared, "resolv.conf"))
}

func (r *Runtime) inspectState(in *inspected) *InspectState {
	run := in.Runtime
	s := &InspectState{
		OciVersion: specs.Version, Status: string(in.State), Running: in.State == container.Running, Paused: in.State == container.Paused,
		OOMKilled: run.OOMKilled, ExitCode: run.ExitCode, Error: run.Error, StartedAt: local(run.StartedAt), FinishedAt: local(run.FinishedAt),
		StoppedByUser: run.StoppedByUser,
	}
	if in.spec != nil {
		s.OciVersion = in.spec.Version
	}
	if in.Damage != "" {
		s.Error = in.Damage
		return s
	}
	if in.State.HasProcess() {
		s.Pid, s.ConmonPid = run.Process.PID, run.Conmon.PID
		if m, err := r.cgroups(); err == nil && in.cfg.Resources.CgroupMode != cgroupsDisabled {
			s.CgroupPath = m.ContainerCgroup(in.cfg.Resources.CgroupParent, in.ID)
		}
	}
	if h := in.cfg.Health; h != nil && !h.Disabled {
		s.Health = r.readHealth(in.Container).report(healthStatus(in.Container))
	}
	return s
}

const cgroupsDisabled = "disabled"

// inspectCaps are the capabilities the process has, or will have.
func (r *Runtime) inspectCaps(in *inspected) (effective, bounding []string) {
	if in.spec != nil && in.spec.Process.Capabilities != nil {
		return in.spec.Process.Capabilities.Effective, in.spec.Process.Capabilities.Bounding
	}
	all, err := capabilities.BoundingSet()
	if err != nil || in.Config == nil {
		return nil, nil
	}
	spec := container.SpecInput{DefaultCaps: r.settings.Conf.Containers.DefaultCapabilities.Get(), BoundingCaps: all}
	if user, _, _ := strings.Cut(in.cfg.User, ":"); user != "" && user != "root" && user != "0" {
		spec.User.UID = 1 // whoever it is: not root
	}
	caps, err := container.Capabilities(in.Container, spec)
	if err != nil {
		return nil, nil
	}
	return slices.Sorted(slices.Values(caps.Effective)), slices.Sorted(slices.Values(caps.Bounding))
}

// runtimeName is the OCI runtime that containers are run with; "" without one.
func (r *Runtime) runtimeName() string {
	choice, err := r.settings.OCIRuntime()
	if err != nil {
		return ""
	}
	return filepath.Base(choice.Value)
}

// storageDriver is the driver of the image store, as far as can be told without
// opening it.
func (r *Runtime) storageDriver() string {
	if d := r.settings.Flags.StorageDriver; d != "" {
		return d
	}
	for _, d := range []string{"overlay", "vfs", "btrfs", "zfs"} {
		if !isGone(filepath.Join(r.settings.GraphRoot, d+"-containers")) {
			return d
		}
	}
	return "overlay"
}

// graphDriver names the directories of the container's own layer, which has the
// container's ID.
func (r *Runtime) graphDriver(in *inspected) *InspectDriver {
	d := &InspectDriver{Name: r.storageDriver(), Data: map[string]string{}}
	if in.cfg.Image.ID == "" || d.Name != "overlay" {
		return d
	}
	layer := filepath.Join(r.settings.GraphRoot, d.Name, in.ID)
	d.Data["UpperDir"], d.Data["WorkDir"] = filepath.Join(layer, "diff"), filepath.Join(layer, "work")
	if lower := lowerDirs(layer, filepath.Dir(layer), filepath.Join(r.settings.Flags.ImageStore, d.Name)); len(lower) > 0 {
		d.Data["LowerDir"] = strings.Join(lower, ":")
	}
	if in.Runtime.Mountpoint != "" {
		d.Data["MergedDir"] = in.Runtime.Mountpoint
	}
	return d
}

// lowerDirs are the directories of the layers below one of the overlay driver,
// uppermost first. The driver lists them as links in the directory that has the
// layers; an image may be in another store. Inspecting opens no store.
func lowerDirs(layer string, stores ...string) (dirs []string) {
	list, _ := os.ReadFile(filepath.Join(layer, "lower"))
	for link := range strings.SplitSeq(string(list), ":") {
		for _, store := range stores {
			if dir, err := filepath.EvalSymlinks(filepath.Join(store, link)); link != "" && err == nil {
				dirs = append(dirs, dir)
				break
			}
		}
	}
	return dirs
}

func (r *Runtime) addSizes(d *ContainerInspect) error {
	var rw, root int64
	if d.Image != "" {
		images, err := r.images()
		if err != nil {
			return err
		}
		sizes, err := images.ContainerSizes(d.ID)
		if err != nil {
			return fmt.Errorf("inspect container %s: %w", d.ID, err)
		}
		rw, root = sizes.RW, sizes.RootFS
	}
	d.SizeRw, d.SizeRootFs = &rw, &root
	return nil
}
