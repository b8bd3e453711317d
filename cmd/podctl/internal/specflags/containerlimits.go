package specflags

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/go-units"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/spf13/pflag"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/container"
)

// containerLimitFlags are all resource flags of a container.
type containerLimitFlags struct {
	limitFlags
	cpuPeriod, cpuRTPeriod uint64
	cpuQuota, cpuRTRuntime int64
	reservation            string
	swappiness             int64
	readIOPS, writeIOPS    []string
	pidsLimit              int64
	rdtClass               string
	oomKillDisable         bool
	oomScoreAdj            int
	ulimits                ulimitFlag
	cgroupMode             string
	cgroupConf             []string
}

func (f *containerLimitFlags) bind(fs *pflag.FlagSet) {
	f.limitFlags.bind(fs)
	f.bindNumbers(fs)
	fs.StringVar(&f.rdtClass, "rdt-class", "", "Resource director technology `class`")
	fs.BoolVar(&f.oomKillDisable, "oom-kill-disable", false, "Disable the OOM killer")
	fs.IntVar(&f.oomScoreAdj, "oom-score-adj", 0, "OOM `score` adjustment, -1000 to 1000")
	fs.StringVar(&f.cgroupMode, "cgroups", "enabled", "Cgroup `mode`: enabled, disabled, no-conmon or split")
	fs.StringSliceVar(&f.cgroupConf, "cgroup-conf", nil, "Write a cgroup v2 file: `NAME=VALUE`")
}

// bindChangeable defines only what can be changed later.
func (f *containerLimitFlags) bindChangeable(fs *pflag.FlagSet) {
	f.bindLimits(fs)
	f.bindNumbers(fs)
}

func (f *containerLimitFlags) bindNumbers(fs *pflag.FlagSet) {
	f.ulimits.bind(fs)
	fs.Uint64Var(&f.cpuPeriod, "cpu-period", 0, "CPU quota period in `microseconds`")
	fs.Int64Var(&f.cpuQuota, "cpu-quota", 0, "CPU quota in `microseconds`")
	fs.Uint64Var(&f.cpuRTPeriod, "cpu-rt-period", 0, "Real-time period in `microseconds`")
	fs.Int64Var(&f.cpuRTRuntime, "cpu-rt-runtime", 0, "Real-time runtime in `microseconds`")
	fs.StringVar(&f.reservation, "memory-reservation", "", "Soft memory `limit`")
	fs.Int64Var(&f.swappiness, "memory-swappiness", -1, "`Swappiness`, -1 to 100")
	fs.StringArrayVar(&f.readIOPS, "device-read-iops", nil, "Limit reading, `DEVICE:OPERATIONS` a second")
	fs.StringArrayVar(&f.writeIOPS, "device-write-iops", nil, "Limit writing, `DEVICE:OPERATIONS` a second")
	fs.Int64Var(&f.pidsLimit, "pids-limit", 2048, "`Processes` allowed, -1 for no limit")
}

func (f *containerLimitFlags) apply(r *container.Resources, env Env) error {
	if f.has("cpus") && f.has("cpu-period") {
		return errors.New("--cpu-period and --cpus cannot be set together")
	}
	if f.has("cpus") && f.has("cpu-quota") {
		return errors.New("--cpu-quota and --cpus cannot be set together")
	}
	if err := f.limitFlags.apply(r, env); err != nil {
		return err
	}
	linux := linuxOf(r)
	f.applyCPUNumbers(linux)
	if err := f.applyMemoryNumbers(linux); err != nil {
		return err
	}
	keepLinux(r, linux)
	if err := addThrottles(&r.ReadIOPS, f.readIOPS, parseOperationRate); err != nil {
		return err
	}
	if err := addThrottles(&r.WriteIOPS, f.writeIOPS, parseOperationRate); err != nil {
		return err
	}
	if f.has("pids-limit") {
		r.PidsLimit = &f.pidsLimit
	}
	if f.has("oom-score-adj") {
		r.OOMScoreAdj = &f.oomScoreAdj
	}
	setString(&r.RdtClass, f.rdtClass)
	if err := f.ulimits.apply(r); err != nil {
		return err
	}
	return f.applyCgroup(r)
}

func (f *containerLimitFlags) applyCPUNumbers(linux *specs.LinuxResources) {
	cpu := cpuOf(linux)
	if f.cpuPeriod != 0 {
		cpu.Period = &f.cpuPeriod
	}
	if f.cpuQuota != 0 {
		cpu.Quota = &f.cpuQuota
	}
	if f.cpuRTPeriod != 0 {
		cpu.RealtimePeriod = &f.cpuRTPeriod
	}
	if f.cpuRTRuntime != 0 {
		cpu.RealtimeRuntime = &f.cpuRTRuntime
	}
	keepCPU(linux, cpu)
}

func (f *containerLimitFlags) applyMemoryNumbers(linux *specs.LinuxResources) error {
	memory := memoryOf(linux)
	reservation, err := cmdutil.ParseSize("memory-reservation", f.reservation)
	if err != nil {
		return err
	}
	if reservation > 0 {
		memory.Reservation = &reservation
		if memory.Limit != nil && *memory.Limit < reservation {
			return errors.New("minimum memory limit cannot be less than memory reservation limit, see usage")
		}
	}
	if f.swappiness < -1 || f.swappiness > 100 {
		return fmt.Errorf("invalid value: %d, valid memory swappiness range is 0-100", f.swappiness)
	}
	if f.swappiness >= 0 && f.has("memory-swappiness") {
		swappiness := uint64(f.swappiness)
		memory.Swappiness = &swappiness
	}
	if f.oomKillDisable {
		memory.DisableOOMKiller = &f.oomKillDisable
	}
	keepMemory(linux, memory)
	return nil
}

func (f *containerLimitFlags) applyCgroup(r *container.Resources) error {
	if f.has("cgroups") {
		r.CgroupMode = f.cgroupMode
	}
	if !f.has("cgroups", "cgroup-parent", "cgroup-conf") {
		return nil
	}
	switch r.CgroupMode {
	case "", "enabled", "no-conmon":
	case "disabled":
		if r.CgroupParent != "" {
			return fmt.Errorf("cannot set cgroup parent if not creating cgroups: %w", errInvalid)
		}
	case "split":
		if r.CgroupParent != "" {
			return fmt.Errorf("cannot specify --cgroup-mode=split with a cgroup-parent: %w", errInvalid)
		}
	default:
		return fmt.Errorf("running container create option: invalid cgroup mode %q: %w", r.CgroupMode, errInvalid)
	}
	files := map[string]string{}
	for _, text := range f.cgroupConf {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return errors.New("--cgroup-conf must be formatted KEY=VALUE")
		}
		files[name] = value
	}
	mergeInto(&r.CgroupConf, files)
	return nil
}

// ulimitFlag is --ulimit.
type ulimitFlag struct{ values []string }

func (f *ulimitFlag) bind(fs *pflag.FlagSet) {
	fs.StringSliceVar(&f.values, "ulimit", nil, "Process limit `NAME=SOFT[:HARD]`, -1 for the maximum, or host")
}

func (f *ulimitFlag) apply(r *container.Resources) error {
	for _, text := range f.values {
		if text == "host" {
			if len(f.values) != 1 {
				return errors.New("ulimit can use host only once")
			}
			r.RlimitsHost = true
			continue
		}
		limit, err := units.ParseUlimit(text)
		if err != nil {
			return fmt.Errorf("ulimit option %q requires name=SOFT:HARD, failed to be parsed: %w", text, err)
		}
		kind := "RLIMIT_" + strings.ToUpper(limit.Name)
		r.Rlimits = slices.DeleteFunc(r.Rlimits, func(old specs.POSIXRlimit) bool { return old.Type == kind })
		// -1 becomes the kernel's RLIM_INFINITY.
		r.Rlimits = append(r.Rlimits, specs.POSIXRlimit{
			Type: kind,
			Hard: uint64(limit.Hard),
			Soft: uint64(limit.Soft),
		})
	}
	return nil
}
