package specflags

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/spf13/pflag"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/container"
)

// cpuPeriod is the period of a --cpus quota in microseconds.
const cpuPeriod = 100000

// limitFlags are the limits that containers and pods have in common.
type limitFlags struct {
	given
	cpus               float64
	cpuShares          uint64
	cpusetCPUs         string
	cpusetMems         string
	memory, memorySwap string
	blkioWeight        string
	blkioWeightDevice  []string
	readBPS, writeBPS  []string
	cgroupParent       string
	truncateCPUs       bool // a pod's --cpuset-cpus is cut to the CPUs there are
}

func (f *limitFlags) bind(fs *pflag.FlagSet) {
	f.bindLimits(fs)
	fs.StringVar(&f.cgroupParent, "cgroup-parent", "", "`Parent` of the cgroup")
}

// bindLimits defines what can be changed later.
func (f *limitFlags) bindLimits(fs *pflag.FlagSet) {
	f.fs = fs
	fs.Float64Var(&f.cpus, "cpus", 0, "`Number` of CPUs, 0 for no limit")
	fs.Uint64VarP(&f.cpuShares, "cpu-shares", "c", 0, "CPU `shares`, a relative weight")
	fs.StringVar(&f.cpusetCPUs, "cpuset-cpus", "", "`CPUs` to run on: 0-3 or 0,1")
	fs.StringVar(&f.cpusetMems, "cpuset-mems", "", "NUMA memory `nodes` to use: 0-3 or 0,1")
	fs.StringVarP(&f.memory, "memory", "m", "", "Memory `limit`: number and b, k, m or g")
	fs.StringVar(&f.memorySwap, "memory-swap", "", "`Limit` of memory and swap together, -1 for none")
	fs.StringVar(&f.blkioWeight, "blkio-weight", "", "Block I/O `weight`, 10 to 1000")
	fs.StringArrayVar(&f.blkioWeightDevice, "blkio-weight-device", nil, "Block I/O weight of a `DEVICE:WEIGHT`")
	fs.StringArrayVar(&f.readBPS, "device-read-bps", nil, "Limit reading, `DEVICE:BYTES` a second")
	fs.StringArrayVar(&f.writeBPS, "device-write-bps", nil, "Limit writing, `DEVICE:BYTES` a second")
}

// apply fills in limits, in place. What *r has of others stays.
func (f *limitFlags) apply(r *container.Resources, env Env) error {
	linux := linuxOf(r)
	if err := f.applyCPU(linux, env); err != nil {
		return err
	}
	if err := f.applyMemory(linux); err != nil {
		return err
	}
	if err := f.applyBlockIO(r, linux); err != nil {
		return err
	}
	if f.cpus > 0 {
		r.CPUs = f.cpus
	}
	setString(&r.CgroupParent, f.cgroupParent)
	keepLinux(r, linux)
	return nil
}

func (f *limitFlags) applyCPU(linux *specs.LinuxResources, env Env) error {
	if math.IsNaN(f.cpus) || math.IsInf(f.cpus, 0) {
		return fmt.Errorf("invalid value for cpus: %v is not a number of CPUs", f.cpus)
	}
	cpu := cpuOf(linux)
	if f.cpus > 0 {
		period, quota := uint64(cpuPeriod), int64(f.cpus*cpuPeriod)
		cpu.Period, cpu.Quota = &period, &quota
	}
	if f.cpuShares > 0 {
		cpu.Shares = &f.cpuShares
	}
	if f.cpusetCPUs != "" {
		cores, err := parseCores(f.cpusetCPUs)
		if err != nil {
			return err
		}
		cpu.Cpus = f.cpusetCPUs
		if f.truncateCPUs {
			cpu.Cpus = truncateCores(f.cpusetCPUs, cores, f.cpus, env.CPUs)
		}
	}
	if f.cpusetMems != "" {
		if _, err := parseCores(f.cpusetMems); err != nil {
			return err
		}
		cpu.Mems = f.cpusetMems
	}
	keepCPU(linux, cpu)
	return nil
}

func (f *limitFlags) applyMemory(linux *specs.LinuxResources) error {
	limit, err := cmdutil.ParseSize("memory", f.memory)
	if err != nil {
		return err
	}
	memory := memoryOf(linux)
	if limit > 0 {
		memory.Limit = &limit
	}
	if err := f.applySwap(memory, limit); err != nil {
		return err
	}
	keepMemory(linux, memory)
	return nil
}

// applySwap sets the limit of memory and swap together, which means nothing
// without one of memory.
func (f *limitFlags) applySwap(memory *specs.LinuxMemory, limit int64) error {
	swap := int64(-1)
	switch {
	case f.memorySwap == "" && limit > 0 && limit <= math.MaxInt64/2:
		swap = 2 * limit
	case f.memorySwap == "":
		return nil
	case f.memorySwap != "-1":
		var err error
		if swap, err = cmdutil.ParseSize("memory-swap", f.memorySwap); err != nil {
			return err
		}
		if memory.Limit != nil && swap < *memory.Limit {
			return errors.New("minimum memoryswap limit should be larger than memory limit, see usage")
		}
	}
	if memory.Limit == nil {
		return errors.New("you should always set a memory limit when using a memoryswap limit, see usage")
	}
	memory.Swap = &swap
	return nil
}

func (f *limitFlags) applyBlockIO(r *container.Resources, linux *specs.LinuxResources) error {
	if f.blkioWeight != "" {
		weight, err := parseWeight(f.blkioWeight)
		if err != nil {
			return fmt.Errorf("invalid value for blkio-weight: %w", err)
		}
		if linux.BlockIO == nil {
			linux.BlockIO = &specs.LinuxBlockIO{}
		}
		linux.BlockIO.Weight = &weight
	}
	for _, text := range f.blkioWeightDevice {
		if err := checkWeightDevice(text); err != nil {
			return err
		}
		device, _, _ := strings.Cut(text, ":")
		r.BlkioWeightDevice = slices.DeleteFunc(r.BlkioWeightDevice, func(old string) bool { return strings.HasPrefix(old, device+":") })
		r.BlkioWeightDevice = append(r.BlkioWeightDevice, text)
	}
	if err := addThrottles(&r.ReadBPS, f.readBPS, parseByteRate); err != nil {
		return err
	}
	return addThrottles(&r.WriteBPS, f.writeBPS, parseByteRate)
}

const minWeight, maxWeight = 10, 1000

func parseWeight(text string) (uint16, error) {
	weight, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, err
	}
	if weight < minWeight || weight > maxWeight {
		return 0, fmt.Errorf("%d is not between %d and %d", weight, minWeight, maxWeight)
	}
	return uint16(weight), nil
}

// linuxOf and the three below return what there is or something empty to fill
// in; their keep counterparts drop what stayed empty.

func linuxOf(r *container.Resources) *specs.LinuxResources {
	if r.Linux != nil {
		return r.Linux
	}
	return &specs.LinuxResources{}
}

func keepLinux(r *container.Resources, linux *specs.LinuxResources) {
	if linux.CPU != nil || linux.Memory != nil || linux.BlockIO != nil {
		r.Linux = linux
	}
}

func cpuOf(linux *specs.LinuxResources) *specs.LinuxCPU {
	if linux.CPU != nil {
		return linux.CPU
	}
	return &specs.LinuxCPU{}
}

func keepCPU(linux *specs.LinuxResources, cpu *specs.LinuxCPU) {
	if *cpu != (specs.LinuxCPU{}) {
		linux.CPU = cpu
	}
}

func memoryOf(linux *specs.LinuxResources) *specs.LinuxMemory {
	if linux.Memory != nil {
		return linux.Memory
	}
	return &specs.LinuxMemory{}
}

func keepMemory(linux *specs.LinuxResources, memory *specs.LinuxMemory) {
	if *memory != (specs.LinuxMemory{}) {
		linux.Memory = memory
	}
}
