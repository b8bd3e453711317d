package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"

	"github.com/podctl/podctl/pkg/errdefs"
)

// workdir sees to it that the process can start where it is to. The image's
// directory is made, for its user; one the user named must be there.
func (w *writer) workdir(context.Context) error {
	dir := path.Clean("/" + w.cfg.WorkDir)
	if w.cfg.Imageless() || dir == "/" || w.mountedOver(dir) {
		return nil
	}
	handle, err := securejoin.OpenInRoot(w.Spec.Rootfs, dir)
	if err == nil {
		defer handle.Close()
		if st, err := handle.Stat(); err == nil && !st.IsDir() {
			return fmt.Errorf("workdir %q is not a directory on container %s: %w", dir, w.Container.ID, errdefs.ErrInvalidArg)
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("workdir %q on container %s: %w", dir, w.Container.ID, err)
	}
	if w.WorkDirGiven {
		return &classified{err: fmt.Errorf("workdir %q does not exist on container %s", dir, w.Container.ID), class: errdefs.ErrInvalidArgument}
	}
	made, err := dirInRoot(w.Spec.Rootfs, dir, 0o755)
	if err != nil {
		return fmt.Errorf("make workdir %q on container %s: %w", dir, w.Container.ID, err)
	}
	return os.Lchown(made, onHost(w.Spec.UIDMappings, w.Spec.User.UID), onHost(w.Spec.GIDMappings, w.Spec.User.GID))
}

// mountedOver reports whether a path will not be the root file system's own once
// the container is there.
func (w *writer) mountedOver(p string) bool {
	below := func(destination string) bool {
		destination = strings.TrimSuffix(path.Clean(destination), "/")
		return p == destination || strings.HasPrefix(p, destination+"/")
	}
	for _, m := range w.cfg.Storage.Mounts {
		if below(m.Destination) {
			return true
		}
	}
	for _, v := range w.cfg.Storage.Volumes {
		if below(v.Destination) {
			return true
		}
	}
	for _, d := range []string{"/proc", "/sys", "/dev"} {
		if below(d) {
			return true
		}
	}
	return false
}
