package bundle

import (
	"fmt"
	"os"

	"github.com/containers/common/pkg/capabilities"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// Check says of what a container asks for whether the host has it now: so that
// its creation is refused and not only its start. Errors: class
// ErrInvalidArgument for capabilities, seccomp profiles and devices that are not
// there, ErrUnsupported for an AppArmor profile without AppArmor. CDI devices are looked up when the container starts.
func Check(sec *container.Security) error {
	for _, names := range [][]string{sec.CapAdd, sec.CapDrop} {
		if _, err := capabilities.NormalizeCapabilities(names); err != nil {
			return fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArg)
		}
	}
	if p := sec.Seccomp; p != "" && p != "unconfined" {
		if _, err := os.Stat(p); err != nil {
			return fmt.Errorf("opening seccomp profile failed: %w: %w", err, errdefs.ErrInvalidArg)
		}
	}
	if err := checkAppArmor(sec.AppArmor); err != nil {
		return err
	}
	for _, device := range sec.Devices {
		if isCDI(device) {
			continue // looked up when its specification is applied
		}
		if _, err := lookUpDevice(device); err != nil {
			return err
		}
	}
	return nil
}
