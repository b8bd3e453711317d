package container

import (
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// ExecInput is one more process asked for in a running container.
type ExecInput struct {
	Argv []string
	// Env is K=V set over the container's own environment.
	Env []string
	// WorkDir is empty for the container's.
	WorkDir  string
	Terminal bool
	// ConsoleSize is the terminal's; nil: unknown.
	ConsoleSize *specs.Box
	// User, when set, is another one than the container's, already looked up.
	User *ExecUser
	// Privileged gives the process all capabilities podctl may pass on.
	Privileged bool
	// DefaultCaps and BoundingCaps are as in [SpecInput].
	DefaultCaps, BoundingCaps []string
}

// ExecProcess makes the OCI process of an exec session of c from base, the
// container's own process in its bundle: what is not said otherwise, such as
// limits, profile and umask, is the same. It changes neither c nor base.
func ExecProcess(c *Container, base *specs.Process, in ExecInput) (*specs.Process, error) {
	p := *base
	p.Args, p.CommandLine = in.Argv, ""
	p.Terminal, p.ConsoleSize = in.Terminal, in.ConsoleSize
	if in.WorkDir != "" {
		p.Cwd = in.WorkDir
	}
	if in.User == nil && !in.Privileged {
		p.Env = execEnv(c, base, in)
		return &p, nil
	}
	user := ExecUser{UID: base.User.UID, GID: base.User.GID}
	if in.User != nil {
		user = *in.User
		p.User.UID, p.User.GID, p.User.AdditionalGids = user.UID, user.GID, user.Groups
	}
	as := *c
	config := *c.Config
	config.Security.Privileged = config.Security.Privileged || in.Privileged
	as.Config = &config
	caps, err := Capabilities(&as, SpecInput{User: user, DefaultCaps: in.DefaultCaps, BoundingCaps: in.BoundingCaps})
	if err != nil {
		return nil, err
	}
	p.Capabilities = caps
	p.Env = execEnv(c, base, in)
	return &p, nil
}

// execEnv is the container's environment with the session's over it. $HOME is
// the session's user's, unless the container was given one.
func execEnv(c *Container, base *specs.Process, in ExecInput) []string {
	env := slices.Clone(base.Env)
	set := func(kv string) {
		name, _, _ := strings.Cut(kv, "=")
		if i := slices.IndexFunc(env, func(have string) bool { return strings.HasPrefix(have, name+"=") }); i >= 0 {
			env[i] = kv
			return
		}
		env = append(env, kv)
	}
	has := func(list []string, name string) bool {
		return slices.ContainsFunc(list, func(have string) bool { return strings.HasPrefix(have, name+"=") })
	}
	if in.User != nil && !has(c.Config.Env, "HOME") && in.User.Home != "" {
		set("HOME=" + in.User.Home)
	}
	if in.Terminal && !has(env, "TERM") {
		set("TERM=xterm")
	}
	for _, kv := range in.Env {
		set(kv)
	}
	return env
}
