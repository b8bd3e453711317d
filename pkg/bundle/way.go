package bundle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// wayDir is a directory that everybody may pass through and that podctl may write
// to, though its user is not the host's root: in the user's mount namespace a file
// system of its own is mounted over it. On the host users cannot look into it, so
// they miss nothing there.
const wayDir = "/root"

// MountWays mounts wayDir. It is for a mount namespace that was made for podctl and
// in which nothing runs yet. Without it, only containers in which the user is mapped
// can be started in user namespaces of their own.
func MountWays() error {
	return unix.Mount("tmpfs", wayDir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=0711,size=1m")
}

// makeWay lets the root of a user's container get to its root file system. Where
// the user is mapped in there, that root may do what the user may. Else it is
// nobody to the user's directories, which nobody may pass through, and which we do
// not open: the file system is shown in a place that has none of them above.
func (w *writer) makeWay() error {
	for _, m := range w.Spec.UIDMappings {
		if m.HostID == 0 {
			return nil
		}
	}
	if !hasWays() {
		return fmt.Errorf("container %s has a user namespace in which this user is nobody, and nothing is mounted at %s to show its files from: stop all containers and end the pause process (catatonit -P), so that the namespaces are made anew: %w",
			w.Container.ID, wayDir, errdefs.ErrUnavailable)
	}
	way := filepath.Join(wayDir, w.Container.ID)
	if err := removeWay(way); err != nil {
		return err
	}
	if err := os.Mkdir(way, 0o700); err != nil {
		return fmt.Errorf("make a way to the root file system: %w", err)
	}
	if err := unix.Mount(w.Spec.Rootfs, way, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("make a way to the root file system: mount %s: %w", way, err)
	}
	w.Spec.Rootfs = way
	return nil
}

func hasWays() bool {
	var st unix.Statfs_t
	return unix.Statfs(wayDir, &st) == nil && st.Type == unix.TMPFS_MAGIC && unix.Access(wayDir, unix.W_OK) == nil
}

// removeWay undoes makeWay. Idempotent.
func removeWay(way string) error {
	for {
		err := unix.Unmount(way, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
			break
		}
		if err != nil {
			return fmt.Errorf("unmount %s: %w", way, err)
		}
	}
	if err := os.Remove(way); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the way to a root file system: %w", err)
	}
	return nil
}
