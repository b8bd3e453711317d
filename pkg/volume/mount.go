package volume

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

const typeBind = "bind"

// Mount mounts the volume's file system on its mountpoint. A volume without one,
// or with it mounted, is left alone. Errors: ErrRequiresRoot, ErrUnavailable.
func Mount(ctx context.Context, v *Volume) error {
	if !v.NeedsMount() {
		return nil
	}
	mounted, err := mountinfo.Mounted(v.Mountpoint)
	if err != nil {
		return fmt.Errorf("mount volume %s: %w", v.Name, err)
	}
	if mounted {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("cannot mount volume %s without root privileges: %w", v.Name, errdefs.ErrRequiresRoot)
	}
	// mount(8) and its helpers know what nfs, loop devices and names of options
	// mean; the system call does not.
	cmd := exec.CommandContext(ctx, "mount", mountArgs(v)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	// The first line is the reason, the rest is advice.
	if reason, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n"); reason != "" {
		err = errors.New(reason)
	}
	return fmt.Errorf("mount volume %s: %w", v.Name, &mountError{err})
}

// mountError is of class ErrUnavailable and says what mount(8) said.
type mountError struct{ error }

func (e *mountError) Unwrap() []error { return []error{e.error, errdefs.ErrUnavailable} }

func mountArgs(v *Volume) []string {
	device, fsType := v.Options[optDevice], v.Options[optType]
	options := kernelOptions(v.Options[optO], strings.EqualFold(fsType, typeBind))
	var args []string
	if fsType != "" && !strings.EqualFold(fsType, typeBind) {
		args = append(args, "-t", fsType)
	}
	if len(options) > 0 {
		args = append(args, "-o", strings.Join(options, ","))
	}
	if device == "" {
		device = fsType // tmpfs and the like have none, but mount(8) wants a word
	}
	return append(args, "--", device, v.Mountpoint)
}

// kernelOptions are those for mount(8). A bind mount must be asked for, and has
// no owner or size to set.
func kernelOptions(o string, bind bool) []string {
	var options []string
	if o != "" {
		options = strings.Split(o, ",")
	}
	if !bind {
		return options
	}
	kept, asked := options[:0:0], false
	for _, option := range options {
		switch key, _, _ := strings.Cut(option, "="); strings.ToLower(key) {
		case "uid", "gid", "size", "inodes":
			continue
		case "bind", "rbind":
			asked = true
		}
		kept = append(kept, option)
	}
	if !asked {
		kept = append(kept, "bind")
	}
	return kept
}

// Unmount undoes Mount, however often it was mounted. What is not mounted is no
// error; what is still used is ErrVolumeInUse.
func Unmount(v *Volume) error {
	for {
		err := unix.Unmount(v.Mountpoint, unix.UMOUNT_NOFOLLOW)
		switch {
		case err == nil:
		case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOENT):
			return nil
		case errors.Is(err, unix.EPERM) && os.Geteuid() != 0:
			return nil // never mounted: Mount needs root
		case errors.Is(err, unix.EBUSY):
			return fmt.Errorf("unmount volume %s: %w", v.Name, errdefs.ErrVolumeInUse)
		default:
			return fmt.Errorf("unmount volume %s: %w", v.Name, err)
		}
	}
}
