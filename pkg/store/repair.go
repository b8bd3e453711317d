package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
)

// What follows is for a database that was damaged or lost: the schema keeps all
// of it from happening while it is only podctl that writes.

// Dangling is a row about an object that has no row.
type Dangling struct {
	// Table is where the row is, Owner the object it belongs to, Target the other
	// object it names, if any.
	Table, Owner, Target string
	// Missing is the one of the two that is not there.
	Missing string
}

// danglingQueries find, a table each, the rows whose container or volume is
// missing: owner, target, missing.
func danglingQueries() map[string]string {
	return map[string]string{
		"container_deps": `SELECT container_id, depends_on, container_id FROM container_deps WHERE container_id NOT IN (SELECT id FROM containers)`,
		"container_volumes": `SELECT container_id, volume, container_id FROM container_volumes WHERE container_id NOT IN (SELECT id FROM containers)
			UNION ALL SELECT container_id, volume, volume FROM container_volumes WHERE volume NOT IN (SELECT name FROM volumes)`,
		"container_networks": `SELECT container_id, network, container_id FROM container_networks WHERE container_id NOT IN (SELECT id FROM containers)`,
		"exec_sessions":      `SELECT container_id, id, container_id FROM exec_sessions WHERE container_id NOT IN (SELECT id FROM containers)`,
	}
}

// Dangling returns the rows of relations that refer to what is not there. Edges of
// a container that is there are not among them: see [container.Container].DependsOn.
func (tx *Tx) Dangling(ctx context.Context) ([]Dangling, error) {
	var all []Dangling
	for table, query := range danglingQueries() {
		found, err := collect(ctx, tx, func(row scanner) (Dangling, error) {
			d := Dangling{Table: table}
			return d, row.Scan(&d.Owner, &d.Target, &d.Missing)
		}, query)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b Dangling) int {
		return slices.Compare([]string{a.Table, a.Owner, a.Target}, []string{b.Table, b.Owner, b.Target})
	})
	return all, nil
}

// DropDangling deletes every row [Tx.Dangling] finds.
func (tx *Tx) DropDangling(ctx context.Context) error {
	for _, stmt := range []string{
		"DELETE FROM container_deps WHERE container_id NOT IN (SELECT id FROM containers)",
		"DELETE FROM container_volumes WHERE container_id NOT IN (SELECT id FROM containers) OR volume NOT IN (SELECT name FROM volumes)",
		"DELETE FROM container_networks WHERE container_id NOT IN (SELECT id FROM containers)",
		"DELETE FROM exec_sessions WHERE container_id NOT IN (SELECT id FROM containers)",
	} {
		if _, err := tx.exec(ctx, stmt); err != nil {
			return err
		}
	}
	return nil
}

// IDUsed reports whether the ID was ever given out by this database.
func (tx *Tx) IDUsed(ctx context.Context, id string) (bool, error) {
	found, err := tx.texts(ctx, "SELECT id FROM ids WHERE id = ?", id)
	return len(found) > 0, err
}

// SetDependencies replaces the edges of a container; each must be there.
func (tx *Tx) SetDependencies(ctx context.Context, id string, deps []string) error {
	if _, err := tx.exec(ctx, "DELETE FROM container_deps WHERE container_id = ?", id); err != nil {
		return err
	}
	for _, dep := range deps {
		if _, err := tx.exec(ctx, "INSERT INTO container_deps (container_id, depends_on) VALUES (?, ?)", id, dep); err != nil {
			return fmt.Errorf("record that container %s depends on %s: %w", id, dep, err)
		}
	}
	return nil
}

// RestorePod inserts the row of a pod that was there before; like InsertPod, but
// its ID may have been used.
func (tx *Tx) RestorePod(ctx context.Context, p *pod.Pod) error {
	if err := tx.forgetID(ctx, p.ID); err != nil {
		return err
	}
	return tx.InsertPod(ctx, p)
}

// RestoreContainer inserts the row of a container that was there before, with its
// run state; like InsertContainer, but its ID may have been used and what is left
// of its relations is replaced.
func (tx *Tx) RestoreContainer(ctx context.Context, c *container.Container) error {
	if err := tx.forgetID(ctx, c.ID); err != nil {
		return err
	}
	for _, table := range []string{"container_deps", "container_volumes", "container_networks"} {
		if _, err := tx.exec(ctx, "DELETE FROM "+table+" WHERE container_id = ?", c.ID); err != nil {
			return err
		}
	}
	if err := tx.InsertContainer(ctx, c); err != nil {
		return err
	}
	return tx.SaveContainer(ctx, c)
}

// forgetID lets an ID be given out again; the schema refuses it for one that has
// a row.
func (tx *Tx) forgetID(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, "DELETE FROM ids WHERE id = ?", id)
	return err
}

// RestoreContainerConfig writes a configuration over one that cannot be read.
func (tx *Tx) RestoreContainerConfig(ctx context.Context, c *container.Container) error {
	if _, err := tx.exec(ctx, "UPDATE containers SET init_type = ?, image_id = ?, net_status = '' WHERE id = ?", c.Config.InitType, c.Config.Image.ID, c.ID); err != nil {
		return err
	}
	if err := tx.SaveContainerConfig(ctx, c); err != nil {
		return err
	}
	return tx.SaveContainer(ctx, c)
}
