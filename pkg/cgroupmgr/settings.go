package cgroupmgr

import (
	"fmt"
	"strconv"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/podctl/podctl/pkg/errdefs"
)

// defaultPeriod is the kernel's CPU bandwidth period in microseconds.
const defaultPeriod = 100000

// The functions below translate resources for one controller. Zero and nil
// mean "not set"; the files are described in the kernel's
// admin-guide/cgroup-v1 and admin-guide/cgroup-v2.rst.

func cpuV1(r *specs.LinuxResources) (s []setting, _ error) {
	c := r.CPU
	if c == nil {
		return nil, nil
	}
	if c.Shares != nil && *c.Shares != 0 {
		s = append(s, setting{file: "cpu.shares", value: utoa(*c.Shares)})
	}
	if c.Period != nil && *c.Period != 0 {
		s = append(s, setting{file: "cpu.cfs_period_us", value: utoa(*c.Period)})
	}
	if c.Quota != nil && *c.Quota != 0 {
		s = append(s, setting{file: "cpu.cfs_quota_us", value: itoa(max(*c.Quota, -1))})
	}
	return s, nil
}

func cpuV2(r *specs.LinuxResources) (s []setting, _ error) {
	c := r.CPU
	if c == nil {
		return nil, nil
	}
	if c.Shares != nil && *c.Shares != 0 {
		s = append(s, setting{file: "cpu.weight", value: utoa(cgroups.ConvertCPUSharesToCgroupV2Value(*c.Shares))})
	}
	quota, period, ok := bandwidth(c)
	if ok {
		value := "max"
		if quota > 0 {
			value = itoa(quota)
		}
		s = append(s, setting{file: "cpu.max", value: value + " " + utoa(period)})
	}
	return s, nil
}

// bandwidth returns quota and period in microseconds, with the kernel's period
// if none is given; ok says that there is something to set.
func bandwidth(c *specs.LinuxCPU) (quota int64, period uint64, ok bool) {
	period = defaultPeriod
	if c.Period != nil && *c.Period != 0 {
		period, ok = *c.Period, true
	}
	if c.Quota != nil && *c.Quota != 0 {
		quota, ok = *c.Quota, true
	}
	return quota, period, ok
}

func cpusetBoth(r *specs.LinuxResources) (s []setting, _ error) {
	if r.CPU == nil {
		return nil, nil
	}
	if r.CPU.Cpus != "" {
		s = append(s, setting{file: "cpuset.cpus", value: r.CPU.Cpus})
	}
	if r.CPU.Mems != "" {
		s = append(s, setting{file: "cpuset.mems", value: r.CPU.Mems})
	}
	return s, nil
}

func memoryV1(r *specs.LinuxResources) (s []setting, _ error) {
	m := r.Memory
	if m == nil {
		return nil, nil
	}
	if m.Limit != nil && *m.Limit != 0 {
		s = append(s, setting{file: "memory.limit_in_bytes", value: itoa(max(*m.Limit, -1))})
	}
	if m.Swap != nil && *m.Swap != 0 {
		if _, err := swapOnly(m); err != nil {
			return nil, err
		}
		s = append(s, setting{file: "memory.memsw.limit_in_bytes", value: itoa(max(*m.Swap, -1))})
	}
	return s, nil
}

func memoryV2(r *specs.LinuxResources) (s []setting, _ error) {
	m := r.Memory
	if m == nil {
		return nil, nil
	}
	if m.Limit != nil && *m.Limit != 0 {
		s = append(s, setting{file: "memory.max", value: orMax(*m.Limit)})
	}
	if m.Swap != nil && *m.Swap != 0 {
		swap, err := swapOnly(m)
		if err != nil {
			return nil, err
		}
		s = append(s, setting{file: "memory.swap.max", value: orMax(swap)})
	}
	return s, nil
}

// swapOnly takes the memory from a limit of memory and swap together, which is
// what --memory-swap and version 1 mean; version 2 limits swap alone. It is
// -1 for no limit.
func swapOnly(m *specs.LinuxMemory) (int64, error) {
	if *m.Swap < 0 {
		return -1, nil
	}
	switch {
	case m.Limit == nil || *m.Limit == 0:
		return 0, fmt.Errorf("a limit of memory and swap needs one of memory: %w", errdefs.ErrInvalidArg)
	case *m.Limit < 0:
		return 0, fmt.Errorf("swap is limited and memory is not: %w", errdefs.ErrInvalidArg)
	case *m.Swap < *m.Limit:
		return 0, fmt.Errorf("memory and swap together (%d) are less than memory (%d): %w", *m.Swap, *m.Limit, errdefs.ErrInvalidArg)
	}
	return *m.Swap - *m.Limit, nil
}

func pidsBoth(r *specs.LinuxResources) ([]setting, error) {
	if r.Pids == nil || r.Pids.Limit == 0 {
		return nil, nil
	}
	return []setting{{file: "pids.max", value: orMax(r.Pids.Limit)}}, nil
}

func blkioV1(r *specs.LinuxResources) (s []setting, _ error) {
	b := r.BlockIO
	if b == nil {
		return nil, nil
	}
	// The file without "bfq" is that of the CFQ scheduler, gone since Linux 5.0.
	if b.Weight != nil && *b.Weight != 0 {
		s = append(s, either("blkio.bfq.weight", "blkio.weight", utoa(uint64(*b.Weight))))
	}
	for _, d := range b.WeightDevice {
		if d.Weight != nil {
			s = append(s, either("blkio.bfq.weight_device", "blkio.weight_device", fmt.Sprintf("%d:%d %d", d.Major, d.Minor, *d.Weight)))
		}
	}
	for _, t := range throttles(b) {
		s = append(s, setting{file: "blkio.throttle." + t.fileV1, value: fmt.Sprintf("%d:%d %d", t.Major, t.Minor, t.Rate)})
	}
	return s, nil
}

func ioV2(r *specs.LinuxResources) (s []setting, _ error) {
	b := r.BlockIO
	if b == nil {
		return nil, nil
	}
	if b.Weight != nil && *b.Weight != 0 {
		s = append(s, setting{file: "io.bfq.weight", value: utoa(uint64(*b.Weight)),
			instead: &setting{file: "io.weight", value: "default " + utoa(cgroups.ConvertBlkIOToIOWeightValue(*b.Weight))}})
	}
	for _, d := range b.WeightDevice {
		if d.Weight != nil {
			dev := fmt.Sprintf("%d:%d ", d.Major, d.Minor)
			s = append(s, setting{file: "io.bfq.weight", value: dev + utoa(uint64(*d.Weight)),
				instead: &setting{file: "io.weight", value: dev + utoa(cgroups.ConvertBlkIOToIOWeightValue(*d.Weight))}})
		}
	}
	for _, t := range throttles(b) {
		s = append(s, setting{file: "io.max", value: fmt.Sprintf("%d:%d %s=%d", t.Major, t.Minor, t.keyV2, t.Rate)})
	}
	return s, nil
}

// throttle is a rate with its names in both versions and in systemd.
type throttle struct {
	specs.LinuxThrottleDevice
	fileV1, keyV2, property string
}

func throttles(b *specs.LinuxBlockIO) (all []throttle) {
	add := func(devices []specs.LinuxThrottleDevice, fileV1, keyV2, property string) {
		for _, d := range devices {
			all = append(all, throttle{d, fileV1, keyV2, property})
		}
	}
	add(b.ThrottleReadBpsDevice, "read_bps_device", "rbps", "IOReadBandwidthMax")
	add(b.ThrottleWriteBpsDevice, "write_bps_device", "wbps", "IOWriteBandwidthMax")
	add(b.ThrottleReadIOPSDevice, "read_iops_device", "riops", "IOReadIOPSMax")
	add(b.ThrottleWriteIOPSDevice, "write_iops_device", "wiops", "IOWriteIOPSMax")
	return all
}

func either(file, older, value string) setting {
	return setting{file: file, value: value, instead: &setting{file: older, value: value}}
}

// orMax spells no limit as version 2 and the pids controller do.
func orMax(n int64) string {
	if n < 0 {
		return "max"
	}
	return itoa(n)
}

func itoa(n int64) string  { return strconv.FormatInt(n, 10) }
func utoa(n uint64) string { return strconv.FormatUint(n, 10) }
