package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/containers/storage/pkg/archive"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/store"
)

// withRootfs runs fn while the root filesystem of a container is mounted: that
// of its process, or one mounted for the moment, during which the container
// cannot be started.
func (r *Runtime) withRootfs(ctx context.Context, id string, fn func(c *container.Container, dir string) error) error {
	c, err := r.container(ctx, id)
	if err != nil {
		return err
	}
	if c.State.HasProcess() && c.Runtime.Mountpoint != "" {
		return fn(c, c.Runtime.Mountpoint)
	}
	return r.locked(ctx, id, func() error {
		if c, err = r.container(ctx, id); err != nil {
			return err
		}
		dir, release, err := r.mountForUs(c)
		if err != nil {
			return err
		}
		return errors.Join(fn(c, dir), release())
	})
}

// mountForUs mounts the root filesystem of a container whose lock is held, and
// returns how that is undone. What was mounted before stays so.
func (r *Runtime) mountForUs(c *container.Container) (dir string, release func() error, err error) {
	keep := func() error { return nil }
	if c.State.HasProcess() && c.Runtime.Mountpoint != "" {
		return c.Runtime.Mountpoint, keep, nil // started in between
	}
	if c.Config == nil || c.Config.Imageless() {
		return "", nil, fmt.Errorf("container %s has no root filesystem while it does not run: %w", c.ID, errdefs.ErrInvalidState)
	}
	release = keep
	switch {
	case c.Config.RootfsOverlay:
		release = func() error { return r.host.RemoveBundle(r.settings.BundleDir(c.ID)) }
	case c.Config.Image.ID != "":
		images, err := r.images()
		if err != nil {
			return "", nil, err
		}
		if images.Mountpoint(c.ID) == "" {
			release = func() error {
				_, err := images.Unmount(c.ID, false)
				return err
			}
		}
	}
	mounted := *c
	err = r.mountRootfs(&mounted)
	return mounted.Runtime.Mountpoint, release, err
}

// ExportContainer writes a container's root filesystem as a tar archive, without
// volumes and other mounts. Errors: ErrNoSuchCtr, class ErrInvalidState for an
// infra container without an image that does not run.
func (r *Runtime) ExportContainer(ctx context.Context, id string, w io.Writer) error {
	return r.withRootfs(ctx, id, func(c *container.Container, dir string) error {
		tar, err := tarRootfs(c, dir)
		if err != nil {
			return fmt.Errorf("export container %s: %w", id, err)
		}
		defer tar.Close()
		if _, err := io.Copy(w, untilDone{ctx, tar}); err != nil {
			return fmt.Errorf("export container %s: %w", id, err)
		}
		return r.report(ctx, c, event.Export)
	})
}

// tarRootfs archives a container's root filesystem, with the IDs the container sees.
func tarRootfs(c *container.Container, dir string) (io.ReadCloser, error) {
	uids, gids := image.LibraryMaps(c.Config.IDMappings)
	return archive.TarWithOptions(dir, &archive.TarOptions{Compression: archive.Uncompressed, UIDMaps: uids, GIDMaps: gids})
}

// untilDone ends a copy when the context ends.
type untilDone struct {
	ctx context.Context
	io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(p)
}

// report records an event about a container that changes nothing in its row.
func (r *Runtime) report(ctx context.Context, c *container.Container, status event.Status) error {
	return r.store.Update(ctx, func(tx *store.Tx) error { return tx.AddEvent(ctx, containerEvent(c, status)) })
}

// DiffContainer returns what a container, or else an image, changed of another one,
// base, or, if that is empty, of what it was made from, sorted by path. What podctl
// itself puts into containers, and so into images of them, is left out. Errors: class
// ErrNotFound.
func (r *Runtime) DiffContainer(ctx context.Context, nameOrID, base string) ([]image.Change, error) {
	images, err := r.images()
	if err != nil {
		return nil, err
	}
	id, err := r.containerOrImage(ctx, nameOrID)
	if err != nil {
		return nil, err
	}
	if base != "" {
		if base, err = r.containerOrImage(ctx, base); err != nil {
			return nil, err
		}
	}
	changes, err := images.Changes(id, base)
	return slices.DeleteFunc(changes, func(c image.Change) bool { return madeByEngine(c.Path) }), err
}

// containerOrImage is the ID of a container, or else of a local image.
func (r *Runtime) containerOrImage(ctx context.Context, nameOrID string) (string, error) {
	ids, err := r.lookupContainers(ctx, []string{nameOrID})
	if errors.Is(err, errdefs.ErrNoSuchCtr) {
		img, imgErr := r.findOrPull(ctx, nameOrID, image.PullOptions{Policy: image.PullNever})
		if imgErr != nil {
			return "", err
		}
		return img.ID, nil
	}
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// madeByEngine says that a path is there, in every container, for the mounts of
// podctl and the OCI runtime.
func madeByEngine(path string) bool {
	switch path {
	case "/dev", "/etc/hostname", "/etc/hosts", "/etc/mtab", "/etc/resolv.conf", "/proc",
		"/run", "/run/.containerenv", "/run/notify", "/run/secrets", "/sys":
		return true
	}
	return false
}
