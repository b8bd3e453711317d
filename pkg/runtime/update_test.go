package runtime

import (
	"fmt"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/oci"
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
		Pids:   &specs.LinuxPids{Limit: 2048},
	}, lifted(before, after, 2048))
	require.Equal(t, &specs.LinuxPids{Limit: -1}, lifted(before, after, 0).Pids, "containers.conf sets no limit")
	require.Equal(t, &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: to(64)}}, before, "is not changed")

	same := &specs.LinuxResources{CPU: &specs.LinuxCPU{Quota: to(7), Period: &period}, Pids: &specs.LinuxPids{Limit: 3}}
	require.Equal(t, same, lifted(same, &specs.LinuxResources{CPU: &specs.LinuxCPU{Quota: to(9)}, Pids: &specs.LinuxPids{Limit: 1}}, 2048))
}

// crun writes -1 for none where the kernel wants another word.
func TestWithoutLifted(t *testing.T) {
	to := func(n int64) *int64 { return &n }
	shares, period := uint64(512), uint64(100000)
	limits := &specs.LinuxResources{
		CPU:    &specs.LinuxCPU{Quota: to(-1), Period: &period, Shares: &shares},
		Memory: &specs.LinuxMemory{Limit: to(64)}, Pids: &specs.LinuxPids{Limit: -1},
	}
	rest, lift := withoutLifted(limits)
	require.Equal(t, &specs.LinuxResources{CPU: &specs.LinuxCPU{Shares: &shares}, Memory: &specs.LinuxMemory{Limit: to(64)}}, rest)
	require.Equal(t, &specs.LinuxResources{CPU: &specs.LinuxCPU{Quota: to(-1), Period: &period}, Pids: &specs.LinuxPids{Limit: -1}}, lift)
	require.Equal(t, to(-1), limits.CPU.Quota, "is not changed")

	limits = &specs.LinuxResources{CPU: &specs.LinuxCPU{Quota: to(7), Period: &period}, Pids: &specs.LinuxPids{Limit: 3}}
	rest, lift = withoutLifted(limits)
	require.Equal(t, limits, rest)
	require.Nil(t, lift)
}

func TestRemedyComesBeforeTheClass(t *testing.T) {
	refused := fmt.Errorf("update: %w", &oci.CommandError{Program: "crun", Message: "writing file `pids.max`: Invalid argument", Class: errdefs.ErrOCIRuntime})
	err := withRemedy(refused)
	require.ErrorIs(t, err, errdefs.ErrOCIRuntime)
	require.EqualError(t, err, "update: crun: writing file `pids.max`: Invalid argument: change --pids-limit: OCI runtime error")
}
