package container

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Where the init program stands inside a container: bare in an infra container
// without image, else beside the image's files.
const (
	infraInit = "/catatonit"
	initPath  = "/run/podman-init"
)

// Imageless reports whether c is an infra container of nothing but its init: it
// has no image whose files could be wrong.
func (c *Config) Imageless() bool {
	return c.Infra && c.Rootfs == "" && c.Image.ID == "" && c.Image.Name == ""
}

// Argv is what the OCI runtime executes: entrypoint and command, behind an init
// where one was asked for.
func (c *Config) Argv() []string {
	argv := slices.Concat(c.Entrypoint, c.Command)
	switch {
	case len(argv) == 0 && c.Imageless():
		return []string{infraInit, "-P"}
	case c.Init && len(argv) > 0 && !c.Imageless():
		return append([]string{initPath, "--"}, argv...)
	}
	return argv
}

// SystemdMode reports whether the container is set up for systemd as its first
// process: always when asked for, else when its command is one.
func (c *Config) SystemdMode() bool {
	argv := slices.Concat(c.Entrypoint, c.Command)
	switch {
	case c.Systemd == "always":
		return true
	case c.Systemd != "true" || len(argv) == 0:
		return false
	}
	inits := []string{"/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init"}
	return slices.Contains(inits, argv[0]) || path.Base(argv[0]) == "systemd"
}

func (b *builder) process() error {
	argv := b.cfg.Argv()
	if len(argv) == 0 {
		return errdefs.As(errdefs.ErrInvalidArgument, errors.New("no command or entrypoint provided, and no CMD or ENTRYPOINT from image"))
	}
	p := &specs.Process{
		Args:            argv,
		Cwd:             b.cfg.WorkDir,
		Terminal:        b.cfg.Terminal,
		Env:             b.env(),
		NoNewPrivileges: b.cfg.Security.NoNewPrivs,
		OOMScoreAdj:     b.cfg.Resources.OOMScoreAdj,
		SelinuxLabel:    b.in.ProcessLabel,
		ApparmorProfile: b.in.AppArmor,
		User:            specs.User{UID: b.in.User.UID, GID: b.in.User.GID, AdditionalGids: b.in.User.Groups},
	}
	if p.Cwd == "" {
		p.Cwd = "/"
	}
	if b.cfg.Umask != "" {
		umask, err := strconv.ParseUint(b.cfg.Umask, 8, 32)
		if err != nil || umask > 0o777 {
			return fmt.Errorf("invalid umask %q: %w", b.cfg.Umask, errdefs.ErrInvalidArg)
		}
		mask := uint32(umask)
		p.User.Umask = &mask
	}
	if adj, least := p.OOMScoreAdj, b.in.MinOOMScoreAdj; adj != nil && least != nil && *adj < *least {
		return fmt.Errorf("oom score adjustment %d is below %d, the least that can be set here without CAP_SYS_RESOURCE: ask for more: %w", *adj, *least, errdefs.ErrInvalidArg)
	}
	b.spec.Process = p
	return b.personality()
}

func (b *builder) personality() error {
	switch domain := specs.LinuxPersonalityDomain(strings.ToUpper(b.cfg.Personality)); domain {
	case "":
	case specs.PerLinux, specs.PerLinux32:
		b.spec.Linux.Personality = &specs.LinuxPersonality{Domain: domain}
	default:
		return fmt.Errorf("unknown personality %q: use LINUX or LINUX32: %w", b.cfg.Personality, errdefs.ErrInvalidArg)
	}
	return nil
}

// env is the container's environment with what is overlaid on it and what every
// container finds there.
func (b *builder) env() []string {
	env := slices.Clone(b.cfg.Env)
	index := map[string]int{}
	for i, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		index[name] = i
	}
	for _, kv := range b.in.Env {
		name, _, _ := strings.Cut(kv, "=")
		if i, ok := index[name]; ok {
			env[i] = kv
			continue
		}
		index[name] = len(env)
		env = append(env, kv)
	}
	absent := func(name, value string) {
		if _, ok := index[name]; !ok && value != "" {
			env = append(env, name+"="+value)
		}
	}
	if b.cfg.Terminal {
		absent("TERM", "xterm")
	}
	if !b.cfg.UnsetEnvAll {
		absent("container", "podman")
	}
	if b.cfg.SystemdMode() {
		absent("container_uuid", b.c.ID[:min(32, len(b.c.ID))])
	}
	absent("HOME", b.in.User.Home)
	absent("HOSTNAME", b.hostname())
	return env
}

func (b *builder) hostname() string {
	switch {
	case b.in.Hostname != "":
		return b.in.Hostname
	case b.cfg.Hostname != "":
		return b.cfg.Hostname
	}
	return b.c.ID[:min(12, len(b.c.ID))]
}
