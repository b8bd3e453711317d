package volume

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containers/storage/drivers/quota"
	"github.com/moby/sys/mountinfo"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Create makes the volume's directory below root, with its owner and limits.
// Idempotent; what is in it stays, and so does the owner of what is there: since it
// was made, the first container and whoever uses it may have changed that.
func Create(root string, v *Volume) error {
	if err := create(root, v); err != nil {
		return fmt.Errorf("create volume %s: %w", v.Name, err)
	}
	return nil
}

func create(root string, v *Volume) error {
	dir, err := ownDir(root, v.Name)
	if err != nil {
		return err
	}
	if err := makeDir(dir, 0o700, v); err != nil {
		return err
	}
	if err := makeDir(v.Mountpoint, 0o755, v); err != nil {
		return err
	}
	if v.limited() {
		return limit(root, v)
	}
	return nil
}

// makeDir makes a directory of the volume's owner, unless it is there.
func makeDir(path string, mode os.FileMode, v *Volume) error {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(path, mode); err != nil {
		return err
	}
	return chown(path, v.UID, v.GID)
}

// chown spares an unprivileged user the error of being told what is so already.
func chown(path string, uid, gid int) error {
	if os.Geteuid() != 0 && uid == 0 && gid == 0 {
		return nil
	}
	return os.Lchown(path, uid, gid)
}

func limit(root string, v *Volume) error {
	control, err := quota.NewControl(root)
	if err != nil {
		return fmt.Errorf("volume options size and inodes not supported. Filesystem does not support Project Quota: %w", err)
	}
	if err := control.SetQuota(v.Mountpoint, quota.Quota{Size: v.Size, Inodes: v.Inodes}); err != nil {
		return fmt.Errorf("set size quota size=%d inodes=%d: %w", v.Size, v.Inodes, err)
	}
	return nil
}

// Remove unmounts the volume and deletes its directory. Idempotent. Content
// that something else has mounted there is never deleted: ErrVolumeInUse.
func Remove(root string, v *Volume) error {
	if err := remove(root, v); err != nil {
		return fmt.Errorf("remove volume %s: %w", v.Name, err)
	}
	return nil
}

func remove(root string, v *Volume) error {
	dir, err := ownDir(root, v.Name)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if v.NeedsMount() {
		if err := Unmount(v); err != nil {
			return err
		}
	}
	mounted, err := mountsBelow(dir)
	if err != nil {
		return err
	}
	if len(mounted) > 0 {
		return fmt.Errorf("unmount %s first: %w", strings.Join(mounted, ", "), errdefs.ErrVolumeInUse)
	}
	return os.RemoveAll(dir)
}

// ownDir is the directory that is the volume's alone. The name is looked at
// again, as what a damaged row names is going to be deleted.
func ownDir(root, name string) (string, error) {
	if err := ValidateName(name); err != nil {
		return "", err
	}
	if root == "" {
		return "", fmt.Errorf("no volume path: %w", errdefs.ErrInvalidArg)
	}
	return filepath.Join(root, name), nil
}

func mountsBelow(dir string) ([]string, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	mounts, err := mountinfo.GetMounts(mountinfo.PrefixFilter(real))
	if err != nil {
		return nil, fmt.Errorf("list mounts: %w", err)
	}
	paths := make([]string, 0, len(mounts))
	for _, m := range mounts {
		paths = append(paths, m.Mountpoint)
	}
	return paths, nil
}
