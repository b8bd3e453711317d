package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/store"
	"github.com/podctl/podctl/pkg/volume"
)

// CreateVolume makes a volume and returns it; with IgnoreIfExists, the one that
// has the name. Errors: [errdefs.ErrVolumeExists], class ErrInvalidArgument.
func (r *Runtime) CreateVolume(ctx context.Context, opts volume.CreateOptions) (*volume.Volume, error) {
	if err := r.recover(ctx); err != nil {
		return nil, err
	}
	v, err := volume.New(r.settings.VolumeDir, opts, time.Now())
	if err != nil {
		return nil, err
	}
	img, err := r.sourceImage(ctx, v)
	if err != nil {
		return nil, err
	}
	var there *store.Volume
	err = r.store.Update(ctx, func(tx *store.Tx) (err error) {
		there, err = tx.Volume(ctx, v.Name)
		if !errors.Is(err, errdefs.ErrNoSuchVolume) {
			return err
		}
		there = nil
		return r.insertVolume(ctx, tx, v)
	})
	switch {
	case err != nil:
		return nil, err
	case there != nil && opts.IgnoreIfExists && there.State != store.VolumeRemoving:
		return volumeOf(there)
	case there != nil:
		return nil, fmt.Errorf("volume with name %s already exists: %w", v.Name, errdefs.ErrVolumeExists)
	}
	err = r.makeVolume(v)
	if err == nil && img != nil {
		err = r.fillVolume(v, img)
	}
	if err == nil {
		err = r.store.Update(ctx, func(tx *store.Tx) error { return markVolumesReady(ctx, tx, []string{v.Name}) })
	}
	if err != nil {
		return nil, undo(ctx, err, func(ctx context.Context) error { return r.dropVolume(ctx, v.Name) })
	}
	return v, nil
}

// sourceImage is the image a volume is made from; nil for other volumes.
func (r *Runtime) sourceImage(ctx context.Context, v *volume.Volume) (*image.Image, error) {
	ref := v.SourceImage()
	if ref == "" {
		return nil, nil
	}
	img, err := r.findOrPull(ctx, ref, image.PullOptions{Policy: image.PullNever})
	if err != nil {
		return nil, fmt.Errorf("looking up image %s to create volume failed: %w", ref, err)
	}
	return img, nil
}

// fillVolume copies the image into its volume, by way of a layer that
// dropSourceLayer deletes, whoever is killed in between.
func (r *Runtime) fillVolume(v *volume.Volume, img *image.Image) error {
	images, err := r.layers()
	if err != nil {
		return err
	}
	id := sourceLayer(v)
	if err := images.CreateContainer(id, img.ID, image.CreateOptions{}); err != nil {
		return err
	}
	rootfs, err := images.Mount(id, "")
	if err == nil {
		err = volume.Fill(v, rootfs)
	}
	return errors.Join(err, images.DeleteContainer(id))
}

// dropSourceLayer undoes the half of fillVolume. Idempotent.
func (r *Runtime) dropSourceLayer(v *volume.Volume) error {
	if v.SourceImage() == "" {
		return nil
	}
	images, err := r.layers()
	if err != nil {
		return err
	}
	return images.DeleteContainer(sourceLayer(v))
}

// sourceLayer is the ID under which the store keeps the layer that mounts the
// image while it is copied.
func sourceLayer(v *volume.Volume) string { return imageLayer("volume "+v.Name, v.SourceImage()) }

// dropVolume removes a volume nobody uses, without asking.
func (r *Runtime) dropVolume(ctx context.Context, name string) error {
	if err := r.store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Volume(ctx, name)
		if err != nil {
			return err
		}
		_, err = r.claimVolume(ctx, tx, row)
		return err
	}); err != nil {
		return err
	}
	return r.removeClaimedVolume(ctx, name)
}

// ListVolumes returns the volumes that pass the filters, by name.
func (r *Runtime) ListVolumes(ctx context.Context, filters map[string][]string) ([]volume.Status, error) {
	return r.selectVolumes(ctx, func(created volume.CreationTime) (volume.Predicate, error) { return volume.Filters(filters, created) })
}

// selectVolumes reads all volumes and keeps those that pass.
func (r *Runtime) selectVolumes(ctx context.Context, filter func(volume.CreationTime) (volume.Predicate, error)) ([]volume.Status, error) {
	all, err := r.volumeStatuses(ctx)
	if err != nil {
		return nil, err
	}
	keep, err := filter(func(name string) (time.Time, error) {
		for _, v := range all {
			if v.Name == name {
				return v.CreatedAt, nil
			}
		}
		return time.Time{}, fmt.Errorf("no volume with name %q found: %w", name, errdefs.ErrNoSuchVolume)
	})
	if err != nil {
		return nil, err
	}
	var out []volume.Status
	for _, v := range all {
		if keep(v) {
			out = append(out, v)
		}
	}
	return out, nil
}

func (r *Runtime) volumeStatuses(ctx context.Context) (out []volume.Status, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Volumes(ctx)
		if err != nil {
			return err
		}
		users, err := tx.VolumeUsers(ctx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.State == store.VolumeCreating {
				continue
			}
			s, err := r.volumeStatus(ctx, tx, row, users[row.Name])
			if err != nil {
				return err
			}
			out = append(out, s)
		}
		return nil
	})
	return out, err
}

// volumeStatus adds to a volume who uses it and how many hold it mounted.
func (r *Runtime) volumeStatus(ctx context.Context, tx *store.Tx, row *store.Volume, users []string) (volume.Status, error) {
	v, err := volumeOf(row)
	if err != nil {
		return volume.Status{}, err
	}
	s := volume.Status{Volume: v, Users: users}
	if !v.NeedsMount() {
		return s, nil
	}
	for _, id := range users {
		c, err := tx.Container(ctx, id)
		if err != nil {
			return s, err
		}
		if r.alive(c.Runtime.Process) {
			s.MountCount++
		}
	}
	return s, nil
}

// InspectVolume finds a volume by name or unique prefix. Errors:
// [errdefs.ErrNoSuchVolume], [errdefs.ErrAmbiguousVolume].
func (r *Runtime) InspectVolume(ctx context.Context, name string) (s volume.Status, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		full, err := tx.LookupVolume(ctx, name)
		if err != nil {
			return err
		}
		row, err := tx.Volume(ctx, full)
		if err != nil {
			return err
		}
		users, err := tx.ContainersUsingVolume(ctx, full)
		if err != nil {
			return err
		}
		s, err = r.volumeStatus(ctx, tx, row, users)
		return err
	})
	return s, err
}

// VolumeExists looks for exactly this name.
func (r *Runtime) VolumeExists(ctx context.Context, name string) (bool, error) {
	_, err := r.volumeNamed(ctx, name)
	if errors.Is(err, errdefs.ErrNoSuchVolume) {
		return false, nil
	}
	return err == nil, err
}

// RemoveVolume removes the volume of exactly that name; with Force, the containers
// that use it first. Errors: [errdefs.ErrNoSuchVolume], [errdefs.ErrVolumeInUse].
func (r *Runtime) RemoveVolume(ctx context.Context, name string, opts volume.RemoveOptions) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	var users []string
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		users, err = tx.ContainersUsingVolume(ctx, name)
		return err
	})
	if err != nil {
		return err
	}
	if opts.Force {
		remove := RemoveOptions{Force: true, Volumes: true, Ignore: true, Timeout: seconds(opts.Timeout)}
		for _, id := range users {
			err := r.removeContainers(ctx, []string{id}, remove)
			if err != nil && !errors.Is(err, errdefs.ErrNotFound) {
				return fmt.Errorf("removing container %s that depends on volume %s: %w", id, name, err)
			}
		}
	}
	return r.claimAndRemoveVolume(ctx, name)
}

// claimAndRemoveVolume decides in one transaction that no container uses the
// volume, then removes it. Why is recorded after the removal.
func (r *Runtime) claimAndRemoveVolume(ctx context.Context, name string, why ...event.Status) error {
	var claimed bool
	err := r.store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Volume(ctx, name)
		if err != nil {
			return err
		}
		claimed, err = r.claimVolume(ctx, tx, row)
		return err
	})
	if err != nil || !claimed {
		return err
	}
	if err := r.removeClaimedVolume(ctx, name, why...); err != nil {
		return undo(ctx, err, func(ctx context.Context) error { return r.unclaimVolume(ctx, name) })
	}
	return nil
}

// unclaimVolume ends a removal that failed.
func (r *Runtime) unclaimVolume(ctx context.Context, name string) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Volume(ctx, name)
		if errors.Is(err, errdefs.ErrNoSuchVolume) {
			return nil
		}
		if err != nil {
			return err
		}
		row.State, row.Owner = store.VolumeReady, container.Owner{}
		return tx.SaveVolume(ctx, row)
	})
}

// PruneVolumes removes the volumes no container has that pass the filters, and
// tells of each, by name.
func (r *Runtime) PruneVolumes(ctx context.Context, filters map[string][]string) ([]volume.Pruned, error) {
	if err := r.recover(ctx); err != nil {
		return nil, err
	}
	list, err := r.selectVolumes(ctx, func(created volume.CreationTime) (volume.Predicate, error) {
		return volume.PruneFilters(filters, created)
	})
	if err != nil {
		return nil, err
	}
	var out []volume.Pruned
	for _, v := range list {
		if len(v.Users) > 0 {
			continue
		}
		err := r.claimAndRemoveVolume(ctx, v.Name, event.Prune)
		if errors.Is(err, errdefs.ErrInUse) || errors.Is(err, errdefs.ErrNotFound) {
			continue // taken or removed in the meantime
		}
		out = append(out, volume.Pruned{Name: v.Name, Err: err})
	}
	return out, nil
}

// MountVolume makes a volume's content reachable on the host and returns where.
func (r *Runtime) MountVolume(ctx context.Context, name string) (string, error) {
	s, err := r.InspectVolume(ctx, name)
	if err != nil {
		return "", err
	}
	return s.Mountpoint, volume.Mount(ctx, s.Volume)
}

// UnmountVolume undoes MountVolume and returns the volume's name. The file
// system stays mounted while a running container uses it.
func (r *Runtime) UnmountVolume(ctx context.Context, name string) (string, error) {
	s, err := r.InspectVolume(ctx, name)
	if err != nil {
		return "", err
	}
	if s.MountCount > 0 {
		return s.Name, nil
	}
	return s.Name, volume.Unmount(s.Volume)
}

// seconds is a timeout given in whole seconds; nil stays nil.
func seconds(n *uint) *time.Duration {
	if n == nil {
		return nil
	}
	d := time.Duration(*n) * time.Second
	return &d
}
