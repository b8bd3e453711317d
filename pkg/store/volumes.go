package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// VolumeState is where a volume is in its life; all but VolumeReady carry an owner.
type VolumeState string

// The states of a volume row.
const (
	VolumeCreating VolumeState = "creating"
	VolumeReady    VolumeState = "ready"
	VolumeRemoving VolumeState = "removing"
)

// Volume is one volume row. Config is the volume driver's JSON, opaque here.
type Volume struct {
	Name      string
	State     VolumeState
	Owner     container.Owner
	Anonymous bool
	CreatedAt time.Time
	Config    []byte
}

const volumeColumns = "name, state, owner_pid, owner_start, owner_boot, anonymous, created_at, config"

func scanVolume(row scanner) (*Volume, error) {
	var (
		v              Volume
		start, created int64
	)
	err := row.Scan(&v.Name, &v.State, &v.Owner.PID, &start, &v.Owner.BootID, &v.Anonymous, &created, &v.Config)
	v.Owner.StartTime, v.CreatedAt = uint64(start), instant(created)
	return &v, err
}

// InsertVolume adds a volume row; [errdefs.ErrVolumeExists] for a taken name.
func (tx *Tx) InsertVolume(ctx context.Context, v *Volume) error {
	_, err := tx.exec(ctx, "INSERT INTO volumes ("+volumeColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		append(append([]any{v.Name, v.State}, ownerArgs(v.Owner)...), v.Anonymous, nanos(v.CreatedAt), string(v.Config))...)
	if isUnique(err, "") {
		return fmt.Errorf("volume with name %s already exists: %w", v.Name, errdefs.ErrVolumeExists)
	}
	return err
}

// Volume returns the volume with exactly that name, in any state.
func (tx *Tx) Volume(ctx context.Context, name string) (*Volume, error) {
	v, err := scanVolume(tx.tx.QueryRowContext(ctx, "SELECT "+volumeColumns+" FROM volumes WHERE name = ?", name))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("no volume with name %q found: %w", name, errdefs.ErrNoSuchVolume)
	}
	return v, err
}

// LookupVolume returns the name of the volume with exactly that name, or else of
// the one whose name starts with the text.
func (tx *Tx) LookupVolume(ctx context.Context, text string) (string, error) {
	if text == "" {
		return "", errdefs.ErrEmptyName
	}
	names, err := tx.texts(ctx, "SELECT name FROM volumes WHERE name = ?1 AND state <> 'creating'", text)
	if err == nil && len(names) == 0 {
		names, err = tx.texts(ctx, "SELECT name FROM volumes WHERE substr(name, 1, length(?1)) = ?1 AND state <> 'creating' LIMIT 2", text)
	}
	switch {
	case err != nil:
		return "", err
	case len(names) == 0:
		return "", fmt.Errorf("no volume with name %q found: %w", text, errdefs.ErrNoSuchVolume)
	case len(names) > 1:
		return "", fmt.Errorf("more than one result for volume name %s: %w", text, errdefs.ErrAmbiguousVolume)
	}
	return names[0], nil
}

// Volumes returns every volume by name, those being made included.
func (tx *Tx) Volumes(ctx context.Context) ([]*Volume, error) {
	return collect(ctx, tx, scanVolume, "SELECT "+volumeColumns+" FROM volumes ORDER BY name")
}

// VolumeUsers returns for each used volume the IDs of the containers using it.
func (tx *Tx) VolumeUsers(ctx context.Context) (map[string][]string, error) {
	return tx.edges(ctx, "SELECT volume, container_id FROM container_volumes ORDER BY 1, 2")
}

// SaveVolume writes state, owner and configuration.
func (tx *Tx) SaveVolume(ctx context.Context, v *Volume) error {
	n, err := tx.exec(ctx, "UPDATE volumes SET state = ?, owner_pid = ?, owner_start = ?, owner_boot = ?, config = ? WHERE name = ?",
		append(append([]any{v.State}, ownerArgs(v.Owner)...), string(v.Config), v.Name)...)
	if err == nil && n == 0 {
		return fmt.Errorf("no volume with name %q found: %w", v.Name, errdefs.ErrNoSuchVolume)
	}
	return err
}

// DeleteVolume deletes the row; [errdefs.ErrVolumeInUse] while a container uses
// the volume. One that is gone already is no error.
func (tx *Tx) DeleteVolume(ctx context.Context, name string) error {
	_, err := tx.exec(ctx, "DELETE FROM volumes WHERE name = ?", name)
	if !isForeignKey(err) {
		return err
	}
	users, usersErr := tx.ContainersUsingVolume(ctx, name)
	if usersErr != nil {
		return usersErr
	}
	return VolumeInUseError(name, users)
}

// VolumeInUseError says which containers use the volume.
func VolumeInUseError(name string, users []string) error {
	return fmt.Errorf("volume %s is being used by the following container(s): %s: %w", name, joinComma(users), errdefs.ErrVolumeInUse)
}

// VolumesInTransition returns the volumes being made or removed, by the living or the dead.
func (tx *Tx) VolumesInTransition(ctx context.Context) ([]*Volume, error) {
	return collect(ctx, tx, scanVolume, "SELECT "+volumeColumns+" FROM volumes WHERE state <> 'ready' ORDER BY name")
}
