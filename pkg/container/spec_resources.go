package container

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/errdefs"
)

// resources are the cgroup's limits and devices. A container without a cgroup
// of its own has none.
func (b *builder) resources() error {
	if b.cfg.Resources.CgroupMode == "disabled" {
		return nil
	}
	b.spec.Linux.CgroupsPath = b.in.CgroupsPath
	if class := b.cfg.Resources.RdtClass; class != "" {
		b.spec.Linux.IntelRdt = &specs.LinuxIntelRdt{ClosID: class}
	}
	res := &specs.LinuxResources{}
	if own := b.cfg.Resources.Linux; own != nil {
		*res = *own
	}
	if limit := b.pidsLimit(); limit > 0 {
		res.Pids = &specs.LinuxPids{Limit: limit}
	} else {
		// A new cgroup has no limit, so none is left to be lifted.
		res.Pids = nil
	}
	if !b.in.Rootless {
		res.Devices = slices.Concat([]specs.LinuxDeviceCgroup{{Allow: b.cfg.Security.Privileged, Access: "rwm"}}, res.Devices, b.in.DeviceRules)
	}
	if b.in.BlockIO != nil {
		block := specs.LinuxBlockIO{}
		if res.BlockIO != nil {
			block = *res.BlockIO
		}
		block.WeightDevice = slices.Concat(block.WeightDevice, b.in.BlockIO.WeightDevice)
		block.ThrottleReadBpsDevice = slices.Concat(block.ThrottleReadBpsDevice, b.in.BlockIO.ThrottleReadBpsDevice)
		block.ThrottleWriteBpsDevice = slices.Concat(block.ThrottleWriteBpsDevice, b.in.BlockIO.ThrottleWriteBpsDevice)
		block.ThrottleReadIOPSDevice = slices.Concat(block.ThrottleReadIOPSDevice, b.in.BlockIO.ThrottleReadIOPSDevice)
		block.ThrottleWriteIOPSDevice = slices.Concat(block.ThrottleWriteIOPSDevice, b.in.BlockIO.ThrottleWriteIOPSDevice)
		res.BlockIO = &block
	}
	if len(b.cfg.Resources.CgroupConf) > 0 {
		if !b.in.CgroupV2 {
			return fmt.Errorf("--cgroup-conf sets files of cgroup v2, and this host has v1: %w", errdefs.ErrInvalidArg)
		}
		unified := maps.Clone(b.cfg.Resources.CgroupConf)
		maps.Copy(unified, res.Unified)
		res.Unified = unified
	}
	if b.in.Settable != nil {
		res = b.in.Settable(res)
	}
	b.spec.Linux.Resources = res
	return nil
}

func (b *builder) pidsLimit() int64 {
	if own := b.cfg.Resources.PidsLimit; own != nil {
		return *own
	}
	if linux := b.cfg.Resources.Linux; linux != nil && linux.Pids != nil {
		return linux.Pids.Limit
	}
	return b.in.PidsLimit
}

// defaultRlimit is what containers get of descriptors and processes where nobody
// said anything: many, as they share one user.
const defaultRlimit = 1048576

// unlimited is RLIM_INFINITY, and how "-1" arrives here.
const unlimited = ^uint64(0)

// rlimits are the container's own, then those of containers.conf, then defaults.
// Defaults are lowered to what podctl may set; what was asked for never is.
func (b *builder) rlimits() error {
	if b.cfg.Resources.RlimitsHost {
		return nil
	}
	limits := map[string]specs.POSIXRlimit{}
	for _, l := range slices.Concat(b.in.Rlimits, b.cfg.Resources.Rlimits) {
		l.Type = rlimitType(l.Type)
		fitted, err := b.fit(l)
		if err != nil {
			return err
		}
		limits[l.Type] = fitted
	}
	for _, kind := range []string{"RLIMIT_NOFILE", "RLIMIT_NPROC"} {
		if _, set := limits[kind]; set {
			continue
		}
		value := uint64(defaultRlimit)
		if maximum, bounded := b.in.MaxRlimits[kind]; bounded {
			value = min(value, maximum)
		}
		limits[kind] = specs.POSIXRlimit{Type: kind, Soft: value, Hard: value}
	}
	for _, kind := range slices.Sorted(maps.Keys(limits)) {
		b.spec.Process.Rlimits = append(b.spec.Process.Rlimits, limits[kind])
	}
	return nil
}

// fit checks a limit somebody asked for. "As much as possible" means what is
// possible here.
func (b *builder) fit(l specs.POSIXRlimit) (specs.POSIXRlimit, error) {
	name := strings.ToLower(strings.TrimPrefix(l.Type, "RLIMIT_"))
	maximum, bounded := b.in.MaxRlimits[l.Type]
	if bounded && l.Hard == unlimited {
		l.Hard = maximum
	}
	if bounded && l.Soft == unlimited {
		l.Soft = maximum
	}
	if l.Soft > l.Hard {
		return l, fmt.Errorf("ulimit %s: soft limit %d is above hard limit %d: %w", name, l.Soft, l.Hard, errdefs.ErrInvalidArg)
	}
	if bounded && l.Hard > maximum {
		return l, fmt.Errorf("ulimit %s=%d is above %d, the most podctl may set here: raise podctl's own limit, ask for less, or use -1 for the most possible: %w",
			name, l.Hard, maximum, errdefs.ErrInvalidArg)
	}
	return l, nil
}

func rlimitType(name string) string {
	name = strings.ToUpper(name)
	if strings.HasPrefix(name, "RLIMIT_") {
		return name
	}
	return "RLIMIT_" + name
}
