package container

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/errdefs"
)

// namespaceKind pairs the word of --share with the runtime's.
type namespaceKind struct {
	kind string
	oci  specs.LinuxNamespaceType
}

// namespaceKinds are in the order of the spec. The user namespace is first: the
// others then belong to it.
func namespaceKinds() []namespaceKind {
	return []namespaceKind{
		{"user", specs.UserNamespace}, {"pid", specs.PIDNamespace}, {"net", specs.NetworkNamespace},
		{"ipc", specs.IPCNamespace}, {"uts", specs.UTSNamespace}, {"cgroup", specs.CgroupNamespace},
	}
}

// origin is where a container's namespace of one kind comes from.
type origin int

const (
	fromHost origin = iota
	fromOther
	ownNew
)

// origin resolves the mode of a kind. A mode nobody decided on is private, but
// for the user namespace and, with cgroup v1, the cgroup namespace, which by
// podman-run(1) are the host's.
func (b *builder) origin(kind string) origin {
	switch ns := b.cfg.Namespaces.ByKind()[kind]; ns.Mode {
	case ModeHost:
		return fromHost
	case ModeContainer, ModePod, ModePath:
		return fromOther
	case ModeDefault:
		if kind == "user" || kind == "cgroup" && !b.in.CgroupV2 {
			return fromHost
		}
	}
	return ownNew
}

func (b *builder) namespaces() error {
	for _, k := range namespaceKinds() {
		ns, path := b.cfg.Namespaces.ByKind()[k.kind], b.in.Namespaces[k.kind]
		switch b.origin(k.kind) {
		case fromHost:
			continue
		case fromOther:
			if path == "" && ns.Mode == ModePath {
				path = ns.Value
			}
			if path == "" {
				return fmt.Errorf("container %s: no %s namespace to join (%s): %w", b.c.ID, k.kind, ns, errdefs.ErrInternal)
			}
		case ownNew:
		}
		b.spec.Linux.Namespaces = append(b.spec.Linux.Namespaces, specs.LinuxNamespace{Type: k.oci, Path: path})
	}
	b.spec.Linux.Namespaces = append(b.spec.Linux.Namespaces, specs.LinuxNamespace{Type: specs.MountNamespace})
	if b.origin("user") != fromHost {
		b.spec.Linux.UIDMappings, b.spec.Linux.GIDMappings = b.in.UIDMappings, b.in.GIDMappings
	}
	if b.origin("uts") == ownNew {
		b.spec.Hostname = b.hostname()
	}
	return nil
}

// SysctlKind is the namespace a kernel parameter belongs to, in the words of
// [Namespaces.ByKind]; "" for one of the whole host.
func SysctlKind(name string) string {
	switch {
	case strings.HasPrefix(name, "net."):
		return "net"
	case strings.HasPrefix(name, "fs.mqueue."), strings.HasPrefix(name, "kernel.msg"),
		strings.HasPrefix(name, "kernel.shm"), name == "kernel.sem":
		return "ipc"
	case name == "kernel.domainname", name == "kernel.hostname":
		return "uts"
	}
	return ""
}

// CheckSysctls refuses kernel parameters of namespaces that are the host's by the
// modes of the container's namespaces, which must not be open any more.
func (c *Config) CheckSysctls() error {
	kinds := c.Namespaces.ByKind()
	return c.checkSysctls(func(kind string) bool { return kinds[kind].IsHost() })
}

func (c *Config) checkSysctls(isHost func(kind string) bool) error {
	titles := map[string]string{"net": "Network", "ipc": "IPC", "uts": "UTS"}
	return c.RefuseSysctls(func(kind string) string {
		if isHost(kind) {
			return titles[kind] + " Namespace set to host"
		}
		return ""
	})
}

// RefuseSysctls returns an error, of class errdefs.ErrInvalidArgument, for the first
// kernel parameter by name against whose kind of namespace there is a reason.
func (c *Config) RefuseSysctls(reason func(kind string) string) error {
	for _, name := range slices.Sorted(maps.Keys(c.Security.Sysctls)) {
		kind := SysctlKind(name)
		if kind == "" {
			continue
		}
		if why := reason(kind); why != "" {
			return fmt.Errorf("sysctl %s=%s can't be set since %s: %w", name, c.Security.Sysctls[name], why, errdefs.ErrInvalidArg)
		}
	}
	return nil
}

// sysctls sets the defaults in namespaces that are the container's own, and what
// the user asked for in any but the host's.
func (b *builder) sysctls() error {
	set := map[string]string{}
	for name, value := range b.in.DefaultSysctls {
		if kind := SysctlKind(name); kind != "" && b.origin(kind) == ownNew {
			set[name] = value
		}
	}
	if err := b.cfg.checkSysctls(func(kind string) bool { return b.origin(kind) == fromHost }); err != nil {
		return err
	}
	maps.Copy(set, b.cfg.Security.Sysctls)
	if len(set) > 0 {
		b.spec.Linux.Sysctl = set
	}
	return nil
}
