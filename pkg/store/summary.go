package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
)

// PodSummary is what listing a pod needs, without its configuration being read.
type PodSummary struct {
	ID, Name, InfraID string
	State             pod.State
	CreatedAt         time.Time
	Labels            map[string]string
	CgroupParent      string
	Containers        []ContainerSummary
	// Networks are those of the infra container, by name.
	Networks []string
	Damage   string
}

// ContainerSummary is what listing a pod needs of a container.
type ContainerSummary struct {
	ID, Name string
	// State is Unknown where the row cannot be interpreted.
	State        container.State
	Intent       string
	Init         bool
	Owner        container.Owner
	Process      container.Owner
	Exited       bool
	RestartCount uint
	DependsOn    []string
}

// PodSummaries lists every pod, newest first, in three queries however many
// there are. Pods still being made are left out; with a podID only that one.
func (tx *Tx) PodSummaries(ctx context.Context, podID string) ([]*PodSummary, error) {
	pods, err := collect(ctx, tx, scanPodSummary, `SELECT id, name, infra_id, state, created_at, labels, coalesce(config ->> 'CgroupParent', '')
		FROM pods WHERE state <> 'creating' AND json_valid(config) AND (?1 = '' OR id = ?1)
		UNION ALL
		SELECT id, name, infra_id, 'unreadable', created_at, labels, '' FROM pods WHERE state <> 'creating' AND NOT json_valid(config) AND (?1 = '' OR id = ?1)
		ORDER BY created_at DESC, id`, podID)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*PodSummary, len(pods))
	for _, p := range pods {
		byID[p.ID] = p
	}
	if err := tx.fillContainers(ctx, byID, podID); err != nil {
		return nil, err
	}
	return pods, tx.fillNetworks(ctx, byID, podID)
}

func scanPodSummary(row scanner) (*PodSummary, error) {
	var (
		p       PodSummary
		created int64
		labels  string
	)
	if err := row.Scan(&p.ID, &p.Name, &p.InfraID, &p.State, &created, &labels, &p.CgroupParent); err != nil {
		return nil, err
	}
	p.CreatedAt = instant(created)
	switch p.State {
	case pod.Ready, pod.Removing:
	case "unreadable":
		p.Damage = "configuration cannot be read"
	default:
		p.Damage = "unknown state word " + string(p.State)
	}
	if err := decode(labels, &p.Labels); err != nil {
		p.Damage = "labels cannot be read: " + err.Error()
	}
	return &p, nil
}

func (tx *Tx) fillContainers(ctx context.Context, byID map[string]*PodSummary, podID string) error {
	_, err := collect(ctx, tx, func(row scanner) (struct{}, error) {
		var (
			c                 ContainerSummary
			podID, deps       string
			start, ownerStart int64
			readable          bool
		)
		err := row.Scan(&podID, &c.ID, &c.Name, &c.State, &c.Intent, &c.Init, &c.Owner.PID, &ownerStart, &c.Owner.BootID,
			&c.Process.PID, &start, &c.Process.BootID, &c.Exited, &c.RestartCount, &readable, &deps)
		if deps != "" {
			c.DependsOn = strings.Split(deps, ",")
		}
		c.Process.StartTime, c.Owner.StartTime = uint64(start), uint64(ownerStart)
		if !c.State.Valid() || !readable {
			c.State = container.Unknown
		}
		if p := byID[podID]; p != nil && c.State != container.Creating {
			p.Containers = append(p.Containers, c)
		}
		return struct{}{}, err
	}, `SELECT pod_id, id, name, state, intent, init_type <> '', owner_pid, owner_start, owner_boot,
			pid, pid_start, boot_id, exited, restart_count, json_valid(config),
			coalesce((SELECT group_concat(depends_on) FROM container_deps WHERE container_id = containers.id), '') FROM containers
		WHERE pod_id IS NOT NULL AND state <> 'creating' AND (?1 = '' OR pod_id = ?1) ORDER BY created_at, id`, podID)
	return err
}

func (tx *Tx) fillNetworks(ctx context.Context, byID map[string]*PodSummary, podID string) error {
	_, err := collect(ctx, tx, func(row scanner) (struct{}, error) {
		var owner, network string
		err := row.Scan(&owner, &network)
		if p := byID[owner]; p != nil {
			p.Networks = append(p.Networks, network)
		}
		return struct{}{}, err
	}, `SELECT p.id, n.network FROM pods p JOIN container_networks n ON n.container_id = p.infra_id
		WHERE (?1 = '' OR p.id = ?1) ORDER BY 1, 2`, podID)
	return err
}

// Counts are how many containers are in each state, for `info`.
func (tx *Tx) Counts(ctx context.Context) (map[container.State]int, error) {
	out := map[container.State]int{}
	_, err := collect(ctx, tx, func(row scanner) (struct{}, error) {
		var (
			s container.State
			n int
		)
		err := row.Scan(&s, &n)
		out[s] = n
		return struct{}{}, err
	}, "SELECT state, count(*) FROM containers WHERE state <> 'creating' GROUP BY state")
	return out, err
}

// Integrity runs SQLite's quick check; nil for a sound file.
func (tx *Tx) Integrity(ctx context.Context) error {
	var answer string
	if err := tx.tx.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&answer); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if answer != "ok" {
		return errors.New(answer)
	}
	return nil
}

// PodNames are the names of all pods by ID, those still being made included.
func (tx *Tx) PodNames(ctx context.Context) (map[string]string, error) {
	names := map[string]string{}
	_, err := collect(ctx, tx, func(row scanner) (struct{}, error) {
		var id, name string
		err := row.Scan(&id, &name)
		names[id] = name
		return struct{}{}, err
	}, "SELECT id, name FROM pods")
	return names, err
}
