package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
)

const podColumns = "id, name, infra_id, state, owner_pid, owner_start, owner_boot, created_at, labels, config"

func scanPod(row scanner) (*pod.Pod, error) {
	var (
		p              pod.Pod
		created        int64
		start          int64
		labels, config string
	)
	err := row.Scan(&p.ID, &p.Name, &p.InfraID, &p.State, &p.Owner.PID, &start, &p.Owner.BootID, &created, &labels, &config)
	if err != nil {
		return nil, err
	}
	p.Owner.StartTime = uint64(start)
	p.CreatedAt = instant(created)
	cfg := new(pod.Config)
	if err := errors.Join(decode(config, cfg), decode(labels, &cfg.Labels)); err != nil {
		p.Damage = "configuration cannot be read: " + err.Error()
		return &p, nil
	}
	p.Config = cfg
	switch p.State {
	case pod.Creating, pod.Ready, pod.Removing:
	default:
		p.Damage = fmt.Sprintf("unknown state word %q", p.State)
	}
	return &p, nil
}

// encodePod splits a configuration into its two columns: labels are listed by
// `pod ps`, the rest is not.
func encodePod(c *pod.Config) (labels, config string, err error) {
	rest := *c
	rest.Labels = nil
	if labels, err = encode(c.Labels); err != nil {
		return "", "", err
	}
	config, err = encode(&rest)
	return labels, config, err
}

// InsertPod adds a pod row. Errors: [errdefs.ErrPodExists] for a taken name,
// class ErrExists for an ID used before.
func (tx *Tx) InsertPod(ctx context.Context, p *pod.Pod) error {
	if err := tx.claimID(ctx, p.ID); err != nil {
		return err
	}
	labels, config, err := encodePod(p.Config)
	if err != nil {
		return err
	}
	args := append([]any{p.ID, p.Name, p.InfraID, p.State}, ownerArgs(p.Owner)...)
	_, err = tx.exec(ctx, "INSERT INTO pods ("+podColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		append(args, nanos(p.CreatedAt), labels, config)...)
	if isUnique(err, "pods.name") {
		return fmt.Errorf("name %q is in use: %w", p.Name, errdefs.ErrPodExists)
	}
	return err
}

// Pod returns the pod with that full ID, in any state.
func (tx *Tx) Pod(ctx context.Context, id string) (*pod.Pod, error) {
	p, err := scanPod(tx.tx.QueryRowContext(ctx, "SELECT "+podColumns+" FROM pods WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("no pod with name or ID %s found: %w", id, errdefs.ErrNoSuchPod)
	}
	return p, err
}

// HasPod says whether there is a pod with that full ID, in any state.
func (tx *Tx) HasPod(ctx context.Context, id string) (has bool, err error) {
	err = tx.tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pods WHERE id = ?)", id).Scan(&has)
	return has, err
}

// Pods returns every pod, oldest first, those still being made included.
func (tx *Tx) Pods(ctx context.Context) ([]*pod.Pod, error) {
	return collect(ctx, tx, scanPod, "SELECT "+podColumns+" FROM pods ORDER BY created_at, id")
}

// SavePod writes what may change of a pod: name, infra container, state, owner,
// configuration (unless the stored one could not be read).
func (tx *Tx) SavePod(ctx context.Context, p *pod.Pod) error {
	args := append([]any{p.Name, p.InfraID, p.State}, ownerArgs(p.Owner)...)
	stmt := "UPDATE pods SET name = ?, infra_id = ?, state = ?, owner_pid = ?, owner_start = ?, owner_boot = ?"
	if p.Config != nil {
		labels, config, err := encodePod(p.Config)
		if err != nil {
			return err
		}
		stmt += ", labels = ?, config = ?"
		args = append(args, labels, config)
	}
	n, err := tx.exec(ctx, stmt+" WHERE id = ?", append(args, p.ID)...)
	if err == nil && n == 0 {
		return fmt.Errorf("no pod with name or ID %s found: %w", p.ID, errdefs.ErrNoSuchPod)
	}
	return err
}

// DeletePod deletes the row; [errdefs.ErrInUse] while containers are in the pod.
// A pod that is gone already is no error.
func (tx *Tx) DeletePod(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, "DELETE FROM pods WHERE id = ?", id)
	if isForeignKey(err) {
		return fmt.Errorf("pod %s still has containers: %w", id, errdefs.ErrInUse)
	}
	return err
}

// PodsOfService returns the IDs of the pods of a service container, by the ID,
// without those that are being removed.
func (tx *Tx) PodsOfService(ctx context.Context, id string) ([]string, error) {
	// As text: a configuration that is no JSON must not keep the others from being found.
	return tx.texts(ctx, `SELECT id FROM pods WHERE state <> 'removing' AND instr(config, '"ServiceID":"' || ? || '"') ORDER BY 1`, id)
}

// LostPods returns the IDs of pods that have containers but no row.
func (tx *Tx) LostPods(ctx context.Context) ([]string, error) {
	return tx.texts(ctx, "SELECT DISTINCT pod_id FROM containers WHERE pod_id IS NOT NULL AND pod_id NOT IN (SELECT id FROM pods) ORDER BY 1")
}

// PodsInTransition returns the pods that are not ready: being made or removed, by
// the living or the dead, or with a state word that cannot be read.
func (tx *Tx) PodsInTransition(ctx context.Context) ([]*pod.Pod, error) {
	return collect(ctx, tx, scanPod, "SELECT "+podColumns+" FROM pods INDEXED BY pods_transition WHERE state <> 'ready' ORDER BY created_at, id") // see busyQuery
}
