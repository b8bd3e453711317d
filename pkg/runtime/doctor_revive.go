package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
	"github.com/podctl/podctl/pkg/volume"
)

// revived is the container of a blueprint, in the state the host shows it in.
func (r *Runtime) revived(b *blueprint) *container.Container {
	c := &container.Container{ID: b.ID, Name: b.Name, PodID: b.PodID, CreatedAt: b.CreatedAt, DependsOn: b.DependsOn, Config: b.Config}
	r.reviveRun(c)
	return c
}

// reviveRun fills in a run state that was lost: from the pid files in the bundle,
// which count with the cgroup and the command line of who has the pid now; from the
// bundle; and, for one that has ended, from its exit file.
func (r *Runtime) reviveRun(c *container.Container) {
	c.State, c.Runtime = container.Created, container.RunState{}
	run := &c.Runtime
	run.Process = r.processFromFile(c, c.Config.PidFile, oci.PidFileName)
	if run.Process.PID == 0 {
		if code, at, ok := r.exitFile(c.ID); ok {
			c.State = container.Exited
			run.Exited, run.ExitCode, run.FinishedAt = true, code, at
			run.OOMKilled = r.oomKilled(c)
		}
		return
	}
	c.State = container.Running
	run.Conmon = r.processFromFile(c, c.Config.ConmonPidFile, oci.ConmonPidFileName)
	run.StartedAt = proc.Process(run.Process).Started()
	run.Mountpoint = r.bundleRootfs(c.ID)
	if ownsNetNS(c.Config) && network.HasNS(r.settings.NetNSPath(c.ID)) {
		run.NetNS = r.settings.NetNSPath(c.ID)
		run.NetStatus = r.readNetStatus(c.ID)
	}
}

// bundleRootfs is the root filesystem a bundle names.
func (r *Runtime) bundleRootfs(id string) string {
	var spec specs.Spec
	if err := readJSON(filepath.Join(r.settings.BundleDir(id), "config.json"), &spec); err != nil || spec.Root == nil {
		return ""
	}
	return spec.Root.Path
}

// refineState tells apart what a live process does not: paused, and created but
// not started.
func (r *Runtime) refineState(ctx context.Context, c *container.Container) {
	if c.State != container.Running {
		return
	}
	engine, err := r.oci()
	if err != nil {
		return
	}
	state, err := engine.State(ctx, c.ID)
	if err != nil {
		return
	}
	switch state.Status {
	case "paused":
		c.State = container.Paused
	case specs.StateCreated:
		c.State, c.Runtime.StartedAt = container.Initialized, time.Time{}
	}
}

// restoreRow records again what is on the host: a container or a pod.
func (r *Runtime) restoreRow(ctx context.Context, id string) error {
	return r.under(id, func() error {
		if b, err := r.readPodBlueprint(id); err == nil {
			return r.store.Update(ctx, func(tx *store.Tx) error { return restorePod(ctx, tx, b) })
		}
		b, err := r.readBlueprint(id)
		if err != nil {
			return err
		}
		return r.restoreContainer(ctx, b)
	})
}

func restorePod(ctx context.Context, tx *store.Tx, b *podBlueprint) error {
	if _, err := tx.Pod(ctx, b.ID); !errors.Is(err, errdefs.ErrNoSuchPod) {
		return err // it is there
	}
	return tx.RestorePod(ctx, &pod.Pod{ID: b.ID, Name: b.Name, InfraID: b.InfraID, Config: b.Config, CreatedAt: b.CreatedAt, State: pod.Ready})
}

// restoreContainer records a container again, as the host shows it; what it needs
// first.
func (r *Runtime) restoreContainer(ctx context.Context, b *blueprint) error {
	c := r.revived(b)
	r.refineState(ctx, c)
	return r.restoreContainerAs(ctx, c)
}

// restoreContainerAs records a container again, after its pod and what it depends
// on. Volumes it uses that have no row are recorded too.
func (r *Runtime) restoreContainerAs(ctx context.Context, c *container.Container) error {
	for _, v := range c.Config.Storage.Volumes {
		if err := r.restoreUsedVolume(ctx, v.Name, v.Anonymous); err != nil {
			return err
		}
	}
	return r.store.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Container(ctx, c.ID); !errors.Is(err, errdefs.ErrNoSuchCtr) {
			return err
		}
		if err := r.restorePodOf(ctx, tx, c); err != nil {
			return err
		}
		deps, err := withRow(ctx, tx, c.DependsOn)
		if err != nil {
			return err
		}
		c.DependsOn = deps
		return tx.RestoreContainer(ctx, c)
	})
}

// restorePodOf sees to it that a container's pod has a row.
func (r *Runtime) restorePodOf(ctx context.Context, tx *store.Tx, c *container.Container) error {
	if c.PodID == "" {
		return nil
	}
	_, err := tx.Pod(ctx, c.PodID)
	if !errors.Is(err, errdefs.ErrNoSuchPod) {
		return err
	}
	b, err := r.readPodBlueprint(c.PodID)
	if err != nil {
		return fmt.Errorf("container %s is in pod %s, which is not there: %w", c.Name, c.PodID, err)
	}
	return restorePod(ctx, tx, b)
}

// withRow keeps the IDs of containers that have a row. The edges to the others
// are made when those come back.
func withRow(ctx context.Context, tx *store.Tx, ids []string) ([]string, error) {
	var there []string
	for _, id := range ids {
		_, err := tx.Container(ctx, id)
		if errors.Is(err, errdefs.ErrNoSuchCtr) {
			continue
		}
		if err != nil {
			return nil, err
		}
		there = append(there, id)
	}
	return there, nil
}

// restoreUsedVolume records a volume that a container uses, unless it has a row:
// from its blueprint or, without one, as a plain volume with what is in its
// directory.
func (r *Runtime) restoreUsedVolume(ctx context.Context, name string, anonymous bool) error {
	_, err := r.volumeNamed(ctx, name)
	if !errors.Is(err, errdefs.ErrNoSuchVolume) {
		return err
	}
	if _, err := r.readVolumeBlueprint(name); err == nil {
		return r.restoreVolume(ctx, name)
	}
	v, err := volume.New(r.settings.VolumeDir, volume.CreateOptions{Name: name, Anonymous: anonymous}, time.Now())
	if err != nil {
		return err
	}
	v.NeedsCopyUp, v.NeedsChown = false, false // it was used before
	return r.recordVolume(ctx, v)
}

// restoreVolume records a volume again, from its blueprint.
func (r *Runtime) restoreVolume(ctx context.Context, name string) error {
	v, err := r.readVolumeBlueprint(name)
	if err != nil {
		return err
	}
	return r.recordVolume(ctx, v)
}

func (r *Runtime) recordVolume(ctx context.Context, v *volume.Volume) error {
	if err := r.makeVolume(v); err != nil {
		return err
	}
	row, err := volumeRow(v)
	if err != nil {
		return err
	}
	row.State = store.VolumeReady
	return r.store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.InsertVolume(ctx, row); !errors.Is(err, errdefs.ErrVolumeExists) {
			return err
		}
		return nil
	})
}

// mendRow makes a container's row readable again.
func (r *Runtime) mendRow(ctx context.Context, id string) error {
	return r.under(id, func() error {
		return r.store.Update(ctx, func(tx *store.Tx) error {
			c, err := tx.Container(ctx, id)
			if err != nil || c.Damage == "" {
				return err
			}
			if c.Config == nil {
				b, err := r.readBlueprint(id)
				if err != nil {
					return err
				}
				c.Config = b.Config
			}
			was := c.Runtime
			r.reviveRun(c)
			if c.State == container.Created && was.Exited {
				c.State, c.Runtime = container.Exited, was
			}
			c.Damage = ""
			release(c)
			return tx.RestoreContainerConfig(ctx, c)
		})
	})
}

// mendPodRow makes a pod's row readable again.
func (r *Runtime) mendPodRow(ctx context.Context, id string) error {
	return r.under(id, func() error {
		return r.store.Update(ctx, func(tx *store.Tx) error {
			p, err := tx.Pod(ctx, id)
			if err != nil || p.Damage == "" {
				return err
			}
			if p.Config == nil {
				b, err := r.readPodBlueprint(id)
				if err != nil {
					return err
				}
				p.Config = b.Config
			}
			p.State, p.Owner = pod.Ready, container.Owner{}
			return tx.SavePod(ctx, p)
		})
	})
}

// mendVolumeRow makes a volume's row readable again.
func (r *Runtime) mendVolumeRow(ctx context.Context, name string) error {
	v, err := r.readVolumeBlueprint(name)
	if err != nil {
		return err
	}
	fresh, err := volumeRow(v)
	if err != nil {
		return err
	}
	return r.store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Volume(ctx, name)
		if err != nil {
			return err
		}
		row.Config = fresh.Config
		return tx.SaveVolume(ctx, row)
	})
}

// readyVolume ends a state that means nothing. No data is lost by it.
func (r *Runtime) readyVolume(ctx context.Context, name string) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Volume(ctx, name)
		if err != nil || row.State == store.VolumeCreating || row.State == store.VolumeRemoving {
			return err
		}
		row.State, row.Owner = store.VolumeReady, container.Owner{}
		return tx.SaveVolume(ctx, row)
	})
}

// settleState records what a container is that is being made or removed by nobody:
// one that was made stays.
func (r *Runtime) settleState(ctx context.Context, id string) error {
	return r.under(id, func() error {
		_, err := r.change(ctx, id, func(_ *store.Tx, c *container.Container) error {
			if c.Intent == "" && c.State == container.Creating {
				c.State = container.Created
			}
			return nil // observed already: what was being removed is what the host says
		})
		return err
	})
}

// mendEdges records the dependencies a container's configuration asks for.
func (r *Runtime) mendEdges(ctx context.Context, id string) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		c, err := tx.Container(ctx, id)
		if err != nil || c.Config == nil {
			return err
		}
		deps, err := withRow(ctx, tx, dependencies(c.Config))
		if err != nil || slices.Equal(deps, c.DependsOn) {
			return err
		}
		return tx.SetDependencies(ctx, id, deps)
	})
}

// dropInfra makes a pod one without infra container.
func (r *Runtime) dropInfra(ctx context.Context, id string) error {
	return r.under(id, func() error {
		err := r.store.Update(ctx, func(tx *store.Tx) error {
			p, err := tx.Pod(ctx, id)
			if err != nil {
				return err
			}
			if c, err := tx.Container(ctx, p.InfraID); err == nil && c.PodID == id || err != nil && !errors.Is(err, errdefs.ErrNoSuchCtr) {
				return err // it came back
			}
			p.InfraID = ""
			return tx.SavePod(ctx, p)
		})
		return errors.Join(err, r.mendPodBlueprint(ctx, id))
	})
}

func (r *Runtime) mendBlueprint(ctx context.Context, id string) error {
	c, err := r.container(ctx, id)
	if err != nil {
		return err
	}
	if c.Config == nil {
		return os.ErrInvalid
	}
	if err := os.MkdirAll(r.settings.ContainerDir(id), 0o700); err != nil {
		return err
	}
	return r.writeBlueprint(c)
}

func (r *Runtime) mendPodBlueprint(ctx context.Context, id string) error {
	return r.store.View(ctx, func(tx *store.Tx) error {
		p, err := tx.Pod(ctx, id)
		if err != nil || p.Config == nil {
			return err
		}
		return r.writePodBlueprint(p)
	})
}
