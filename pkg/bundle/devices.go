package bundle

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/containers/common/pkg/parse"
	devconfig "github.com/opencontainers/cgroups/devices/config"
	"github.com/opencontainers/runc/libcontainer/devices"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// devices looks up the devices the container is given. A privileged one gets
// all of the host's.
func (w *writer) devices(context.Context) error {
	wanted := slices.Concat(w.Input.Devices, w.cfg.Security.Devices)
	if w.cfg.Security.Privileged {
		if err := w.allDevices(); err != nil {
			return err
		}
	}
	for _, device := range wanted {
		if isCDI(device) {
			w.cdi = append(w.cdi, device)
			continue
		}
		found, err := lookUpDevice(device)
		if err != nil {
			return err
		}
		w.addDevices(found)
	}
	for _, rule := range w.cfg.Security.DeviceRules {
		parsed, err := parseDeviceRule(rule)
		if err != nil {
			return err
		}
		w.Spec.DeviceRules = append(w.Spec.DeviceRules, parsed)
	}
	return nil
}

// hostDevice is a device as the container will have it, and where the host has it.
type hostDevice struct {
	devconfig.Device
	source string
}

// lookUpDevice finds a device, or those in a directory and below, as
// HOST[:CTR][:rwm] says.
func lookUpDevice(device string) ([]hostDevice, error) {
	source, target, permissions, err := parse.Device(device)
	if err != nil {
		return nil, errdefs.As(errdefs.ErrInvalidArgument, err)
	}
	info, err := os.Stat(source)
	if err != nil {
		return nil, errdefs.As(errdefs.ErrInvalidArgument, err)
	}
	if !info.IsDir() {
		found, err := devices.DeviceFromPath(source, permissions)
		if err != nil {
			return nil, fmt.Errorf("%s is not a valid device: %w: %w", source, err, errdefs.ErrInvalidArg)
		}
		found.Path = target
		return []hostDevice{{*found, source}}, nil
	}
	below, err := devices.GetDevices(source)
	if err != nil {
		return nil, fmt.Errorf("list the devices in %s: %w", source, err)
	}
	if len(below) == 0 {
		return nil, fmt.Errorf("no devices found in %s: %w", source, errdefs.ErrInvalidArg)
	}
	var out []hostDevice
	for _, d := range below {
		found := hostDevice{*d, d.Path}
		found.Path = path.Join(target, strings.TrimPrefix(d.Path, source))
		found.Permissions = devconfig.Permissions(permissions)
		out = append(out, found)
	}
	return out, nil
}

func (w *writer) allDevices() error {
	found, err := lookUpDevice("/dev")
	if err != nil {
		return fmt.Errorf("list the host's devices: %w", err)
	}
	found = slices.DeleteFunc(found, func(d hostDevice) bool {
		// The container has its own terminals, and systemd in it would start
		// a login on each of the host's.
		return d.Path == "/dev/ptmx" || d.Path == "/dev/tty" || w.cfg.SystemdMode() && isVirtualConsole(d.Path)
	})
	w.addDevices(found)
	return nil
}

func isVirtualConsole(path string) bool {
	number, ok := strings.CutPrefix(path, "/dev/tty")
	_, err := strconv.Atoi(number)
	return ok && err == nil
}

// addDevices makes nodes for the devices, or binds the host's where making
// nodes is not allowed.
func (w *writer) addDevices(found []hostDevice) {
	// In a user namespace nobody makes nodes.
	bind := w.Spec.Rootless || len(w.Spec.UIDMappings) > 0
	for _, d := range found {
		if !w.cfg.Security.Privileged && !w.Spec.Rootless { // else all is allowed already, or not for us to say
			major, minor := d.Major, d.Minor
			w.Spec.DeviceRules = append(w.Spec.DeviceRules, specs.LinuxDeviceCgroup{
				Allow: true, Type: string(d.Type), Major: &major, Minor: &minor, Access: string(d.Permissions),
			})
		}
		if bind {
			// The last word on a path counts.
			w.Spec.Files = slices.DeleteFunc(w.Spec.Files, func(o container.Mount) bool { return o.Destination == d.Path })
			w.Spec.Files = append(w.Spec.Files, container.Mount{Source: d.source, Destination: d.Path, Options: []string{"nosuid", "noexec", "rw"}})
			continue
		}
		mode, uid, gid := d.FileMode, d.Uid, d.Gid
		node := specs.LinuxDevice{
			Path: d.Path, Type: string(d.Type), Major: d.Major, Minor: d.Minor, FileMode: &mode, UID: &uid, GID: &gid,
		}
		w.Spec.Devices = slices.DeleteFunc(w.Spec.Devices, func(o specs.LinuxDevice) bool { return o.Path == node.Path })
		w.Spec.Devices = append(w.Spec.Devices, node)
	}
}

// parseDeviceRule reads "TYPE MAJOR:MINOR ACCESS", as in the devices controller
// of cgroup v1.
func parseDeviceRule(rule string) (specs.LinuxDeviceCgroup, error) {
	bad := func() (specs.LinuxDeviceCgroup, error) {
		return specs.LinuxDeviceCgroup{}, errdefs.As(errdefs.ErrInvalidArgument,
			fmt.Errorf("invalid device cgroup rule requires type, major:Minor, and access rules: %q", rule))
	}
	fields := strings.Fields(rule)
	if len(fields) != 3 || !slices.Contains([]string{"a", "b", "c"}, fields[0]) || strings.Trim(fields[2], "rwm") != "" {
		return bad()
	}
	out := specs.LinuxDeviceCgroup{Allow: true, Type: fields[0], Access: fields[2]}
	major, minor, ok := strings.Cut(fields[1], ":")
	if !ok {
		return bad()
	}
	for _, part := range []struct {
		text string
		to   **int64
	}{{major, &out.Major}, {minor, &out.Minor}} {
		if part.text == "*" {
			continue
		}
		n, err := strconv.ParseUint(part.text, 10, 32)
		if err != nil {
			return bad()
		}
		number := int64(n)
		*part.to = &number
	}
	return out, nil
}

func (w *writer) blockIO(context.Context) (err error) {
	w.Spec.BlockIO, err = BlockIO(&w.cfg.Resources)
	return err
}

// BlockIO finds the numbers of the devices whose weight or rate is limited; nil
// if none is. What Linux says about all devices is not looked at. Errors: class
// ErrInvalidArgument for a path that is no device.
func BlockIO(r *container.Resources) (*specs.LinuxBlockIO, error) {
	if len(r.BlkioWeightDevice)+len(r.ReadBPS)+len(r.WriteBPS)+len(r.ReadIOPS)+len(r.WriteIOPS) == 0 {
		return nil, nil
	}
	block := &specs.LinuxBlockIO{}
	for _, given := range r.BlkioWeightDevice {
		path, text, _ := strings.Cut(given, ":")
		weight, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("invalid weight for device: %s: %w", given, errdefs.ErrInvalidArg)
		}
		major, minor, err := blockNumbers(path)
		if err != nil {
			return nil, err
		}
		w16 := uint16(weight)
		device := specs.LinuxWeightDevice{Weight: &w16}
		device.Major, device.Minor = major, minor
		block.WeightDevice = append(block.WeightDevice, device)
	}
	for _, limit := range []struct {
		given []container.Throttle
		to    *[]specs.LinuxThrottleDevice
	}{
		{r.ReadBPS, &block.ThrottleReadBpsDevice}, {r.WriteBPS, &block.ThrottleWriteBpsDevice},
		{r.ReadIOPS, &block.ThrottleReadIOPSDevice}, {r.WriteIOPS, &block.ThrottleWriteIOPSDevice},
	} {
		for _, t := range limit.given {
			major, minor, err := blockNumbers(t.Path)
			if err != nil {
				return nil, err
			}
			device := specs.LinuxThrottleDevice{Rate: t.Rate}
			device.Major, device.Minor = major, minor
			*limit.to = append(*limit.to, device)
		}
	}
	return block, nil
}

// blockNumbers are the numbers of the device at path. Whether a block device has
// them is for the kernel to say, which may load a driver for one: people, and
// podman's tests, write /dev/zero for the fifth RAM disk.
func blockNumbers(path string) (major, minor int64, err error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, 0, fmt.Errorf("could not parse throttle device at %s: %w: %w", path, err, errdefs.ErrInvalidArg)
	}
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFBLK && kind != unix.S_IFCHR {
		return 0, 0, fmt.Errorf("%s is not a device, and only those have rates and weights: %w", path, errdefs.ErrInvalidArg)
	}
	return int64(unix.Major(st.Rdev)), int64(unix.Minor(st.Rdev)), nil
}
