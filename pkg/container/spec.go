package container

import (
	"fmt"
	"maps"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/errdefs"
)

// SpecInput is what the OCI runtime spec of a container takes from elsewhere:
// its image, its pod, containers.conf and the host. Every path is the host's
// unless it says otherwise. The zero value of a field means "nothing".
type SpecInput struct {
	// Rootfs is the mounted root file system. Required. ReadonlyRootfs: the
	// engine decided that it is not writable, whatever the container asked.
	Rootfs         string
	ReadonlyRootfs bool
	// User is whom the process runs as, already looked up in the root file system.
	User ExecUser
	// Hostname is the name the container sees, its own or that of the UTS
	// namespace it joins. Empty: the first twelve digits of its ID.
	Hostname string

	// Namespaces are the paths of the namespaces to join, under the words of
	// [Namespaces.ByKind]. Required for a kind whose mode is container, pod or
	// ns; possible for any other, as for a network namespace made beforehand.
	Namespaces map[string]string
	// Foreign are the kinds of namespaces joined that belong to another user
	// namespace than the container's.
	Foreign map[string]bool
	// NoHostMqueue: the host has no /dev/mqueue.
	NoHostMqueue bool
	// UIDMappings and GIDMappings are those of the container's user namespace,
	// new or joined; none for the host's.
	UIDMappings, GIDMappings []specs.LinuxIDMapping
	// Rootless: podctl is not the host's root.
	Rootless bool

	// CgroupsPath is linux.cgroupsPath as the cgroup manager wants it.
	CgroupsPath string
	// CgroupV2: there is one hierarchy, of version 2.
	CgroupV2 bool

	// Files are generated files and directories to bind over the image's: they
	// give way to a mount the user asked for at the same place.
	Files []Mount
	// Prepared replaces, by destination, mounts and volumes that were made on
	// the host first: an overlay, an image, the matches of a glob.
	Prepared map[string][]Mount
	// Volumes are the mount points of volumes by name.
	Volumes map[string]string
	// ShmPath is a tmpfs to bind at /dev/shm, empty for one inside.
	ShmPath string
	// InitPath is the program bound at /run/podman-init, or at /catatonit in
	// an infra container without image.
	InitPath string

	// Devices are device nodes to make, DeviceRules what the cgroup allows beyond them.
	Devices     []specs.LinuxDevice
	DeviceRules []specs.LinuxDeviceCgroup
	// BlockIO are the limits of block devices by number.
	BlockIO *specs.LinuxBlockIO

	// DefaultCaps are what an unprivileged root has in a container, BoundingCaps
	// all that podctl itself may pass on.
	DefaultCaps, BoundingCaps []string
	// Seccomp is the filter, nil for none. See [Capabilities].
	Seccomp *specs.LinuxSeccomp
	// AppArmor, ProcessLabel and MountLabel are the profile and SELinux labels.
	AppArmor, ProcessLabel, MountLabel string
	// MaskedPaths and ReadonlyPaths are hidden and protected by default.
	MaskedPaths, ReadonlyPaths []string

	// DefaultSysctls apply as far as the container has the namespaces for them.
	DefaultSysctls map[string]string
	// Rlimits are those of containers.conf; the container's own come first.
	Rlimits []specs.POSIXRlimit
	// MaxRlimits are the hard limits, by type, above which podctl may not
	// raise one. Empty where it may set any.
	MaxRlimits map[string]uint64
	// MinOOMScoreAdj is the lowest score podctl may set; nil for any.
	MinOOMScoreAdj *int
	// Settable returns what of the limits can be set on this host; nil: all.
	Settable func(*specs.LinuxResources) *specs.LinuxResources
	// PidsLimit applies to containers that ask for none; <=0: unlimited.
	PidsLimit int64

	// Env is K=V set over the container's environment, as for secrets.
	Env []string
}

// ExecUser is a user as the kernel knows it.
type ExecUser struct {
	UID, GID uint32
	// Groups are the supplementary groups.
	Groups []uint32
	// Home is where $HOME points.
	Home string
}

// ManagerAnnotation says in a bundle whose container it is.
const ManagerAnnotation = "io.container.manager"

// Spec makes the OCI runtime spec of c. It does no I/O and changes neither c nor
// what in points to. What the user asked for and cannot have is an error of class
// [errdefs.ErrInvalidArgument] that says why.
func Spec(c *Container, in SpecInput) (*specs.Spec, error) {
	if c.Config == nil {
		return nil, fmt.Errorf("container %s: %s: %w", c.ID, c.Damage, errdefs.ErrInvalidConfig)
	}
	b := &builder{c: c, cfg: c.Config, in: in, spec: &specs.Spec{
		Root:        &specs.Root{Path: in.Rootfs, Readonly: in.ReadonlyRootfs || c.Config.Storage.ReadOnly},
		Annotations: map[string]string{ManagerAnnotation: "podctl"},
		Linux:       &specs.Linux{},
	}}
	maps.Copy(b.spec.Annotations, c.Config.Annotations)
	for _, step := range []func() error{b.namespaces, b.process, b.security, b.sysctls, b.rlimits, b.resources, b.mounts} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	b.spec.Version = b.version()
	return b.spec, nil
}

// builder fills in one spec.
type builder struct {
	c    *Container
	cfg  *Config
	in   SpecInput
	spec *specs.Spec
}

// version is the lowest OCI version that has what the spec uses: a runtime
// refuses a file newer than itself, even where it knows all that is in it. The
// errno of seccomp rules came with 1.1.0 formally, but runtimes had it years
// before, and one that ignores it answers EPERM instead.
func (b *builder) version() string {
	switch {
	case b.spec.Process.User.Umask != nil, len(b.unified()) > 0, b.spec.Linux.Personality != nil:
		return "1.0.2"
	}
	return "1.0.0"
}

func (b *builder) unified() map[string]string {
	if r := b.spec.Linux.Resources; r != nil {
		return r.Unified
	}
	return nil
}
