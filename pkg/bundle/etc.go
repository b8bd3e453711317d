package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/containers/common/pkg/timezone"
	"github.com/opencontainers/selinux/go-selinux/label"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// etc makes the files by which the container knows names, itself and its time
// zone.
func (w *writer) etc(context.Context) error {
	for _, f := range []struct {
		name, destination string
		file              File
		path              *string
	}{
		{"hosts", "/etc/hosts", w.Hosts, &w.result.HostsPath},
		{"resolv.conf", "/etc/resolv.conf", w.ResolvConf, &w.result.ResolvConfPath},
		{"hostname", "/etc/hostname", w.Hostname, &w.result.HostnamePath},
	} {
		path, err := w.place(f.name, f.destination, f.file)
		if err != nil {
			return err
		}
		*f.path = path
	}
	if err := w.containerEnv(); err != nil {
		return err
	}
	if w.cfg.Imageless() {
		return nil
	}
	if err := w.mtab(); err != nil {
		return err
	}
	return w.timezone()
}

func (w *writer) place(name, destination string, f File) (string, error) {
	switch {
	case f.From != "":
		w.bindOnly(f.From, destination)
		w.bindChroots(f.From, destination)
		return f.From, nil
	case f.Write == nil:
		return "", nil
	}
	own := filepath.Join(w.Dir, name)
	if err := f.Write(own); err != nil {
		return "", err
	}
	if err := w.bind(own, destination); err != nil {
		return "", err
	}
	w.bindChroots(own, destination)
	return own, nil
}

// bindChroots binds a file also in the directories programs of the container
// change their root to.
func (w *writer) bindChroots(source, destination string) {
	for _, dir := range w.cfg.Storage.ChrootDirs {
		w.bindOnly(source, path.Join("/", dir, destination))
	}
}

// HostnameFile writes the name as the whole of /etc/hostname.
func HostnameFile(name string) File {
	return File{Write: func(path string) error {
		if err := os.WriteFile(path, []byte(name+"\n"), 0o644); err != nil {
			return fmt.Errorf("write hostname: %w", err)
		}
		return nil
	}}
}

// containerEnv tells programs that they are in a container, and a privileged one
// in which.
func (w *writer) containerEnv() error {
	var text strings.Builder
	if w.cfg.Security.Privileged {
		rootless := 0
		if w.Spec.Rootless {
			rootless = 1
		}
		fmt.Fprintf(&text, "engine=%q\nname=%q\nid=%q\nimage=%q\nimageid=%q\nrootless=%d\n",
			w.Engine, w.Container.Name, w.Container.ID, w.cfg.Image.Name, w.cfg.Image.ID, rootless)
	}
	path := filepath.Join(w.Dir, "containerenv")
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("write containerenv: %w", err)
	}
	return w.bind(path, "/run/.containerenv")
}

// mtab points /etc/mtab at the mounts of the process that asks, where the image
// has none. That it cannot is no reason not to run.
func (w *writer) mtab() error {
	etc, err := dirInRoot(w.Spec.Rootfs, "/etc", 0o755)
	if errors.Is(err, unix.EROFS) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make /etc in the root file system: %w", err)
	}
	err = os.Symlink("/proc/mounts", filepath.Join(etc, "mtab"))
	if uid, gid := w.containerRoot(); err == nil {
		err = os.Lchown(filepath.Join(etc, "mtab"), uid, gid)
	}
	if err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, unix.EROFS) {
		return nil
	}
	return fmt.Errorf("make /etc/mtab in the root file system: %w", err)
}

func (w *writer) timezone() error {
	if w.cfg.Timezone == "" {
		return nil
	}
	if strings.Contains(w.cfg.Timezone, "..") {
		return fmt.Errorf("invalid timezone %q: %w", w.cfg.Timezone, errdefs.ErrInvalidArg)
	}
	etc, err := dirInRoot(w.Spec.Rootfs, "/etc", 0o755)
	if err != nil {
		return fmt.Errorf("make /etc in the root file system: %w", err)
	}
	path, err := timezone.ConfigureContainerTimeZone(w.cfg.Timezone, w.Dir, w.Spec.Rootfs, etc, w.Container.ID)
	if err != nil {
		return fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArg)
	}
	if path == "" {
		return nil
	}
	return w.bind(path, "/etc/localtime")
}

// own gives a file of the bundle to the container's root.
func (w *writer) own(path string) error {
	uid, gid := w.containerRoot()
	if uid != 0 || gid != 0 {
		if err := os.Lchown(path, uid, gid); err != nil {
			return fmt.Errorf("give %s to the container's root: %w", filepath.Base(path), err)
		}
	}
	if err := label.Relabel(path, w.Spec.MountLabel, false); err != nil {
		return fmt.Errorf("label %s: %w", path, err)
	}
	return nil
}
