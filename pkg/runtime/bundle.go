package runtime

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/containers/common/pkg/cgroupv2"
	"github.com/containers/storage/pkg/regexp"
	units "github.com/docker/go-units"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/version"
)

// writeBundle makes the OCI bundle from what was set up; late, unless nil, gets what
// depends on the network. joined are the containers whose namespaces it names, by ID.
func (r *Runtime) writeBundle(ctx context.Context, c *container.Container, volumes map[string]string, held heldNS, late *lateFiles) (joined map[string]*container.Container, err error) {
	in, err := r.specInput(ctx, c, volumes, held, late)
	if err != nil {
		return nil, err
	}
	return in.joined, r.host.WriteBundle(ctx, bundle.Input{
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
		CDISpecDirs:       r.settings.CDISpecDirs(),
		HooksDirs:         r.settings.HooksDirs(),
		HooksDirsGiven:    len(r.settings.Flags.HooksDirs) > 0,
		OwnDirs:           []string{r.settings.GraphRoot, r.settings.RunRoot, r.settings.TmpDir},
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
	img, err := r.findOrPull(ctx, ref, image.PullOptions{Policy: image.PullMissing})
	if err != nil {
		return "", err
	}
	images, err := r.layers()
	if err != nil {
		return "", err
	}
	id := imageLayer(c.ID, ref)
	if err := images.CreateContainer(id, img.ID, image.CreateOptions{IDMappings: c.Config.IDMappings}); err != nil {
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
	// joined are the containers whose namespaces are joined, by ID. Most often one
	// container has them all: it is looked up once.
	joined map[string]*container.Container
}

func (r *Runtime) specInput(ctx context.Context, c *container.Container, volumes map[string]string, held heldNS, late *lateFiles) (*bundleInput, error) {
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
		DefaultSysctls: parsePairs(r.settings.Sysctls()), Rlimits: rlimits, PidsLimit: conf.PidsLimit,
	}}
	if c.Config.Resources.CgroupMode != "disabled" {
		m, err := r.cgroups()
		if err != nil {
			return nil, err
		}
		in.spec.CgroupsPath = m.ContainerPath(c.Config.Resources.CgroupParent, c.ID)
		in.spec.Settable = func(limits *specs.LinuxResources) *specs.LinuxResources {
			settable, _ := m.Delegated(limits) // who asked for more was told when the container was made
			return settable
		}
	}
	if c.Config.Init || c.Config.Infra && c.Config.Image.ID == "" && c.Config.Rootfs == "" {
		in.spec.InitPath = c.Config.InitPath
		if in.spec.InitPath == "" {
			if in.spec.InitPath, err = r.settings.InitBinary(); err != nil {
				return nil, err
			}
		}
	}
	in.spec.NoHostMqueue = isGone("/dev/mqueue")
	in.spec.UIDMappings, in.spec.GIDMappings = c.Config.IDMappings.OCI()
	if err := r.joinNamespaces(ctx, c, in); err != nil {
		return nil, err
	}
	switch {
	case held == nil:
		in.spec.Foreign["net"] = in.spec.Foreign["net"] || ownsNetNS(c.Config)
	case c.Config.OwnsUserNS():
		in.spec.Namespaces["user"] = held.UserNS()
	}
	r.etcFiles(c, in, late)
	return in, nil
}

// joinNamespaces fills in the paths of the namespaces joined and what comes with
// them: the IPC namespace's /dev/shm, the UTS namespace's host name.
func (r *Runtime) joinNamespaces(ctx context.Context, c *container.Container, in *bundleInput) error {
	owner, err := r.ownerOfUserNS(ctx, c)
	if err != nil {
		return err
	}
	in.spec.Foreign, in.joined = map[string]bool{}, map[string]*container.Container{}
	for kind, ns := range c.Config.Namespaces.ByKind() {
		switch ns.Mode {
		case container.ModePath:
			in.spec.Namespaces[kind], in.spec.Foreign[kind] = ns.Value, kind != "pid" // whose it is cannot be seen
		case container.ModeContainer:
			other := in.joined[ns.Value]
			if other == nil {
				if other, err = r.runningOther(ctx, c, kind, ns.Value); err != nil {
					return err
				}
				in.joined[ns.Value] = other
			}
			in.spec.Namespaces[kind] = namespacePath(other, kind)
			others, err := r.ownerOfUserNS(ctx, other)
			if err != nil {
				return err
			}
			in.spec.Foreign[kind] = others != owner
			if kind == "pid" && owner != "" && others != owner {
				return fmt.Errorf("container %s cannot have a /proc of the PID namespace of container %s, which is in another user namespace: use --userns container:%s too: %w", c.ID, other.Name, other.Name, errdefs.ErrInvalidArg)
			}
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

// runningOther is the container whose namespace c joins.
func (r *Runtime) runningOther(ctx context.Context, c *container.Container, kind, id string) (*container.Container, error) {
	other, err := r.container(ctx, id)
	if err == nil && !r.alive(other.Runtime.Process) {
		err = fmt.Errorf("container %s, whose %s namespace container %s joins, is not running: %w", other.ID, kind, c.ID, errdefs.ErrCtrState)
	}
	return other, err
}

// namespacePath is where a running container's namespace is.
func namespacePath(c *container.Container, kind string) string {
	return fmt.Sprintf("/proc/%d/ns/%s", c.Runtime.Process.PID, kind)
}

// shmPath is the /dev/shm that comes with a container's IPC namespace.
func (r *Runtime) shmPath(c *container.Container) string {
	if c.Config.Namespaces.IPC.IsHost() {
		return "/dev/shm"
	}
	return bundle.ShmPath(r.settings.BundleDir(c.ID))
}

// hostname is what a container with its own UTS namespace is called. On the
// host's network, unless it has a name of its own, it goes by the host's: so its
// programs find themselves.
func (r *Runtime) hostname(c *container.Container) string {
	if c.Config.Namespaces.UTS.IsHost() || c.Config.Namespaces.Net.IsHost() && c.Config.Hostname == "" {
		if name, err := os.Hostname(); err == nil {
			return name
		}
	}
	if c.Config.Hostname != "" {
		return c.Config.Hostname
	}
	if r.settings.Conf.Containers.ContainerNameAsHostName {
		return nonHostname.ReplaceAllString(c.Name, "")
	}
	return shortID(c.ID)
}

// nonHostname is what a container's name may have and a host's may not.
var nonHostname = regexp.Delayed(`[^a-zA-Z0-9.-]`)

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

// parsePairs reads "name=value" pairs.
func parsePairs(pairs []string) map[string]string {
	out := make(map[string]string, len(pairs))
	for _, kv := range pairs {
		if k, v, ok := strings.Cut(kv, "="); ok {
			out[k] = v
		}
	}
	return out
}
