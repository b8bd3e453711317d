package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/store"
	"github.com/podctl/podctl/pkg/volume"
)

// prepare sets up everything around a container that is about to be created in
// the OCI runtime: root filesystem, volumes, network, bundle. It notes in c what
// was set up. Every step is idempotent. held is the user namespace made for the
// container, nil without one. What is started lives as long as life.
//
// The network is being connected when it returns, unless the container needs it
// at once. connected waits for that, and must be called before the process is
// started or anything is taken down. joined are the containers whose namespaces the
// bundle names.
func (r *Runtime) prepare(ctx context.Context, c *container.Container, held heldNS, life *lifeline) (connected func() error, joined map[string]*container.Container, err error) {
	// A cut off start, or one before a reboot, may have left an address leased.
	if c.Runtime.NetNS != "" {
		if err := r.teardownNetwork(ctx, c); err != nil {
			return nil, nil, err
		}
	}
	if err := os.MkdirAll(r.settings.BundleDir(c.ID), 0o700); err != nil {
		return nil, nil, fmt.Errorf("make bundle of container %s: %w", c.ID, err)
	}
	if err := r.mountRootfs(c); err != nil {
		return nil, nil, err
	}
	volumes, err := r.mountVolumes(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	if err := r.makeNetNS(c, held); err != nil {
		return nil, nil, err
	}
	wait := r.connectNetwork(ctx, c, life)
	var late *lateFiles
	if r.networkFirst(c) {
		if err := wait(); err != nil {
			return nil, nil, err
		}
	} else if connects(c.Config) {
		late = &lateFiles{}
	}
	if joined, err = r.writeBundle(ctx, c, volumes, held, late); err != nil {
		_ = wait() // that it fails too is of no interest
		return nil, nil, err
	}
	return func() error {
		if err := wait(); err != nil {
			return err
		}
		return late.write()
	}, joined, nil
}

// lateFiles are files of a bundle whose text depends on the network. They are
// empty until it is connected: the container has them mounted by then, so they
// are written in place.
type lateFiles struct {
	writes []func() error
}

// later makes write leave an empty file, to be filled by late.write. A nil late
// leaves it as it is.
func (late *lateFiles) later(write func(path string) error) func(path string) error {
	if late == nil {
		return write
	}
	return func(path string) error {
		late.writes = append(late.writes, func() error { return write(path) })
		return os.WriteFile(path, nil, 0o644)
	}
}

func (late *lateFiles) write() error {
	if late == nil {
		return nil
	}
	for _, write := range late.writes {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

// mountRootfs finds or mounts the root filesystem.
func (r *Runtime) mountRootfs(c *container.Container) error {
	switch {
	case c.Config.RootfsOverlay:
		return r.mountRootfsOverlay(c)
	case c.Config.Rootfs != "":
		c.Runtime.Mountpoint = c.Config.Rootfs
		return nil
	case c.Config.Image.ID == "":
		// The built-in infra container: an empty directory; the OCI runtime makes
		// the mount points in it.
		c.Runtime.Mountpoint = filepath.Join(r.settings.BundleDir(c.ID), "rootfs")
		if err := os.MkdirAll(c.Runtime.Mountpoint, 0o755); err != nil || c.Config.IDMappings == nil {
			return err
		}
		return os.Chown(c.Runtime.Mountpoint, int(c.Config.IDMappings.HostUID(0)), int(c.Config.IDMappings.HostGID(0)))
	}
	images, err := r.layers()
	if err != nil {
		return err
	}
	c.Runtime.Mountpoint, err = images.Mount(c.ID, "")
	return err
}

// mountRootfsOverlay lays the container's own writable layer over the user's
// directory. The layer is beside the container's log and survives restarts.
func (r *Runtime) mountRootfsOverlay(c *container.Container) (err error) {
	layer := r.settings.ContainerDir(c.ID)
	o := bundle.Overlay{
		Lower: c.Config.Rootfs, Dir: filepath.Join(r.settings.BundleDir(c.ID), "rootfs"),
		Upper: filepath.Join(layer, "upper"), Work: filepath.Join(layer, "work"), Rootless: r.settings.Rootless,
	}
	for _, dir := range []string{o.Upper, o.Work} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make layer of container %s: %w", c.ID, err)
		}
	}
	c.Runtime.Mountpoint, err = o.Mount()
	return err
}

// mountVolumes makes the container's volumes usable and returns where they are.
func (r *Runtime) mountVolumes(ctx context.Context, c *container.Container) (map[string]string, error) {
	paths := map[string]string{}
	for _, m := range c.Config.Storage.Volumes {
		v, err := r.volumeNamed(ctx, m.Name)
		if err != nil {
			return nil, err
		}
		if err := volume.Create(r.settings.VolumeDir, v); err != nil {
			return nil, err
		}
		if err := volume.Mount(ctx, v); err != nil {
			return nil, err
		}
		if (v.NeedsCopyUp || v.NeedsChown) && !c.Config.Infra && !slices.Contains(m.Options, "nocopy") {
			if err := r.firstUse(ctx, v.Name, c, m.Destination); err != nil {
				return nil, err
			}
		}
		paths[m.Name] = v.Mountpoint
	}
	return paths, nil
}

// volumeLock is before the name of a volume in that of its lock.
const volumeLock = "volume-"

// firstUse gives a fresh volume the content, owner and mode of what it covers,
// and records that this was done. Infra containers have nothing to give. Of
// containers that start at the same time one does it, and the others wait: the
// volume's lock is the last that is taken, and its holder waits for no other.
func (r *Runtime) firstUse(ctx context.Context, name string, c *container.Container, target string) error {
	return r.locked(ctx, volumeLock+name, func() error {
		v, err := r.volumeNamed(ctx, name)
		if err != nil || !v.NeedsCopyUp && !v.NeedsChown {
			return err
		}
		return r.fillFirst(ctx, v, c, target)
	})
}

func (r *Runtime) fillFirst(ctx context.Context, v *volume.Volume, c *container.Container, target string) error {
	maps := c.Config.IDMappings
	if err := volume.FirstUse(v, c.Runtime.Mountpoint, target, int(maps.HostUID(0)), int(maps.HostGID(0))); err != nil {
		return err
	}
	if err := r.writeVolumeBlueprint(v); err != nil {
		return err
	}
	return r.store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Volume(ctx, v.Name)
		if err != nil {
			return err
		}
		changed, err := volumeRow(v)
		if err != nil {
			return err
		}
		row.Config = changed.Config
		return tx.SaveVolume(ctx, row)
	})
}

// unmountAll removes the bundle with the mounts below it, and unmounts root
// filesystem and volumes that have a file system of their own and no other user.
// Idempotent.
func (r *Runtime) unmountAll(ctx context.Context, c *container.Container) error {
	if err := r.host.RemoveBundle(r.settings.BundleDir(c.ID)); err != nil {
		return err
	}
	if c.Config.HasLayer() {
		images, err := r.layers()
		if err != nil {
			return err
		}
		if _, err := images.Unmount(c.ID, true); err != nil {
			return err
		}
	}
	return errors.Join(r.unmountImages(c), r.unmountVolumes(ctx, c))
}

func (r *Runtime) unmountVolumes(ctx context.Context, c *container.Container) error {
	var errs error
	for _, m := range c.Config.Storage.Volumes {
		v, err := r.volumeNamed(ctx, m.Name)
		if errors.Is(err, errdefs.ErrNoSuchVolume) {
			continue
		}
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		if !v.NeedsMount() {
			continue
		}
		busy, err := r.volumeRunning(ctx, m.Name, c.ID)
		if err == nil && !busy {
			err = volume.Unmount(v)
		}
		errs = errors.Join(errs, err)
	}
	return errs
}

// volumeRunning reports whether a container other than except runs with the volume.
func (r *Runtime) volumeRunning(ctx context.Context, name, except string) (busy bool, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		users, err := tx.ContainersUsingVolume(ctx, name)
		if err != nil {
			return err
		}
		for _, id := range users {
			if id == except {
				continue
			}
			u, err := tx.Container(ctx, id)
			if err != nil {
				return err
			}
			busy = busy || isStart(u.Intent) || r.alive(u.Runtime.Process)
		}
		return nil
	})
	return busy, err
}
