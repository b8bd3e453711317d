package bundle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/containers/common/pkg/apparmor"
	"github.com/containers/common/pkg/capabilities"
	"github.com/containers/common/pkg/config"
	"github.com/containers/common/pkg/seccomp"
	"github.com/moby/sys/capability"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// host looks at what podctl itself may pass on.
func (w *writer) host(context.Context) error {
	bounding, err := capabilities.BoundingSet()
	if err != nil {
		return fmt.Errorf("read own capabilities: %w", err)
	}
	w.Spec.BoundingCaps = slices.Clone(bounding)
	w.Spec.MaskedPaths = slices.Clone(config.DefaultMaskedPaths())
	w.Spec.ReadonlyPaths = slices.Clone(config.DefaultReadOnlyPaths)
	most, err := readNumber("/proc/sys/fs/nr_open")
	if err != nil {
		return err
	}
	// No process whatsoever may have more descriptors.
	w.Spec.MaxRlimits, w.Spec.MinOOMScoreAdj = map[string]uint64{"RLIMIT_NOFILE": uint64(most)}, nil
	own, err := capability.NewPid2(0)
	if err == nil {
		err = own.Load()
	}
	if err != nil {
		return fmt.Errorf("read own capabilities: %w", err)
	}
	if !w.Spec.Rootless && own.Get(capability.EFFECTIVE, capability.CAP_SYS_RESOURCE) {
		return nil
	}
	if w.Spec.MaxRlimits, err = hardLimits(); err != nil {
		return err
	}
	// Nothing podctl starts may go below its own.
	least, err := readNumber("/proc/self/oom_score_adj")
	w.Spec.MinOOMScoreAdj = &least
	return err
}

func readNumber(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	number, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", path, err)
	}
	return number, nil
}

// hardLimits are podctl's own, above which nothing it starts may go.
func hardLimits() (map[string]uint64, error) {
	limits := map[string]uint64{}
	for name, number := range map[string]int{
		"RLIMIT_AS": unix.RLIMIT_AS, "RLIMIT_CORE": unix.RLIMIT_CORE, "RLIMIT_CPU": unix.RLIMIT_CPU,
		"RLIMIT_DATA": unix.RLIMIT_DATA, "RLIMIT_FSIZE": unix.RLIMIT_FSIZE, "RLIMIT_LOCKS": unix.RLIMIT_LOCKS,
		"RLIMIT_MEMLOCK": unix.RLIMIT_MEMLOCK, "RLIMIT_MSGQUEUE": unix.RLIMIT_MSGQUEUE, "RLIMIT_NICE": unix.RLIMIT_NICE,
		"RLIMIT_NOFILE": unix.RLIMIT_NOFILE, "RLIMIT_NPROC": unix.RLIMIT_NPROC, "RLIMIT_RSS": unix.RLIMIT_RSS,
		"RLIMIT_RTPRIO": unix.RLIMIT_RTPRIO, "RLIMIT_RTTIME": unix.RLIMIT_RTTIME,
		"RLIMIT_SIGPENDING": unix.RLIMIT_SIGPENDING, "RLIMIT_STACK": unix.RLIMIT_STACK,
	} {
		var limit unix.Rlimit
		if err := unix.Getrlimit(number, &limit); err != nil {
			return nil, fmt.Errorf("read own limit %s: %w", name, err)
		}
		limits[name] = limit.Max
	}
	return limits, nil
}

// confine chooses the seccomp profile, which depends on the capabilities, and
// the AppArmor profile.
func (w *writer) confine(context.Context) error {
	profile, err := w.seccompProfile()
	if err != nil {
		return err
	}
	w.Spec.Seccomp = profile
	w.Spec.AppArmor, err = w.appArmor()
	return err
}

func (w *writer) seccompProfile() (*specs.LinuxSeccomp, error) {
	path := w.cfg.Security.Seccomp
	if path == "unconfined" || path == "" && (w.cfg.Security.Privileged || w.SeccompProfile == "unconfined") {
		return nil, nil
	}
	if !seccomp.IsEnabled() {
		if path != "" {
			return nil, fmt.Errorf("seccomp profile %s: the kernel has no seccomp: %w", path, errdefs.ErrUnsupported)
		}
		return nil, nil
	}
	caps, err := container.Capabilities(w.Container, w.Spec)
	if err != nil {
		return nil, err
	}
	if path != "" || w.SeccompProfile != "" {
		return w.loadSeccomp(path, caps)
	}
	return ownProfiles.get(fmt.Sprint(*caps), func() (*specs.LinuxSeccomp, error) {
		profile, err := w.loadSeccomp(path, caps)
		if profile != nil {
			withoutX32(profile)
			inOrder(profile)
		}
		return profile, err
	})
}

// loadSeccomp makes the profile for a process with these capabilities: nothing else
// of a spec matters to it.
func (w *writer) loadSeccomp(path string, caps *specs.LinuxCapabilities) (*specs.LinuxSeccomp, error) {
	spec := &specs.Spec{Process: &specs.Process{Capabilities: caps}}
	text, path, err := w.seccompText(path)
	if err != nil {
		return nil, err
	}
	var profile *specs.LinuxSeccomp
	if text == nil {
		profile, err = seccomp.GetDefaultProfile(spec)
	} else {
		profile, err = seccomp.LoadProfileFromBytes(text, spec)
	}
	if err != nil {
		return nil, fmt.Errorf("loading seccomp profile (%s) failed: %w: %w", path, err, errdefs.ErrInvalidArg)
	}
	return profile, nil
}

// seccompText reads the profile the container names, or the default one where
// that is a file; nil for the built-in one, which needs no parsing.
func (w *writer) seccompText(given string) (text []byte, path string, err error) {
	if given == "" {
		given = w.SeccompProfile
	}
	if given != "" {
		text, err := os.ReadFile(given)
		if err != nil {
			return nil, given, fmt.Errorf("opening seccomp profile failed: %w: %w", err, errdefs.ErrInvalidArg)
		}
		return text, given, nil
	}
	for _, path := range []string{config.SeccompOverridePath, config.SeccompDefaultPath} {
		text, err := os.ReadFile(path)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return text, path, err
		}
	}
	return nil, "default", nil
}

// checkAppArmor refuses a profile where the host has no AppArmor.
func checkAppArmor(profile string) error {
	if profile != "" && profile != "unconfined" && !apparmor.IsEnabled() {
		return fmt.Errorf("apparmor profile %q specified, but Apparmor is not enabled on this system: %w", profile, errdefs.ErrUnsupported)
	}
	return nil
}

func (w *writer) appArmor() (string, error) {
	given := w.cfg.Security.AppArmor
	if given == "unconfined" || given == "" && w.cfg.Security.Privileged {
		return "", nil
	}
	if err := checkAppArmor(given); err != nil || !apparmor.IsEnabled() {
		return "", err
	}
	if given == "" {
		given = cmp.Or(w.AppArmorProfile, config.DefaultApparmorProfile)
	}
	profile, err := apparmor.CheckProfileAndLoadDefault(given)
	if err != nil {
		return "", fmt.Errorf("AppArmor profile %q: %w", given, err)
	}
	return profile, nil
}
