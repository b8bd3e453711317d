package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/lock"
	"github.com/podctl/podctl/pkg/store"
)

// RebuildReport is what Rebuild made.
type RebuildReport struct {
	Pods, Containers, Running, Volumes int
	// Kept is where the old database is now; "" if there was none.
	Kept string
	// Problems are what could not be recorded again, an error each.
	Problems []error
}

// Rebuild makes a new database from the blueprints on this host, when the old one is
// damaged or gone, and moves the old one aside. All pods, containers and volumes are
// back; what runs goes on with the same processes; what has ended keeps its exit code
// as far as an exit file or a row that can still be read tells it. Errors: class
// ErrInvalidState if the database is sound, ErrInUse while another podctl works on
// something. When it fails, the old database is where it was.
func Rebuild(ctx context.Context, cfg Config) (RebuildReport, error) {
	var report RebuildReport
	path := cfg.Settings.Database()
	if err := refuseRebuild(ctx, cfg, path); err != nil {
		return report, err
	}
	dir, err := os.MkdirTemp(cfg.Settings.StateDir, "rebuild")
	if err != nil {
		return report, fmt.Errorf("rebuild database: %w", err)
	}
	defer os.RemoveAll(dir) // what is of use was moved
	fresh := filepath.Join(dir, "podctl.db")
	if err := fillDatabase(ctx, cfg, fresh, store.Salvage(ctx, path), &report); err != nil {
		return report, fmt.Errorf("rebuild database: %w", err)
	}
	report.Kept, err = store.Swap(path, fresh, time.Now())
	return report, err
}

// refuseRebuild keeps a sound database, and one that is in use.
func refuseRebuild(ctx context.Context, cfg Config, path string) error {
	holders, err := lock.Open(cfg.Settings.LockDir()).Holders()
	if err != nil {
		return err
	}
	if len(holders) > 0 {
		h := holders[0]
		return fmt.Errorf("process %d (%s) works on %s: wait until it is done, or end it: %w", h.PID, h.Cmdline, shortID(h.Name), errdefs.ErrInUse)
	}
	if st, err := os.Stat(path); errors.Is(err, os.ErrNotExist) || err == nil && st.Size() == 0 {
		return os.MkdirAll(filepath.Dir(path), 0o700)
	}
	st, err := store.Open(ctx, path)
	if errors.Is(err, store.ErrDamaged) {
		return nil
	}
	if err != nil {
		return err
	}
	err = errors.Join(st.View(ctx, func(tx *store.Tx) error { return tx.Integrity(ctx) }), st.Close())
	if err == nil {
		return fmt.Errorf("database %s is sound: to mend what does not match it run \"podctl doctor --repair\": %w", path, errdefs.ErrInvalidState)
	}
	return nil
}

// fillDatabase makes a database of everything that has a blueprint.
func fillDatabase(ctx context.Context, cfg Config, path string, old map[string]*container.Container, report *RebuildReport) (err error) {
	st, err := store.Open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	r, err := assemble(cfg, st)
	if err != nil {
		return err
	}
	if err := r.enterBoot(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context, *RebuildReport) error{
		r.rebuildVolumes,
		r.rebuildPods,
		func(ctx context.Context, report *RebuildReport) error {
			return r.rebuildContainers(ctx, old, report)
		},
	} {
		if err := errors.Join(step(ctx, report), ctx.Err()); err != nil {
			return err
		}
	}
	return r.countRebuilt(ctx, report)
}

func (report *RebuildReport) problem(what string, err error) {
	if err != nil {
		report.Problems = append(report.Problems, fmt.Errorf("%s: %w", what, err))
	}
}

func (r *Runtime) rebuildVolumes(ctx context.Context, report *RebuildReport) error {
	names, err := entries(filepath.Dir(r.volumeBlueprintDir("x")))
	for _, name := range names {
		report.problem("volume "+name, r.restoreVolume(ctx, name))
	}
	return err
}

func (r *Runtime) rebuildPods(ctx context.Context, report *RebuildReport) error {
	return eachBlueprint(filepath.Dir(r.podBlueprintPath("x")), func(id string) {
		b, err := r.readPodBlueprint(id)
		if err == nil {
			err = r.store.Update(ctx, func(tx *store.Tx) error { return restorePod(ctx, tx, b) })
		}
		report.problem("pod "+shortID(id), err)
	})
}

// rebuildContainers records the containers, oldest first: what one depends on is
// older than it.
func (r *Runtime) rebuildContainers(ctx context.Context, old map[string]*container.Container, report *RebuildReport) error {
	var list []*blueprint
	err := eachBlueprint(filepath.Dir(r.blueprintPath("x")), func(id string) {
		b, err := r.readBlueprint(id)
		if err != nil {
			report.problem("container "+shortID(id), err)
			return
		}
		list = append(list, b)
	})
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b *blueprint) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	for _, b := range list {
		c := r.revived(b)
		r.refineState(ctx, c)
		recall(c, old[c.ID])
		report.problem("container "+c.Name, r.restoreContainerAs(ctx, c))
	}
	for _, b := range list {
		if err := r.mendEdges(ctx, b.ID); err != nil && !errors.Is(err, errdefs.ErrNotFound) {
			report.problem("container "+b.Name, err)
		}
	}
	return nil
}

// recall adds to a container what only its old row knows of its past.
func recall(c, old *container.Container) {
	if old == nil {
		return
	}
	was, run := old.Runtime, &c.Runtime
	if c.State.HasProcess() {
		if was.Process == run.Process {
			run.StartedAt, run.RestartCount = was.StartedAt, was.RestartCount
			if run.NetStatus == nil {
				run.NetStatus = was.NetStatus
			}
		}
		return
	}
	fromFile := *run
	*run = was
	run.Process, run.Conmon, run.Mountpoint, run.NetNS, run.NetStatus = container.Owner{}, container.Owner{}, "", "", nil
	switch {
	case fromFile.Exited:
		run.Exited, run.ExitCode, run.FinishedAt, run.OOMKilled = true, fromFile.ExitCode, fromFile.FinishedAt, fromFile.OOMKilled
	case was.Process.PID != 0 && !was.Exited: // it ran, and nobody knows how it ended
		run.Exited, run.ExitCode, run.FinishedAt = true, unknownExit, time.Now().UTC()
	}
	c.State = stateBeforeStart(c)
}

func (r *Runtime) countRebuilt(ctx context.Context, report *RebuildReport) error {
	rows, err := r.takeCensus(ctx)
	if err != nil {
		return err
	}
	report.Pods, report.Containers, report.Volumes = len(rows.pods), len(rows.containers), len(rows.volumes)
	for _, c := range rows.containers {
		if c.State.HasProcess() {
			report.Running++
		}
	}
	return nil
}
