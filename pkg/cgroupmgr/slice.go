package cgroupmgr

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/podctl/podctl/pkg/errdefs"
)

const sliceSuffix = ".slice"

// checkSlice applies the rules for a cgroup parent under systemd.
func checkSlice(name string) error {
	if !strings.HasSuffix(name, sliceSuffix) {
		return fmt.Errorf("did not receive systemd slice as cgroup parent when using systemd to manage cgroups: %w", errdefs.ErrInvalidArg)
	}
	return nil
}

// slicePart is what stands between the dashes of a slice's name.
var slicePart = regexp.MustCompile(`^[A-Za-z0-9:_.\\]+$`)

// maxSlice leaves room for the name of a pod in that of a unit, 255 bytes.
const maxSlice = 255 - len("-podctl_pod_") - 64

// nameable tells whether systemd would take the name of a slice. One that it does
// not take it refuses, or (252) starts without a cgroup and a word.
func nameable(slice string) bool {
	if slice == "-.slice" {
		return true
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(slice, sliceSuffix), "-") {
		if !slicePart.MatchString(part) {
			return false
		}
	}
	return true
}

// checkParentSlice applies the rules for one that a user names.
func checkParentSlice(parent string) error {
	if err := checkSlice(parent); err != nil {
		return err
	}
	if name := path.Base(parent); !nameable(name) || len(name) > maxSlice {
		return fmt.Errorf("cgroup parent %q is no name of a slice: use letters, digits, any of \":_.\\\" and single dashes between them, at most %d bytes: %w", parent, maxSlice, errdefs.ErrInvalidArg)
	}
	return nil
}

// childSlice names a slice below parent: a dash in the name of a slice means
// "in", see systemd.slice(5).
func childSlice(parent, name string) string {
	if parent == "-.slice" {
		return name + sliceSuffix
	}
	return strings.TrimSuffix(parent, sliceSuffix) + "-" + name + sliceSuffix
}

// parentSlice returns the slice a slice is in.
func parentSlice(slice string) string {
	name := strings.TrimSuffix(slice, sliceSuffix)
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		return name[:i] + sliceSuffix
	}
	return "-.slice"
}

// expandSlice returns the path of a slice's cgroup: a-b.slice is in
// a.slice/a-b.slice. The root slice has none of its own.
func expandSlice(slice string) string {
	if slice == "-.slice" {
		return ""
	}
	name := strings.TrimSuffix(slice, sliceSuffix)
	var p string
	for i := 0; i < len(name); i++ {
		if name[i] == '-' && i > 0 {
			p = path.Join(p, name[:i]+sliceSuffix)
		}
	}
	return path.Join(p, slice)
}
