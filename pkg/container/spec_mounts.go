package container

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// mounts puts together what every container has, what podctl generated for this
// one and what the user asked for, later ones over earlier ones at the same
// destination, and orders them so that no mount hides one below it.
func (b *builder) mounts() error {
	user, err := b.userMounts()
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, m := range user {
		taken[m.Destination] = true
	}
	var all []specs.Mount
	for _, m := range slices.Concat(b.defaultMounts(), b.generatedMounts(user)) {
		// A user's own /dev brings all that is below it.
		if taken[m.Destination] || taken["/dev"] && strings.HasPrefix(m.Destination, "/dev/") {
			continue
		}
		all = append(all, m)
	}
	all = append(all, user...)
	slices.SortStableFunc(all, func(x, y specs.Mount) int { return depth(x.Destination) - depth(y.Destination) })
	b.spec.Mounts = all
	b.spec.Linux.RootfsPropagation = propagation(user)
	return nil
}

func depth(destination string) int { return strings.Count(strings.TrimSuffix(destination, "/"), "/") }

// propagation is what the root mount needs for the user's mounts to have theirs.
func propagation(user []specs.Mount) string {
	has := func(words ...string) bool {
		return slices.ContainsFunc(user, func(m specs.Mount) bool {
			return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(m.Options, w) })
		})
	}
	switch {
	case has("shared", "rshared"):
		return "shared"
	case has("slave", "rslave"):
		return "rslave"
	}
	return ""
}

func (b *builder) defaultMounts() []specs.Mount {
	dev := []string{"nosuid", "strictatime", "mode=755", "size=65536k"}
	if b.cfg.Storage.ReadOnly && !b.cfg.Storage.ReadOnlyTmpfs {
		dev = append(dev, "ro")
	}
	mounts := []specs.Mount{
		b.procMount(),
		{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: dev},
		b.sysMount(),
		{Destination: "/dev/pts", Type: "devpts", Source: "devpts", Options: b.devptsOptions()},
	}
	mounts = append(mounts, b.mqueueMounts()...)
	mounts = append(mounts, b.cgroupMounts()...)
	mounts = append(mounts, b.shmMounts()...)
	return append(mounts, b.scratch(b.cfg.Scratch()...)...)
}

// Scratch returns the directories that are a tmpfs without having been asked for.
func (c *Config) Scratch() []string {
	switch {
	case c.SystemdMode():
		return []string{"/run", "/run/lock", "/tmp", "/var/log/journal"}
	case c.Storage.ReadOnly && c.Storage.ReadOnlyTmpfs:
		return []string{"/run", "/tmp", "/var/tmp"}
	}
	return nil
}

// ScratchOptions are the mount options of each of them.
func ScratchOptions() []string { return []string{"rprivate", "nosuid", "nodev", "tmpcopyup"} }

// foreign reports whether the kernel will not mount a file system that shows a
// namespace of this kind: the process is not privileged over its owner.
func (b *builder) foreign(kind string) bool {
	unprivileged := b.in.Rootless || b.origin("user") != fromHost
	return unprivileged && b.origin(kind) == fromHost || b.origin("user") != fromHost && b.in.Foreign[kind]
}

func (b *builder) procMount() specs.Mount {
	if b.foreign("pid") {
		return specs.Mount{Destination: "/proc", Type: "bind", Source: "/proc", Options: []string{"rbind", "rprivate", "nosuid", "noexec", "nodev"}}
	}
	options := append([]string{"nosuid", "noexec", "nodev"}, b.cfg.Security.ProcOpts...)
	return specs.Mount{Destination: "/proc", Type: "proc", Source: "proc", Options: options}
}

func (b *builder) sysMount() specs.Mount {
	mode := "ro"
	if b.cfg.Security.Privileged {
		mode = "rw"
	}
	if b.foreign("net") {
		return specs.Mount{Destination: "/sys", Type: "bind", Source: "/sys", Options: []string{"rprivate", "nosuid", "noexec", "nodev", mode, "rbind"}}
	}
	return specs.Mount{Destination: "/sys", Type: "sysfs", Source: "sysfs", Options: []string{"nosuid", "noexec", "nodev", mode}}
}

// mqueueMounts: message queues go with the IPC namespace. Those of one that the
// container may not mount are shown if they are the host's.
func (b *builder) mqueueMounts() []specs.Mount {
	options := []string{"nosuid", "noexec", "nodev"}
	switch {
	case !b.foreign("ipc"):
		return []specs.Mount{{Destination: "/dev/mqueue", Type: "mqueue", Source: "mqueue", Options: options}}
	case b.origin("ipc") == fromHost && !b.in.NoHostMqueue:
		return []specs.Mount{{Destination: "/dev/mqueue", Type: "bind", Source: "/dev/mqueue", Options: append([]string{"bind"}, options...)}}
	}
	return nil
}

func (b *builder) devptsOptions() []string {
	options := []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}
	// The group tty, where it exists in the container's user namespace.
	const tty = 5
	mapped := len(b.in.GIDMappings) == 0 || slices.ContainsFunc(b.in.GIDMappings, func(m specs.LinuxIDMapping) bool {
		return m.ContainerID <= tty && tty < m.ContainerID+m.Size
	})
	if mapped && (!b.in.Rootless || len(b.in.GIDMappings) > 0) {
		options = append(options, "gid=5")
	}
	return options
}

func (b *builder) cgroupMounts() []specs.Mount {
	mode := "ro"
	systemd := b.cfg.SystemdMode()
	if b.cfg.Security.Privileged || systemd && b.in.CgroupV2 && b.origin("cgroup") == ownNew {
		mode = "rw"
	}
	options := []string{"rprivate", "nosuid", "noexec", "nodev", "relatime", mode}
	mounts := []specs.Mount{{Destination: "/sys/fs/cgroup", Type: "cgroup", Source: "cgroup", Options: options}}
	if systemd && !b.in.CgroupV2 {
		// systemd keeps its own hierarchy of version 1, which has no controllers.
		mounts = append(mounts, specs.Mount{
			Destination: "/sys/fs/cgroup/systemd", Type: "bind", Source: "/sys/fs/cgroup/systemd",
			Options: []string{"bind", "rprivate", "nosuid", "noexec", "nodev"},
		})
	}
	return mounts
}

// DefaultShmSize is the size of /dev/shm in bytes where none is given.
const DefaultShmSize = 64 << 20

// ShmSize is the size of /dev/shm in bytes; 0: no limit.
func (c *Config) ShmSize() int64 {
	if c.Storage.ShmSize == nil {
		return DefaultShmSize
	}
	return *c.Storage.ShmSize
}

// shmMounts: /dev/shm goes with the IPC namespace.
func (b *builder) shmMounts() []specs.Mount {
	ipc := b.cfg.Namespaces.IPC.Mode
	mode := "rw"
	if b.cfg.Storage.ReadOnly && !b.cfg.Storage.ReadOnlyTmpfs {
		mode = "ro"
	}
	source := b.in.ShmPath
	if source == "" && ipc == ModeHost {
		source = "/dev/shm"
	}
	m := specs.Mount{Destination: "/dev/shm"}
	switch {
	case ipc == ModeNone:
		return nil
	case source != "":
		m.Type, m.Source = "bind", source
		m.Options = []string{"bind", "rprivate", "nosuid", "noexec", "nodev", mode}
	default:
		m.Type, m.Source = "tmpfs", "shm"
		m.Options = []string{"nosuid", "noexec", "nodev", "mode=1777", mode}
		if size := b.cfg.ShmSize(); size > 0 {
			m.Options = append(m.Options, "size="+strconv.FormatInt(size, 10))
		}
	}
	return []specs.Mount{m}
}

// scratch are writable directories that start with the image's contents.
func (b *builder) scratch(destinations ...string) (mounts []specs.Mount) {
	options := ScratchOptions()
	if size := b.cfg.Storage.ShmSizeSystemd; size != nil && b.cfg.SystemdMode() {
		options = append(options, "size="+strconv.FormatInt(*size, 10))
	}
	for _, d := range destinations {
		mounts = append(mounts, specs.Mount{Destination: d, Type: "tmpfs", Source: "tmpfs", Options: slices.Clone(options)})
	}
	return mounts
}

// containerEnvFile tells programs that they run in a container.
const containerEnvFile = "/run/.containerenv"

// generatedMounts are the init program and the files made for this container.
func (b *builder) generatedMounts(user []specs.Mount) []specs.Mount {
	files := slices.Clone(b.in.Files)
	if b.in.InitPath != "" {
		init := Mount{Source: b.in.InitPath, Destination: initPath, Options: []string{"ro"}}
		if b.cfg.Imageless() {
			init.Destination = infraInit
		}
		if b.cfg.Imageless() || b.cfg.Init {
			files = append(files, init)
		}
	}
	var mounts []specs.Mount
	for _, f := range files {
		destination := path.Clean(f.Destination)
		if destination == containerEnvFile && belowBind(destination, user) {
			// The runtime would make the file on the host, which then takes
			// itself for a container.
			continue
		}
		options := append([]string{"bind", "rprivate"}, f.Options...)
		mounts = append(mounts, specs.Mount{Destination: destination, Type: "bind", Source: f.Source, Options: options})
	}
	return mounts
}

func belowBind(destination string, user []specs.Mount) bool {
	return slices.ContainsFunc(user, func(m specs.Mount) bool {
		return m.Type == "bind" && strings.HasPrefix(destination, strings.TrimSuffix(m.Destination, "/")+"/")
	})
}
