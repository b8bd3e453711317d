package runtime

import (
	"context"
	"fmt"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
)

// Mounted is a container whose root filesystem is mounted.
type Mounted struct{ ID, Name, Path string }

// MountContainer mounts the root filesystem of a container, if it is not, and
// returns where it is. It stays mounted until UnmountContainer, or until the
// container has run and stopped. Errors: ErrNoSuchCtr, class ErrInvalidState for
// an infra container without an image that does not run.
func (r *Runtime) MountContainer(ctx context.Context, id string) (path string, err error) {
	if err := r.recover(ctx); err != nil {
		return "", err
	}
	err = r.locked(ctx, id, func() error {
		c, err := r.container(ctx, id)
		if err != nil {
			return err
		}
		if path, _, err = r.mountForUs(c); err != nil {
			return err
		}
		return r.report(ctx, c, event.Mount)
	})
	return path, err
}

// UnmountContainer undoes MountContainer. It reports false and does nothing for
// a container with a process. One that is not mounted is success. Errors:
// ErrNoSuchCtr.
func (r *Runtime) UnmountContainer(ctx context.Context, id string, force bool) (done bool, err error) {
	if err := r.recover(ctx); err != nil {
		return false, err
	}
	err = r.locked(ctx, id, func() error {
		c, err := r.container(ctx, id)
		if err != nil || c.State.HasProcess() || c.Config == nil {
			return err
		}
		switch {
		case c.Config.Image.ID != "":
			images, err := r.images()
			if err != nil {
				return err
			}
			still, err := images.Unmount(id, force)
			if err != nil {
				return err
			}
			if still {
				return fmt.Errorf("unmounting container %s: another program has it mounted: %w", id, errdefs.ErrInUse)
			}
		case c.Config.RootfsOverlay:
			if err := r.host.RemoveBundle(r.settings.BundleDir(id)); err != nil {
				return err
			}
		}
		done = true
		return r.report(ctx, c, event.Unmount)
	})
	return done, err
}

// MountedContainers returns the containers whose root filesystem is mounted,
// oldest first: those that run and those of MountContainer.
func (r *Runtime) MountedContainers(ctx context.Context) ([]Mounted, error) {
	list, err := r.visibleContainers(ctx)
	if err != nil {
		return nil, err
	}
	images, err := r.images()
	if err != nil {
		return nil, err
	}
	var mounted []Mounted
	for _, c := range list {
		if path := mountedAt(c, images.Mountpoint); path != "" {
			mounted = append(mounted, Mounted{ID: c.ID, Name: c.Name, Path: path})
		}
	}
	return mounted, nil
}

func mountedAt(c *container.Container, layer func(id string) string) string {
	switch {
	case c.Config == nil || c.Config.Imageless():
		return ""
	case c.Config.Image.ID != "":
		return layer(c.ID)
	case c.State.HasProcess():
		return c.Runtime.Mountpoint
	}
	return ""
}
