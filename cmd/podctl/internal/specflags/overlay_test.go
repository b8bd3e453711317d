package specflags

import (
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	engine "github.com/podctl/podctl/pkg/runtime"
)

func TestUpdateChangesWhatWasGivenOnly(t *testing.T) {
	before := func() *container.Config {
		c := plain()
		c.Env = []string{"A=1", "B=2", "C=3"}
		c.Health = &container.Health{Test: []string{"CMD", "x"}, Interval: time.Hour, Timeout: time.Second, Retries: 9, OnFailure: "kill"}
		c.Resources = container.Resources{
			CgroupParent: "/p", CgroupMode: "split", PidsLimit: ptr(int64(5)),
			Linux:   &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: ptr(int64(1024))}, CPU: &specs.LinuxCPU{Cpus: "0"}},
			Rlimits: []specs.POSIXRlimit{{Type: "RLIMIT_CORE"}, {Type: "RLIMIT_NOFILE", Soft: 1, Hard: 1}},
			ReadBPS: []container.Throttle{{Path: "/dev/a", Rate: 1}, {Path: "/dev/b", Rate: 2}},
		}
		return &c
	}
	tests := map[string]struct {
		args []string
		want func(c *container.Config)
	}{
		"nothing": {nil, func(*container.Config) {}},
		"limits": {[]string{"--memory-swap", "4k", "--cpus", "1", "--pids-limit", "7", "--ulimit", "nofile=2", "--device-read-bps", "/dev/a:9"}, func(c *container.Config) {
			c.Resources.Linux.Memory.Swap = ptr(int64(4096))
			c.Resources.Linux.CPU = &specs.LinuxCPU{Cpus: "0", Period: ptr(uint64(100000)), Quota: ptr(int64(100000))}
			c.Resources.CPUs, c.Resources.PidsLimit = 1, ptr(int64(7))
			c.Resources.Rlimits[1].Soft, c.Resources.Rlimits[1].Hard = 2, 2
			c.Resources.ReadBPS = []container.Throttle{{Path: "/dev/b", Rate: 2}, {Path: "/dev/a", Rate: 9}}
		}},
		"restart":          {[]string{"--restart", "no"}, func(c *container.Config) { c.Restart, c.RestartSet = container.RestartPolicy{Name: "no"}, true }},
		"health_command":   {[]string{"--health-cmd", "y"}, func(c *container.Config) { c.Health.Test = []string{"CMD-SHELL", "y"} }},
		"health_number":    {[]string{"--health-retries", "2"}, func(c *container.Config) { c.Health.Retries = 2 }},
		"environment":      {[]string{"-e", "B=9", "-e", "D=4", "--unsetenv", "A"}, func(c *container.Config) { c.Env = []string{"C=3", "B=9", "D=4"} }},
		"no_health_checks": {[]string{"--no-healthcheck", "--health-on-failure", "none"}, func(c *container.Config) { c.Health.Disabled, c.Health.OnFailure = true, "none" }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var flags UpdateFlags
			got, want := before(), before()
			tt.want(want)
			require.NoError(t, parsed(t, flags.Bind, func([]string) error { return flags.Apply(got, testEnv()) }, tt.args...))
			require.Equal(t, want, got)
		})
	}
}

func TestPodOverlayKeepsWhatWasNotGiven(t *testing.T) {
	source := &engine.PodCreateOptions{
		Name: "web-clone",
		Config: &pod.Config{
			Labels: map[string]string{"a": "1"}, Share: []string{"net"}, ExitPolicy: "stop", CgroupParent: "/x",
			Resources: &specs.LinuxResources{CPU: &specs.LinuxCPU{Shares: ptr(uint64(7))}},
		},
		Infra: &container.Config{Infra: true, Namespaces: container.Namespaces{PID: container.Namespace{Mode: "host"}}},
	}
	var flags PodFlags
	bind := func(cmd *cobra.Command) { flags.BindCommon(cmd) }
	err := parsed(t, bind, func([]string) error { return flags.Overlay(source, testEnv()) }, "-l", "b=2", "--memory", "1k", "--restart", "always", "--infra-name", "i")
	require.NoError(t, err)
	require.Equal(t, &engine.PodCreateOptions{
		Name: "web-clone", InfraName: "i",
		Config: &pod.Config{
			Labels: map[string]string{"a": "1", "b": "2"}, Share: []string{"net"}, ExitPolicy: "stop", CgroupParent: "/x",
			Restart: container.RestartPolicy{Name: "always"},
			Resources: &specs.LinuxResources{
				CPU:    &specs.LinuxCPU{Shares: ptr(uint64(7))},
				Memory: &specs.LinuxMemory{Limit: ptr(int64(1024)), Swap: ptr(int64(2048))},
			},
		},
		Infra: &container.Config{
			Infra: true, Namespaces: container.Namespaces{PID: container.Namespace{Mode: "host"}},
			Lifecycle: container.Lifecycle{Restart: container.RestartPolicy{Name: "always"}, RestartSet: true},
		},
	}, source)
	for _, absent := range []string{"network", "infra", "share", "exit-policy", "pod-id-file", "replace", "infra-image"} {
		require.EqualError(t, parsed(t, bind0, nil, "--"+absent), "unknown flag: --"+absent)
	}
}

// bind0 binds the flags of pod clone.
func bind0(cmd *cobra.Command) { new(PodFlags).BindCommon(cmd) }
