package cgroupmgr

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	systemdbus "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/podctl/podctl/pkg/errdefs"
)

// infinity is how systemd spells no limit on the bus.
const infinity = uint64(math.MaxUint64)

func property(name string, value any) systemdbus.Property {
	return systemdbus.Property{Name: name, Value: dbus.MakeVariant(value)}
}

// deviceValue is one element of systemd's properties for devices, a(st).
type deviceValue struct {
	Path  string
	Value uint64
}

// limitProperties translates resources to the properties of
// systemd.resource-control(5).
func limitProperties(r *specs.LinuxResources) ([]systemdbus.Property, error) {
	if r == nil {
		return nil, nil
	}
	props, err := cpuProperties(r.CPU)
	if err != nil {
		return nil, err
	}
	memory, err := memoryProperties(r.Memory)
	if err != nil {
		return nil, err
	}
	props = append(props, memory...)
	props = append(props, ioProperties(r.BlockIO)...)
	if r.Pids != nil && r.Pids.Limit != 0 {
		props = append(props, property("TasksMax", orInfinity(r.Pids.Limit)))
	}
	return props, nil
}

func cpuProperties(c *specs.LinuxCPU) (props []systemdbus.Property, err error) {
	if c == nil {
		return nil, nil
	}
	if c.Shares != nil && *c.Shares != 0 {
		props = append(props, property("CPUWeight", cgroups.ConvertCPUSharesToCgroupV2Value(*c.Shares)))
	}
	if quota, period, ok := bandwidth(c); ok {
		if period != defaultPeriod {
			props = append(props, property("CPUQuotaPeriodUSec", period))
		}
		props = append(props, property("CPUQuotaPerSecUSec", quotaPerSecond(quota, period)))
	}
	for _, set := range []struct{ name, list string }{{"AllowedCPUs", c.Cpus}, {"AllowedMemoryNodes", c.Mems}} {
		if set.list == "" {
			continue
		}
		mask, err := bitmask(set.list)
		if err != nil {
			return nil, err
		}
		props = append(props, property(set.name, mask))
	}
	return props, nil
}

// quotaPerSecond scales a quota to one second. systemd rounds down to whole
// percents, so we round up: less than was asked for would be worse.
func quotaPerSecond(quota int64, period uint64) uint64 {
	if quota <= 0 {
		return infinity
	}
	const percent = 10000 // microseconds in a second
	perSecond := uint64(quota) * 1000000 / period
	return (perSecond + percent - 1) / percent * percent
}

func memoryProperties(m *specs.LinuxMemory) (props []systemdbus.Property, _ error) {
	if m == nil {
		return nil, nil
	}
	if m.Limit != nil && *m.Limit != 0 {
		props = append(props, property("MemoryMax", orInfinity(*m.Limit)))
	}
	if m.Swap != nil && *m.Swap != 0 {
		swap, err := swapOnly(m)
		if err != nil {
			return nil, err
		}
		props = append(props, property("MemorySwapMax", orInfinity(swap)))
	}
	return props, nil
}

func ioProperties(b *specs.LinuxBlockIO) (props []systemdbus.Property) {
	if b == nil {
		return nil
	}
	if b.Weight != nil && *b.Weight != 0 {
		props = append(props, property("IOWeight", cgroups.ConvertBlkIOToIOWeightValue(*b.Weight)))
	}
	var weights []deviceValue
	for _, d := range b.WeightDevice {
		if d.Weight != nil {
			weights = append(weights, deviceValue{blockDevice(d.Major, d.Minor), cgroups.ConvertBlkIOToIOWeightValue(*d.Weight)})
		}
	}
	if len(weights) > 0 {
		props = append(props, property("IODeviceWeight", weights))
	}
	var names []string
	rates := map[string][]deviceValue{}
	for _, t := range throttles(b) {
		if rates[t.property] == nil {
			names = append(names, t.property)
		}
		rates[t.property] = append(rates[t.property], deviceValue{blockDevice(t.Major, t.Minor), t.Rate})
	}
	for _, name := range names {
		props = append(props, property(name, rates[name]))
	}
	return props
}

func blockDevice(major, minor int64) string { return fmt.Sprintf("/dev/block/%d:%d", major, minor) }

func orInfinity(n int64) uint64 {
	if n < 0 {
		return infinity
	}
	return uint64(n)
}

// bitmask turns a list such as "0-3,8" into systemd's array of bytes, the
// lowest numbers in the first byte.
func bitmask(list string) ([]byte, error) {
	var mask []byte
	for _, part := range strings.Split(list, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		from, err1 := strconv.ParseUint(low, 10, 16)
		to, err2 := strconv.ParseUint(high, 10, 16)
		if err1 != nil || err2 != nil || from > to {
			return nil, fmt.Errorf("list of CPUs or memory nodes %q: cannot read %q: %w", list, part, errdefs.ErrInvalidArg)
		}
		for n := from; n <= to; n++ {
			for uint64(len(mask)) <= n/8 {
				mask = append(mask, 0)
			}
			mask[n/8] |= 1 << (n % 8)
		}
	}
	if len(mask) == 0 {
		return nil, fmt.Errorf("list of CPUs or memory nodes %q is empty: %w", list, errdefs.ErrInvalidArg)
	}
	return mask, nil
}
