package cgroupmgr

import (
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestRefuseV1(t *testing.T) {
	cpu := func(set func(*specs.LinuxCPU)) *specs.LinuxResources {
		var c specs.LinuxCPU
		set(&c)
		return &specs.LinuxResources{CPU: &c}
	}
	period := func(us uint64) *specs.LinuxResources { return cpu(func(c *specs.LinuxCPU) { c.Period = &us }) }
	quota := func(us int64) *specs.LinuxResources { return cpu(func(c *specs.LinuxCPU) { c.Quota = &us }) }
	const badPeriod = "CPU cfs period cannot be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"
	for name, tt := range map[string]struct {
		limits *specs.LinuxResources
		want   string // prefix of the error, "" for none
	}{
		"none":           {nil, ""},
		"no_cpu":         {&specs.LinuxResources{}, ""},
		"short_period":   {period(999), badPeriod},
		"long_period":    {period(1000001), badPeriod},
		"period":         {period(1000), ""},
		"default_period": {period(0), ""},
		"small_quota":    {quota(999), "CPU cfs quota cannot be less than 1ms (i.e. 1000)"},
		"no_quota":       {quota(-1), ""},
		"a_core":         {cpu(func(c *specs.LinuxCPU) { c.Cpus = "0" }), ""},
		"missing_core":   {cpu(func(c *specs.LinuxCPU) { c.Cpus = "0,8190" }), "requested CPUs are not available - requested 0,8190, available: 0"},
		"missing_node":   {cpu(func(c *specs.LinuxCPU) { c.Mems = "8190" }), "requested memory nodes are not available - requested 8190, available: 0"},
		"no_list":        {cpu(func(c *specs.LinuxCPU) { c.Mems = "x" }), "invalid value x for cpuset"},
	} {
		t.Run(name, func(t *testing.T) {
			err := RefuseV1(tt.limits)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
			require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
		})
	}
}
