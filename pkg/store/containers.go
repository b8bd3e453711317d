package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

const containerColumns = `c.id, c.name, c.pod_id, c.state, c.intent, c.owner_pid, c.owner_start, c.owner_boot, c.created_at, c.init_type,
	c.pid, c.pid_start, c.conmon_pid, c.conmon_start, c.boot_id, c.started_at, c.finished_at, c.exit_code, c.exited, c.oom_killed,
	c.stopped_by_user, c.restart_count, c.error, c.mountpoint, c.netns, c.net_status, c.config`

func scanContainer(row scanner) (*container.Container, error) {
	var (
		c                                       container.Container
		podID                                   sql.NullString
		created, started, finished              int64
		ownerStart, pidStart, conmonStart       int64
		boot, initType, netStatus, configColumn string
	)
	r := &c.Runtime
	err := row.Scan(&c.ID, &c.Name, &podID, &c.State, &c.Intent, &c.Owner.PID, &ownerStart, &c.Owner.BootID, &created, &initType,
		&r.Process.PID, &pidStart, &r.Conmon.PID, &conmonStart, &boot, &started, &finished, &r.ExitCode, &r.Exited, &r.OOMKilled,
		&r.StoppedByUser, &r.RestartCount, &r.Error, &r.Mountpoint, &r.NetNS, &netStatus, &configColumn)
	if err != nil {
		return nil, err
	}
	c.PodID = podID.String
	c.Owner.StartTime = uint64(ownerStart)
	c.CreatedAt, r.StartedAt, r.FinishedAt = instant(created), instant(started), instant(finished)
	r.Process.StartTime, r.Conmon.StartTime = uint64(pidStart), uint64(conmonStart)
	if r.Process.PID != 0 {
		r.Process.BootID = boot
	}
	if r.Conmon.PID != 0 {
		r.Conmon.BootID = boot
	}
	cfg := new(container.Config)
	if err := errors.Join(decode(configColumn, cfg), decode(netStatus, &r.NetStatus)); err != nil {
		c.Damage, c.State = "configuration cannot be read: "+err.Error(), container.Unknown
		return &c, nil
	}
	cfg.InitType = initType
	c.Config = cfg
	if !c.State.Valid() {
		c.Damage, c.State = fmt.Sprintf("unknown state word %q", c.State), container.Unknown
	}
	return &c, nil
}

func encodeContainer(c *container.Config) (string, error) {
	rest := *c
	rest.InitType = ""
	return encode(&rest)
}

// InsertContainer adds a container row with its edges, its volumes (their rows
// must exist) and its networks. Errors: [errdefs.ErrNameInUse] for a taken name,
// [errdefs.ErrNoSuchPod] or [errdefs.ErrNoSuchCtr] when what it refers to is gone.
func (tx *Tx) InsertContainer(ctx context.Context, c *container.Container) error {
	if err := tx.claimID(ctx, c.ID); err != nil {
		return err
	}
	config, err := encodeContainer(c.Config)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO containers (id, name, pod_id, state, intent, owner_pid, owner_start, owner_boot, created_at, init_type, image_id, config)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		append(append([]any{c.ID, c.Name, null(c.PodID), c.State, c.Intent}, ownerArgs(c.Owner)...),
			nanos(c.CreatedAt), c.Config.InitType, c.Config.Image.ID, config)...)
	switch {
	case isUnique(err, "containers.name"):
		holder, lookErr := tx.ContainerNamed(ctx, c.Name)
		if lookErr != nil {
			return lookErr
		}
		return fmt.Errorf("creating container storage: the container name %q is already in use by %s. You have to remove that container to be able to reuse that name: %w, or use --replace to instruct Podman to do so.",
			c.Name, holder, errdefs.ErrNameInUse)
	case isForeignKey(err):
		return fmt.Errorf("no pod with name or ID %s found: %w", c.PodID, errdefs.ErrNoSuchPod)
	case err != nil:
		return err
	}
	return tx.insertRelations(ctx, c)
}

func (tx *Tx) insertRelations(ctx context.Context, c *container.Container) error {
	for _, dep := range c.DependsOn {
		_, err := tx.exec(ctx, "INSERT INTO container_deps (container_id, depends_on) VALUES (?, ?)", c.ID, dep)
		if isForeignKey(err) {
			return fmt.Errorf("%q is not a valid container, cannot be used as a dependency: %w", dep, errdefs.ErrNoSuchCtr)
		}
		if err != nil {
			return err
		}
	}
	for _, v := range c.Config.Storage.Volumes {
		_, err := tx.exec(ctx, "INSERT OR IGNORE INTO container_volumes (container_id, volume) VALUES (?, ?)", c.ID, v.Name)
		if isForeignKey(err) {
			return fmt.Errorf("no volume with name %q found: %w", v.Name, errdefs.ErrNoSuchVolume)
		}
		if err != nil {
			return err
		}
	}
	for name := range c.Config.Network.Networks {
		if _, err := tx.exec(ctx, "INSERT INTO container_networks (container_id, network) VALUES (?, ?)", c.ID, name); err != nil {
			return err
		}
	}
	return nil
}

// Container returns the container with that full ID, in any state, with its edges.
func (tx *Tx) Container(ctx context.Context, id string) (*container.Container, error) {
	c, err := scanContainer(tx.tx.QueryRowContext(ctx, "SELECT "+containerColumns+" FROM containers c WHERE c.id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("no container with name or ID %q found: %w", id, errdefs.ErrNoSuchCtr)
	}
	if err != nil {
		return nil, err
	}
	c.DependsOn, err = tx.texts(ctx, "SELECT depends_on FROM container_deps WHERE container_id = ? ORDER BY 1", id)
	return c, err
}

// Containers returns every container, oldest first, with its edges, those still
// being made included.
func (tx *Tx) Containers(ctx context.Context) ([]*container.Container, error) {
	return tx.containers(ctx, "", "")
}

// PodContainers returns the containers of one pod, oldest first, with their edges.
func (tx *Tx) PodContainers(ctx context.Context, podID string) ([]*container.Container, error) {
	return tx.containers(ctx, " WHERE c.pod_id = ?", " JOIN containers c ON c.id = d.container_id WHERE c.pod_id = ?", podID)
}

// Busy is a container that somebody was busy with, alive or not.
type Busy struct {
	ID, PodID string
	Owner     container.Owner
}

// busyQuery names its index: left alone SQLite takes the one of the order and reads
// every row.
const busyQuery = "SELECT id, pod_id, owner_pid, owner_start, owner_boot FROM containers INDEXED BY containers_intent WHERE intent <> '' ORDER BY created_at, id"

// ContainersBusy returns the containers with an intent, oldest first.
func (tx *Tx) ContainersBusy(ctx context.Context) ([]Busy, error) {
	return collect(ctx, tx, func(row scanner) (b Busy, err error) {
		var podID sql.NullString
		var start int64
		err = row.Scan(&b.ID, &podID, &b.Owner.PID, &start, &b.Owner.BootID)
		b.PodID, b.Owner.StartTime = podID.String, uint64(start)
		return b, err
	}, busyQuery)
}

// Up is a container whose row says that it has a process.
type Up struct {
	ID              string
	Process, Conmon container.Owner
}

const upQuery = "SELECT id, pid, pid_start, conmon_pid, conmon_start, boot_id FROM containers WHERE state IN ('initialized', 'running', 'paused', 'stopped') ORDER BY id"

// ContainersUp returns the containers that by their rows are initialized, running
// or paused, or have stopped and not been cleaned up after.
func (tx *Tx) ContainersUp(ctx context.Context) ([]Up, error) {
	return collect(ctx, tx, func(row scanner) (u Up, err error) {
		var start, conmonStart int64
		err = row.Scan(&u.ID, &u.Process.PID, &start, &u.Conmon.PID, &conmonStart, &u.Process.BootID)
		u.Process.StartTime, u.Conmon.StartTime, u.Conmon.BootID = uint64(start), uint64(conmonStart), u.Process.BootID
		return u, err
	}, upQuery)
}

func (tx *Tx) containers(ctx context.Context, where, depsWhere string, args ...any) ([]*container.Container, error) {
	list, err := collect(ctx, tx, scanContainer, "SELECT "+containerColumns+" FROM containers c"+where+" ORDER BY c.created_at, c.id", args...)
	if err != nil {
		return nil, err
	}
	edges, err := tx.edges(ctx, "SELECT d.container_id, d.depends_on FROM container_deps d"+depsWhere+" ORDER BY 1, 2", args...)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		c.DependsOn = edges[c.ID]
	}
	return list, nil
}

// edges runs a query of two columns, container and what it depends on.
func (tx *Tx) edges(ctx context.Context, query string, args ...any) (map[string][]string, error) {
	pairs, err := collect(ctx, tx, func(row scanner) ([2]string, error) {
		var p [2]string
		return p, row.Scan(&p[0], &p[1])
	}, query, args...)
	out := make(map[string][]string, len(pairs))
	for _, p := range pairs {
		out[p[0]] = append(out[p[0]], p[1])
	}
	return out, err
}

// Dependents returns the IDs of the containers that depend on id directly, sorted.
func (tx *Tx) Dependents(ctx context.Context, id string) ([]string, error) {
	return tx.texts(ctx, "SELECT container_id FROM container_deps WHERE depends_on = ? ORDER BY 1", id)
}

// DropEdges forgets the edges to and from a container: how one of a pod whose
// graph cannot be built is removed by force.
func (tx *Tx) DropEdges(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, "DELETE FROM container_deps WHERE container_id = ?1 OR depends_on = ?1", id)
	return err
}

// SaveContainer writes what changes in a container's life: state, intent, owner
// and run state. Name and configuration have their own methods.
func (tx *Tx) SaveContainer(ctx context.Context, c *container.Container) error {
	r := &c.Runtime
	netStatus := ""
	if len(r.NetStatus) > 0 {
		var err error
		if netStatus, err = encode(r.NetStatus); err != nil {
			return err
		}
	}
	boot := r.Process.BootID
	if boot == "" {
		boot = r.Conmon.BootID
	}
	args := append([]any{c.State, c.Intent}, ownerArgs(c.Owner)...)
	args = append(args, r.Process.PID, int64(r.Process.StartTime), r.Conmon.PID, int64(r.Conmon.StartTime), boot,
		nanos(r.StartedAt), nanos(r.FinishedAt), r.ExitCode, r.Exited, r.OOMKilled, r.StoppedByUser, r.RestartCount, r.Error,
		r.Mountpoint, r.NetNS, netStatus, c.ID)
	n, err := tx.exec(ctx, `UPDATE containers SET state = ?, intent = ?, owner_pid = ?, owner_start = ?, owner_boot = ?,
		pid = ?, pid_start = ?, conmon_pid = ?, conmon_start = ?, boot_id = ?, started_at = ?, finished_at = ?, exit_code = ?, exited = ?,
		oom_killed = ?, stopped_by_user = ?, restart_count = ?, error = ?, mountpoint = ?, netns = ?, net_status = ? WHERE id = ?`, args...)
	if err == nil && n == 0 {
		return fmt.Errorf("no container with name or ID %q found: %w", c.ID, errdefs.ErrNoSuchCtr)
	}
	return err
}

// SaveContainerConfig writes the configuration, after rename or update.
func (tx *Tx) SaveContainerConfig(ctx context.Context, c *container.Container) error {
	config, err := encodeContainer(c.Config)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "UPDATE containers SET name = ?, config = ? WHERE id = ?", c.Name, config, c.ID)
	if isUnique(err, "containers.name") {
		return fmt.Errorf("name %q is in use: %w", c.Name, errdefs.ErrCtrExists)
	}
	return err
}

// DeleteContainer deletes the row with its edges outwards; [errdefs.ErrDependents]
// while another container depends on it. One that is gone already is no error.
func (tx *Tx) DeleteContainer(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, "DELETE FROM containers WHERE id = ?", id)
	if !isForeignKey(err) {
		return err
	}
	dependents, depErr := tx.Dependents(ctx, id)
	if depErr != nil {
		return depErr
	}
	return DependentsError(id, dependents)
}

// DependentsError says that a container has dependents.
func DependentsError(id string, dependents []string) error {
	slices.Sort(dependents)
	return fmt.Errorf("container %s has dependent containers which must be removed before it: %s: %w",
		id, joinComma(dependents), errdefs.ErrDependents)
}

// ContainersUsingImage returns the IDs of the containers made from the image.
func (tx *Tx) ContainersUsingImage(ctx context.Context, imageID string) ([]string, error) {
	return tx.texts(ctx, "SELECT id FROM containers WHERE image_id = ? ORDER BY 1", imageID)
}

// ContainersOnNetwork returns the IDs of the containers attached to the network.
func (tx *Tx) ContainersOnNetwork(ctx context.Context, network string) ([]string, error) {
	return tx.texts(ctx, "SELECT container_id FROM container_networks WHERE network = ? ORDER BY 1", network)
}

// ContainersUsingVolume returns the IDs of the containers that mount the volume.
func (tx *Tx) ContainersUsingVolume(ctx context.Context, volume string) ([]string, error) {
	return tx.texts(ctx, "SELECT container_id FROM container_volumes WHERE volume = ? ORDER BY 1", volume)
}

// SetContainerNetworks replaces the networks a container is attached to.
func (tx *Tx) SetContainerNetworks(ctx context.Context, id string, networks []string) error {
	if _, err := tx.exec(ctx, "DELETE FROM container_networks WHERE container_id = ?", id); err != nil {
		return err
	}
	for _, name := range networks {
		if _, err := tx.exec(ctx, "INSERT INTO container_networks (container_id, network) VALUES (?, ?)", id, name); err != nil {
			return err
		}
	}
	return nil
}
