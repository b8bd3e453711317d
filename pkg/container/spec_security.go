package container

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/containers/common/pkg/capabilities"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Capabilities are what the container's process gets. Root has the whole set; any
// other user only what was asked for by name, and that as ambient capabilities,
// as nothing else survives execve(2) without file capabilities. The default
// seccomp profile depends on the bounding set, so it is made after this.
func Capabilities(c *Container, in SpecInput) (*specs.LinuxCapabilities, error) {
	sec := c.Config.Security
	bounding := in.BoundingCaps
	if !sec.Privileged {
		merged, err := mergeCaps(in.DefaultCaps, sec.CapAdd, sec.CapDrop, in.BoundingCaps)
		if err != nil {
			return nil, fmt.Errorf("invalid capabilities: %w: %w", err, errdefs.ErrInvalidArg)
		}
		bounding = merged
	}
	if in.User.UID == 0 {
		return &specs.LinuxCapabilities{Bounding: bounding, Effective: bounding, Permitted: bounding}, nil
	}
	own, err := mergeCaps(nil, sec.CapAdd, nil, in.BoundingCaps)
	if err != nil {
		return nil, fmt.Errorf("invalid capabilities: %w: %w", err, errdefs.ErrInvalidArg)
	}
	own = slices.DeleteFunc(own, func(name string) bool { return !slices.Contains(bounding, name) })
	return &specs.LinuxCapabilities{
		Bounding: bounding, Effective: own, Permitted: own, Inheritable: own, Ambient: own,
	}, nil
}

// mergeCaps adds to and drops from base; "ALL" added stands for all of bounding.
func mergeCaps(base, add, drop, bounding []string) ([]string, error) {
	isAll := func(name string) bool { return strings.EqualFold(name, capabilities.All) }
	if slices.ContainsFunc(add, isAll) && !slices.ContainsFunc(drop, isAll) {
		base, add = bounding, nil
	}
	// The library sorts what it is given in place.
	return capabilities.MergeCapabilities(slices.Clone(base), slices.Clone(add), slices.Clone(drop))
}

func (b *builder) security() error {
	caps, err := Capabilities(b.c, b.in)
	if err != nil {
		return err
	}
	b.spec.Process.Capabilities = caps
	b.spec.Linux.MountLabel = b.in.MountLabel
	b.spec.Linux.Seccomp = b.in.Seccomp
	b.spec.Linux.Devices = b.in.Devices
	return b.maskedPaths()
}

// maskedPaths hides what containers must not see of the host. A privileged
// container sees all; what it hides itself stays hidden.
func (b *builder) maskedPaths() error {
	sec := b.cfg.Security
	masked, readonly := b.in.MaskedPaths, b.in.ReadonlyPaths
	if sec.Privileged {
		masked, readonly = nil, nil
	}
	unmask := splitColons(sec.Unmask)
	if slices.ContainsFunc(unmask, func(p string) bool { return strings.EqualFold(p, "all") }) {
		masked, readonly = nil, nil
	}
	for _, pattern := range unmask {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("unmask %q: %w: %w", pattern, err, errdefs.ErrInvalidArg)
		}
	}
	unmasked := func(p string) bool {
		return slices.ContainsFunc(unmask, func(pattern string) bool {
			ok, _ := path.Match(pattern, p) // patterns were checked above
			return ok
		})
	}
	b.spec.Linux.MaskedPaths = slices.DeleteFunc(slices.Clone(masked), unmasked)
	b.spec.Linux.ReadonlyPaths = slices.DeleteFunc(slices.Clone(readonly), unmasked)
	for _, p := range splitColons(sec.Mask) {
		if !slices.Contains(b.spec.Linux.MaskedPaths, p) {
			b.spec.Linux.MaskedPaths = append(b.spec.Linux.MaskedPaths, p)
		}
	}
	return nil
}

// splitColons flattens lists of "a:b".
func splitColons(lists []string) (out []string) {
	for _, list := range lists {
		for p := range strings.SplitSeq(list, ":") {
			if p != "" {
				out = append(out, p)
			}
		}
	}
	return out
}
