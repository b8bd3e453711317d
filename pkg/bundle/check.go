package bundle

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/containers/common/pkg/capabilities"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// Check says of what a container asks for whether the host has it now: so that
// its creation is refused and not only its start. Errors: class
// ErrInvalidArgument for capabilities, devices and rules for them, time zones and
// files that are not there, ErrUnsupported for an AppArmor profile without
// AppArmor. CDI devices are looked up when the container starts.
func Check(c *container.Config) error {
	if err := checkAppArmor(c.Security.AppArmor); err != nil {
		return err
	}
	for _, check := range []func(*container.Config) error{checkSecurity, checkFiles} {
		if err := check(c); err != nil {
			return errdefs.As(errdefs.ErrInvalidArgument, err)
		}
	}
	return nil
}

func checkSecurity(c *container.Config) error {
	sec := &c.Security
	if _, err := capabilities.MergeCapabilities(nil, slices.Clone(sec.CapAdd), slices.Clone(sec.CapDrop)); err != nil {
		return err
	}
	if p := sec.Seccomp; p != "" && p != "unconfined" {
		if _, err := os.Stat(p); err != nil {
			return fmt.Errorf("opening seccomp profile failed: %w", err)
		}
	}
	for _, device := range sec.Devices {
		if isCDI(device) {
			continue // looked up when its specification is applied
		}
		if _, err := lookUpDevice(device); err != nil {
			return err
		}
	}
	for _, rule := range sec.DeviceRules {
		if _, err := parseDeviceRule(rule); err != nil {
			return err
		}
	}
	return nil
}

func checkFiles(c *container.Config) error {
	if c.Timezone != "" && c.Timezone != "local" {
		if _, err := time.LoadLocation(c.Timezone); err != nil {
			return fmt.Errorf("running container create option: finding timezone: %w", err)
		}
	}
	if c.Rootfs != "" {
		if _, err := os.Stat(c.Rootfs); err != nil {
			return fmt.Errorf("running container create option: %w", err)
		}
	}
	if c.Init && c.InitPath != "" {
		if _, err := os.Stat(c.InitPath); err != nil {
			return fmt.Errorf("container-init binary not found on the host: %w", err)
		}
	}
	if h := c.Health; h != nil && h.LogDest != "" && h.LogDest != "local" && h.LogDest != "events_logger" {
		info, err := os.Stat(h.LogDest)
		if err != nil {
			return fmt.Errorf("running container create option: HealthCheck Log '%s' destination error: %w", h.LogDest, err)
		}
		if !info.IsDir() {
			return fmt.Errorf("running container create option: HealthCheck Log '%s' destination must be directory", h.LogDest)
		}
	}
	for _, m := range c.Storage.Mounts {
		if m.Type != "glob" {
			continue
		}
		if _, err := globbed(m.Source); err != nil {
			return err
		}
	}
	return nil
}
