package volume

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/containers/storage/drivers/copy"
	securejoin "github.com/cyphar/filepath-securejoin"
)

// FirstUse does what the volume still needs before the first container that
// mounts it at target runs: the content of the image's directory at target is
// copied in (NeedsCopyUp), and the volume gets that directory's owner and mode
// (NeedsChown), or uid and gid where the image has none. rootfs is the container's
// mounted root; links in target stay inside it.
//
// A volume that holds anything is not copied into. Both needs are cleared in v,
// which the caller then records; a call that was cut short starts over.
func FirstUse(v *Volume, rootfs, target string, uid, gid int) error {
	if err := firstUse(v, rootfs, target, uid, gid); err != nil {
		return fmt.Errorf("prepare volume %s for %s: %w", v.Name, target, err)
	}
	return nil
}

func firstUse(v *Volume, rootfs, target string, uid, gid int) error {
	source, err := securejoin.SecureJoin(rootfs, target)
	if err != nil {
		return err
	}
	info, err := os.Lstat(source)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if v.NeedsCopyUp && err == nil && info.IsDir() {
		if err := copyUp(v.Mountpoint, source); err != nil {
			return err
		}
	}
	if v.NeedsChown {
		if info != nil {
			err = setOwner(v.Mountpoint, info)
		} else {
			err = os.Lchown(v.Mountpoint, uid, gid)
		}
		if err != nil {
			return err
		}
	}
	v.NeedsCopyUp, v.NeedsChown = false, false
	return nil
}

// Fill copies an image, which is mounted at rootfs, into its volume, with the
// owner and mode of its root directory. A call that was cut short starts over.
func Fill(v *Volume, rootfs string) error {
	info, err := os.Lstat(rootfs)
	if err == nil {
		err = copyUp(v.Mountpoint, rootfs)
	}
	if err == nil {
		err = setOwner(v.Mountpoint, info)
	}
	if err != nil {
		return fmt.Errorf("fill volume %s: %w", v.Name, err)
	}
	return nil
}

// marker stands beside the data while they are copied: what is in a volume that
// has it came from a copy that was cut short, and not from a user.
const marker = "copying"

func copyUp(dir, source string) error {
	mark := filepath.Join(filepath.Dir(dir), marker)
	_, err := os.Lstat(mark)
	again := err == nil
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 && !again {
		return nil
	}
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	if err := copyContent(dir, source); err != nil {
		return err
	}
	return os.Remove(mark)
}

// copyContent copies what is in source, and leaves owner and mode of dir alone.
func copyContent(dir, source string) error {
	before, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if err := copy.DirCopy(source, dir, copy.Content, true); err != nil {
		return fmt.Errorf("copy the image's content: %w", err)
	}
	return setOwner(dir, before)
}

func setOwner(dir string, like os.FileInfo) error {
	stat, ok := like.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("read the owner of %s", like.Name())
	}
	if err := chown(dir, int(stat.Uid), int(stat.Gid)); err != nil {
		return err
	}
	// After chown, which clears set-ID bits.
	return os.Chmod(dir, like.Mode())
}
