package runtime

import (
	"context"
	"path/filepath"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/store"
)

const bootKey = "boot_id"

// enterBoot reconciles every row in one transaction if this is the first command
// since the host booted: no process of another boot can be alive. What was
// reported as created stays; exit codes known before are kept.
func (r *Runtime) enterBoot(ctx context.Context) error {
	var seen string
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		seen, err = tx.Meta(ctx, bootKey)
		return err
	})
	if err != nil || seen == r.self.BootID {
		return err
	}
	return r.store.Update(ctx, func(tx *store.Tx) error {
		if seen, err := tx.Meta(ctx, bootKey); err != nil || seen == r.self.BootID {
			return err // another process was first
		}
		if err := r.resetAfterBoot(ctx, tx); err != nil {
			return err
		}
		if seen != "" {
			if err := tx.AddEvent(ctx, event.Event{Type: event.System, Status: event.Refresh}); err != nil {
				return err
			}
		}
		return tx.SetMeta(ctx, bootKey, r.self.BootID)
	})
}

// resetAfterBoot forgets processes and what lived in /run. Intents stay with
// their dead owners: recovery finishes them. NetNS stays too: it tells the next
// start that an address may still be leased. Where the run directory survived the
// boot, it is recovery that takes down what is left in it, as of a start that was
// cut off.
func (r *Runtime) resetAfterBoot(ctx context.Context, tx *store.Tx) error {
	list, err := tx.Containers(ctx)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.State == container.Creating || c.State == container.Removing || c.Damage != "" {
			continue
		}
		run := &c.Runtime
		switch c.State {
		case container.Created, container.Initialized:
			c.State = container.Created
		default:
			if run.Process.PID != 0 && run.FinishedAt.Before(run.StartedAt) {
				run.FinishedAt = tx.Now()
				r.overlayExit(c)
			}
			c.State = container.Exited
		}
		run.Process, run.Conmon, run.Mountpoint, run.RestartCount = container.Owner{}, container.Owner{}, "", 0
		if r.leftInRun(c.ID) && !isStart(c.Intent) {
			c.Intent, c.Owner = intentStart, container.Owner{}
		}
		if err := tx.SaveContainer(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// leftInRun reports whether a start of the container left anything in the run
// directory.
func (r *Runtime) leftInRun(id string) bool {
	for _, path := range []string{r.settings.BundleDir(id), r.settings.NetNSPath(id), filepath.Join(r.settings.RuntimeRoot(), id)} {
		if !isGone(path) {
			return true
		}
	}
	return false
}

// unknownExit is the exit code of a process whose end nobody saw.
const unknownExit = -1
