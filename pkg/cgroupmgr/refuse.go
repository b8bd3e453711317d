package cgroupmgr

import (
	"errors"
	"fmt"

	"github.com/containers/storage/pkg/parsers"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/errdefs"
)

// The bounds of cgroup v1's CPU bandwidth control, in microseconds
// (Documentation/scheduler/sched-bwc.rst of the kernel).
const (
	minCPUTime   = 1000
	maxCPUPeriod = 1000000
)

// RefuseV1 refuses limits that no container can have on a host with cgroup v1,
// which otherwise only its start would show. nil limits are none. Errors: class
// ErrInvalidArgument.
func RefuseV1(limits *specs.LinuxResources) error {
	if limits == nil {
		return nil
	}
	return errdefs.As(errdefs.ErrInvalidArgument, refuseCPU(limits.CPU))
}

func refuseCPU(cpu *specs.LinuxCPU) error {
	if cpu == nil {
		return nil
	}
	if p := cpu.Period; p != nil && *p != 0 && (*p < minCPUTime || *p > maxCPUPeriod) {
		return fmt.Errorf("CPU cfs period cannot be less than 1ms (i.e. %d) or larger than 1s (i.e. %d)", minCPUTime, maxCPUPeriod)
	}
	if q := cpu.Quota; q != nil && *q > 0 && *q < minCPUTime {
		return fmt.Errorf("CPU cfs quota cannot be less than 1ms (i.e. %d)", minCPUTime)
	}
	return errors.Join(
		refuseSet("CPUs", cpu.Cpus, online("/sys/devices/system/cpu/online")),
		refuseSet("memory nodes", cpu.Mems, online("/sys/devices/system/node/online")))
}

// refuseSet refuses a list such as 0-3,5 that has what is not there. A host
// that does not say what there is refuses at start.
func refuseSet(what, asked, available string) error {
	want, err := parsers.ParseUintList(asked)
	if err != nil {
		return fmt.Errorf("invalid value %s for cpuset: %w", asked, err)
	}
	have, err := parsers.ParseUintList(available)
	if err != nil || len(have) == 0 {
		return nil //nolint:nilerr // nothing is known
	}
	for n := range want {
		if !have[n] {
			return fmt.Errorf("requested %s are not available - requested %s, available: %s", what, asked, available)
		}
	}
	return nil
}
