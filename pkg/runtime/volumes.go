package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/store"
	"github.com/podctl/podctl/pkg/volume"
)

// volumeRow is the row of a volume.
func volumeRow(v *volume.Volume) (*store.Volume, error) {
	b, err := json.Marshal(v.Config)
	if err != nil {
		return nil, fmt.Errorf("encode volume %s: %w", v.Name, err)
	}
	return &store.Volume{Name: v.Name, Anonymous: v.Anonymous, CreatedAt: v.CreatedAt, Config: b}, nil
}

// volumeOf is the volume of a row.
func volumeOf(row *store.Volume) (*volume.Volume, error) {
	v := &volume.Volume{Name: row.Name, Anonymous: row.Anonymous, CreatedAt: row.CreatedAt}
	if err := json.Unmarshal(row.Config, &v.Config); err != nil {
		return nil, fmt.Errorf("read volume %s: %w", row.Name, err)
	}
	return v, nil
}

// recordVolumes records, in the create transaction, the volumes of a container
// that are not there yet, and names the anonymous ones. It returns the names of
// those it recorded, which are still to be made.
func (r *Runtime) recordVolumes(ctx context.Context, tx *store.Tx, c *container.Container) ([]string, error) {
	var made []string
	for i := range c.Config.Storage.Volumes {
		m := &c.Config.Storage.Volumes[i]
		if m.Name == "" {
			m.Name, m.Anonymous = volume.RandomName(), true
		}
		row, err := tx.Volume(ctx, m.Name)
		switch {
		case err == nil && row.State == store.VolumeRemoving:
			return nil, fmt.Errorf("volume %s is being removed: %w", m.Name, errdefs.ErrVolumeInUse)
		case err == nil:
			continue
		case !errors.Is(err, errdefs.ErrNoSuchVolume):
			return nil, err
		}
		v, err := volume.New(r.settings.VolumeDir, volume.CreateOptions{Name: m.Name, Anonymous: m.Anonymous}, tx.Now())
		if err != nil {
			return nil, fmt.Errorf("creating named volume %q: %w", m.Name, err)
		}
		if err := r.insertVolume(ctx, tx, v); err != nil {
			return nil, err
		}
		made = append(made, v.Name)
	}
	return made, nil
}

// insertVolume records a volume that this process is about to make.
func (r *Runtime) insertVolume(ctx context.Context, tx *store.Tx, v *volume.Volume) error {
	row, err := volumeRow(v)
	if err != nil {
		return err
	}
	row.State, row.Owner = store.VolumeCreating, r.self
	return tx.InsertVolume(ctx, row)
}

// makeVolumes makes the directories of recorded volumes. Idempotent.
func (r *Runtime) makeVolumes(ctx context.Context, names []string) error {
	for _, name := range names {
		v, err := r.volumeNamed(ctx, name)
		if err != nil {
			return err
		}
		if err := r.makeVolume(v); err != nil {
			return err
		}
	}
	return nil
}

// makeVolume makes a recorded volume's directory and blueprint. Idempotent.
func (r *Runtime) makeVolume(v *volume.Volume) error {
	if err := volume.Create(r.settings.VolumeDir, v); err != nil {
		return err
	}
	return r.writeVolumeBlueprint(v)
}

func (r *Runtime) volumeNamed(ctx context.Context, name string) (*volume.Volume, error) {
	var row *store.Volume
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.Volume(ctx, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return volumeOf(row)
}

// markVolumesReady ends the making of volumes, with their events.
func markVolumesReady(ctx context.Context, tx *store.Tx, names []string) error {
	for _, name := range names {
		row, err := tx.Volume(ctx, name)
		if err != nil {
			return err
		}
		row.State, row.Owner = store.VolumeReady, container.Owner{}
		if err := tx.SaveVolume(ctx, row); err != nil {
			return err
		}
		if err := tx.AddEvent(ctx, volumeEvent(name, event.Create)); err != nil {
			return err
		}
	}
	return nil
}

func volumeEvent(name string, status event.Status) event.Event {
	return event.Event{Type: event.Volume, Status: status, Name: name}
}

// claimOrphans marks, in the transaction that deleted container c, the anonymous
// volumes no other container uses, and volumes whose making was cut off, as being
// removed, and returns their names. Named volumes stay.
func (r *Runtime) claimOrphans(ctx context.Context, tx *store.Tx, c *container.Container) ([]string, error) {
	if c.Config == nil {
		return nil, nil
	}
	var orphans []string
	for _, m := range c.Config.Storage.Volumes {
		row, err := tx.Volume(ctx, m.Name)
		if errors.Is(err, errdefs.ErrNoSuchVolume) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !row.Anonymous && row.State != store.VolumeCreating {
			continue
		}
		claimed, err := r.claimVolume(ctx, tx, row)
		if errors.Is(err, errdefs.ErrInUse) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if claimed {
			orphans = append(orphans, m.Name)
		}
	}
	return orphans, nil
}

// claimVolume marks a volume no container uses as being removed by this process;
// false when another live process is at it.
func (r *Runtime) claimVolume(ctx context.Context, tx *store.Tx, row *store.Volume) (bool, error) {
	users, err := tx.ContainersUsingVolume(ctx, row.Name)
	if err != nil {
		return false, err
	}
	if len(users) > 0 {
		return false, store.VolumeInUseError(row.Name, users)
	}
	if row.State != store.VolumeReady && row.Owner != r.self && r.alive(row.Owner) {
		return false, nil
	}
	row.State, row.Owner = store.VolumeRemoving, r.self
	return true, tx.SaveVolume(ctx, row)
}

// removeClaimedVolumes removes what claimVolume marked: directory, then row and
// event. Idempotent.
func (r *Runtime) removeClaimedVolumes(ctx context.Context, names []string) error {
	var errs error
	for _, name := range names {
		errs = errors.Join(errs, r.removeClaimedVolume(ctx, name))
	}
	return errs
}

// removeClaimedVolume removes what claimVolume marked. Why it was removed is
// recorded after the removal.
func (r *Runtime) removeClaimedVolume(ctx context.Context, name string, why ...event.Status) error {
	ctx, cancel := lingering(ctx) // the decision is made, and half a volume is of no use
	defer cancel()
	v, err := r.volumeNamed(ctx, name)
	if errors.Is(err, errdefs.ErrNoSuchVolume) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := volume.Unmount(v); err != nil {
		return err
	}
	if err := r.dropSourceLayer(v); err != nil {
		return err
	}
	if err := volume.Remove(r.settings.VolumeDir, v); err != nil {
		return err
	}
	if err := r.removeVolumeBlueprint(name); err != nil {
		return err
	}
	return r.store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.DeleteVolume(ctx, name); err != nil {
			return err
		}
		for _, status := range append([]event.Status{event.Remove}, why...) {
			if err := tx.AddEvent(ctx, volumeEvent(name, status)); err != nil {
				return err
			}
		}
		return nil
	})
}
