package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/moby/sys/mountinfo"
	"github.com/opencontainers/selinux/go-selinux/label"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/container"
)

// shm mounts /dev/shm on the host where others may join the IPC namespace: the
// namespace does not carry it.
func (w *writer) shm(context.Context) error {
	ipc := w.cfg.Namespaces.IPC.Mode
	joinable := ipc == container.ModeShareable || w.cfg.Infra && (ipc == container.ModePrivate || ipc == container.ModeDefault)
	if w.Spec.ShmPath == "" && joinable {
		path := ShmPath(w.Dir)
		uid, gid := w.containerRoot()
		if err := MountShm(path, ShmOptions{Size: w.cfg.ShmSize(), Label: w.Spec.MountLabel, UID: uid, GID: gid}); err != nil {
			return err
		}
		w.Spec.ShmPath, w.result.ShmPath = path, path
	}
	return nil
}

// ShmPath is where the tmpfs of a container with that bundle directory is.
func ShmPath(dir string) string { return filepath.Join(dir, "shm") }

// ShmOptions are how a tmpfs for /dev/shm is mounted.
type ShmOptions struct {
	// Size in bytes; 0: no limit.
	Size int64
	// Label is the SELinux label.
	Label string
	// UID and GID own it.
	UID, GID int
}

// MountShm mounts a tmpfs for /dev/shm. It is idempotent: one that is there is
// left as it is, its size included, as processes may use it.
func MountShm(path string, opts ShmOptions) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("mount /dev/shm: %w", err)
	}
	if mounted, err := mountinfo.Mounted(path); err != nil || mounted {
		return err
	}
	data := "mode=1777"
	if opts.Size > 0 {
		data += ",size=" + strconv.FormatInt(opts.Size, 10)
	}
	data = label.FormatMountLabel(data, opts.Label)
	if err := unix.Mount("shm", path, "tmpfs", unix.MS_NOEXEC|unix.MS_NOSUID|unix.MS_NODEV, data); err != nil {
		return fmt.Errorf("mount /dev/shm at %s: %w", path, err)
	}
	if opts.UID == 0 && opts.GID == 0 {
		return nil
	}
	if err := os.Chown(path, opts.UID, opts.GID); err != nil {
		return fmt.Errorf("give /dev/shm to the container's root: %w", errors.Join(err, UnmountShm(path)))
	}
	return nil
}

// UnmountShm undoes MountShm. It is idempotent; containers that have it bound
// keep it.
func UnmountShm(path string) error { return detach(path) }

// detach unmounts everything at path. EINVAL is "not a mount point".
func detach(path string) error {
	for {
		err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unmount %s: %w", path, err)
		}
	}
}
