package runtime

import (
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
)

// What an update set before it was refused is taken back: to what it was, or, where
// nothing was, to what the kernel takes for no limit.
func TestLifted(t *testing.T) {
	to := func(n int64) *int64 { return &n }
	shares, period := uint64(512), uint64(100000)
	before := &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: to(64)}}
	after := &specs.LinuxResources{
		Memory: &specs.LinuxMemory{Limit: to(32), Swap: to(64)}, CPU: &specs.LinuxCPU{Quota: to(5), Shares: &shares},
		Pids: &specs.LinuxPids{Limit: 9},
	}
	def := uint64(1024)
	require.Equal(t, &specs.LinuxResources{
		Memory: &specs.LinuxMemory{Limit: to(64), Swap: to(-1)},
		CPU:    &specs.LinuxCPU{Quota: to(-1), Shares: &def},
		Pids:   &specs.LinuxPids{Limit: -1},
	}, lifted(before, after))
	require.Equal(t, &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: to(64)}}, before, "is not changed")

	same := &specs.LinuxResources{CPU: &specs.LinuxCPU{Quota: to(7), Period: &period}, Pids: &specs.LinuxPids{Limit: 3}}
	require.Equal(t, same, lifted(same, &specs.LinuxResources{CPU: &specs.LinuxCPU{Quota: to(9)}, Pids: &specs.LinuxPids{Limit: 1}}))
}
