package container

import (
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
)

func TestExecProcess(t *testing.T) {
	caps := &specs.LinuxCapabilities{Bounding: []string{"CAP_KILL"}, Effective: []string{"CAP_KILL"}, Permitted: []string{"CAP_KILL"}}
	base := specs.Process{
		Args: []string{"init"}, Cwd: "/srv", Env: []string{"A=1", "HOME=/root"}, Terminal: true, NoNewPrivileges: true,
		ApparmorProfile: "p", Capabilities: caps, User: specs.User{UID: 0, AdditionalGids: []uint32{0, 5}},
		Rlimits: []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 1, Hard: 2}},
	}
	c := &Container{Config: &Config{}}
	all, def := []string{"CAP_CHOWN", "CAP_KILL", "CAP_SYS_ADMIN"}, []string{"CAP_KILL"}
	nobody := &ExecUser{UID: 99, GID: 98, Groups: []uint32{98}, Home: "/home/n"}
	tests := map[string]struct {
		in   ExecInput
		want func(p *specs.Process)
	}{
		"keeps_what_is_not_said": {ExecInput{}, func(*specs.Process) {}},
		"sets_env_over_the_containers": {ExecInput{Env: []string{"A=2", "B=3"}}, func(p *specs.Process) {
			p.Env = []string{"A=2", "HOME=/root", "B=3"}
		}},
		"a_terminal_has_a_type": {ExecInput{Terminal: true}, func(p *specs.Process) {
			p.Terminal, p.Env = true, []string{"A=1", "HOME=/root", "TERM=xterm"}
		}},
		"has_its_own_directory": {ExecInput{WorkDir: "/x"}, func(p *specs.Process) { p.Cwd = "/x" }},
		"another_user_has_its_own_groups_home_and_no_capabilities": {ExecInput{User: nobody}, func(p *specs.Process) {
			p.User = specs.User{UID: 99, GID: 98, AdditionalGids: []uint32{98}}
			p.Env = []string{"A=1", "HOME=/home/n"}
			p.Capabilities = &specs.LinuxCapabilities{Bounding: def}
		}},
		"privileged_root_has_all_capabilities": {ExecInput{Privileged: true}, func(p *specs.Process) {
			p.Capabilities = &specs.LinuxCapabilities{Bounding: all, Effective: all, Permitted: all}
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := base
			want.Terminal, want.Args = false, []string{"cmd"}
			tt.want(&want)
			tt.in.Argv, tt.in.DefaultCaps, tt.in.BoundingCaps = []string{"cmd"}, def, all
			before := base
			got, err := ExecProcess(c, &base, tt.in)
			require.NoError(t, err)
			require.Equal(t, want.Env, got.Env)
			for _, caps := range []*specs.LinuxCapabilities{want.Capabilities, got.Capabilities} {
				for _, list := range []*[]string{&caps.Effective, &caps.Permitted, &caps.Inheritable, &caps.Ambient} {
					if len(*list) == 0 {
						*list = nil
					}
				}
			}
			require.Equal(t, want, *got)
			require.Equal(t, before, base)
		})
	}
}

func TestExecProcessKeepsAHomeTheContainerWasGiven(t *testing.T) {
	c := &Container{Config: &Config{Process: Process{Env: []string{"HOME=/given"}}}}
	got, err := ExecProcess(c, &specs.Process{Env: []string{"HOME=/given"}}, ExecInput{User: &ExecUser{UID: 1, Home: "/other"}})
	require.NoError(t, err)
	require.Equal(t, []string{"HOME=/given"}, got.Env)
}
