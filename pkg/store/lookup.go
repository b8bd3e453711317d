package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/podctl/podctl/pkg/errdefs"
)

// LookupPod returns the ID of the pod with exactly this name, or else of the
// one pod whose ID starts with the text, case-insensitively. Pods still being
// made are invisible. Errors: [errdefs.ErrNotFound], [errdefs.ErrAmbiguous], or
// [errdefs.ErrEmptyName].
func (tx *Tx) LookupPod(ctx context.Context, nameOrID string) (string, error) {
	ids, err := tx.lookup(ctx, "pods", nameOrID)
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return "", fmt.Errorf("no pod with name or ID %s found: %w", nameOrID, errdefs.ErrNoSuchPod)
	case len(ids) > 1:
		return "", fmt.Errorf("more than one result for pod %q: %w", nameOrID, errdefs.ErrAmbiguousID)
	}
	return ids[0], nil
}

// LookupContainer is [Tx.LookupPod] for containers. A leading slash of the name
// is ignored.
func (tx *Tx) LookupContainer(ctx context.Context, nameOrID string) (string, error) {
	ids, err := tx.lookup(ctx, "containers", strings.TrimPrefix(nameOrID, "/"))
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return "", fmt.Errorf("no container with name or ID %q found: %w", nameOrID, errdefs.ErrNoSuchCtr)
	case len(ids) > 1:
		return "", fmt.Errorf("more than one result for container %q: %w", nameOrID, errdefs.ErrAmbiguousID)
	}
	return ids[0], nil
}

// lookup returns the IDs text may mean: one for an exact name or ID, at most two
// for a prefix. The range condition on the primary key stands for LIKE 'text%'
// and, unlike it, uses the index; IDs are lower-case hex, so '~' is above all.
func (tx *Tx) lookup(ctx context.Context, table, text string) ([]string, error) {
	if text == "" {
		return nil, errdefs.ErrEmptyName
	}
	ids, err := tx.texts(ctx, "SELECT id FROM "+table+" WHERE name = ? AND state <> 'creating'", text)
	if err != nil || len(ids) > 0 {
		return ids, err
	}
	prefix := strings.ToLower(text)
	return tx.texts(ctx, "SELECT id FROM "+table+" WHERE id >= ? AND id < ? || '~' AND state <> 'creating' LIMIT 2", prefix, prefix)
}

// NewestPod is the ID of the pod created last; [errdefs.ErrNoSuchPod] without any.
func (tx *Tx) NewestPod(ctx context.Context) (string, error) {
	ids, err := tx.texts(ctx, "SELECT id FROM pods WHERE state <> 'creating' ORDER BY created_at DESC LIMIT 1")
	if err != nil {
		return "", err
	}
	if len(ids) == 0 {
		return "", errdefs.ErrNoSuchPod
	}
	return ids[0], nil
}

// NewestContainer is the ID of the container created last, infra containers
// included; [errdefs.ErrNoSuchCtr] without any.
func (tx *Tx) NewestContainer(ctx context.Context) (string, error) {
	ids, err := tx.texts(ctx, "SELECT id FROM containers WHERE state <> 'creating' ORDER BY created_at DESC LIMIT 1")
	if err != nil {
		return "", err
	}
	if len(ids) == 0 {
		return "", errdefs.ErrNoSuchCtr
	}
	return ids[0], nil
}

// NameTaken reports whether a pod or a container, in any state, has the name.
func (tx *Tx) NameTaken(ctx context.Context, name string) (bool, error) {
	ids, err := tx.texts(ctx, "SELECT id FROM pods WHERE name = ?1 UNION ALL SELECT id FROM containers WHERE name = ?1 LIMIT 1", name)
	return len(ids) > 0, err
}

// ContainerNamed is the ID of the container with exactly that name, in any
// state; "" when the name is free.
func (tx *Tx) ContainerNamed(ctx context.Context, name string) (string, error) {
	ids, err := tx.texts(ctx, "SELECT id FROM containers WHERE name = ?", name)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// PodNamed is [Tx.ContainerNamed] for pods.
func (tx *Tx) PodNamed(ctx context.Context, name string) (string, error) {
	ids, err := tx.texts(ctx, "SELECT id FROM pods WHERE name = ?", name)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// claimID records a new ID; one that was ever used is refused.
func (tx *Tx) claimID(ctx context.Context, id string) error {
	if _, err := tx.tx.ExecContext(ctx, "INSERT INTO ids (id) VALUES (?)", id); err != nil {
		if isUnique(err, "ids.id") {
			return fmt.Errorf("ID %s was used before: %w", id, errdefs.ErrExists)
		}
		return err
	}
	return nil
}
