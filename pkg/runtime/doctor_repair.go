package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/containers/common/libnetwork/types"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
)

// mendLayer makes an empty layer for a container that lost its own.
func (r *Runtime) mendLayer(ctx context.Context, id string) error {
	return r.under(id, func() error {
		c, err := r.container(ctx, id)
		if err != nil {
			return err
		}
		if r.alive(c.Runtime.Process) {
			return fmt.Errorf("container %s runs: stop it first: %w", c.Name, errdefs.ErrInvalidState)
		}
		layers, err := r.layers()
		if err != nil {
			return err
		}
		opts, err := layerOptions(c.Config)
		if err != nil {
			return err
		}
		return layers.CreateContainer(id, c.Config.Image.ID, opts)
	})
}

// takeDownLeftovers removes what a start made on the host of a container that does
// not run.
func (r *Runtime) takeDownLeftovers(ctx context.Context, id string) error {
	return r.under(id, func() error {
		c, err := r.container(ctx, id)
		if err != nil {
			return err
		}
		if c.Damage != "" || c.Intent != "" || c.State.HasProcess() {
			return nil // another finding now
		}
		was := c.State
		t, err := r.examineOne(ctx, id)
		if err != nil {
			return err
		}
		if err := r.killStrays(ctx, t); err != nil {
			return err
		}
		c.State = container.Stopped // all steps, whatever the row says
		if err := r.takeDown(ctx, c); err != nil {
			return err
		}
		if err := r.unmountDirectory(t); err != nil {
			return err
		}
		_, err = r.change(ctx, id, func(_ *store.Tx, row *container.Container) error {
			if was == container.Stopped {
				row.State = container.Exited
			}
			row.Runtime = c.Runtime
			return nil
		})
		return err
	})
}

// examineOne surveys the host again, under an object's lock, for one ID.
func (r *Runtime) examineOne(ctx context.Context, id string) (*trace, error) {
	rows, err := r.takeCensus(ctx)
	if err != nil {
		return nil, err
	}
	s, err := r.survey(ctx, rows)
	if err != nil {
		return nil, err
	}
	return s.of(id), nil
}

// killStrays ends the processes of a container that should have none: those in its
// cgroup, then its conmon.
func (r *Runtime) killStrays(ctx context.Context, t *trace) error {
	var errs error
	for _, p := range append(append([]proc.Process{}, t.processes...), t.conmons...) {
		errs = errors.Join(errs, r.killAndWait(ctx, container.Owner(p)))
	}
	return errs
}

func (r *Runtime) unmountDirectory(t *trace) error {
	var errs error
	for i := len(t.mounts) - 1; i >= 0; i-- { // innermost last in mountinfo
		if err := unix.Unmount(t.mounts[i], unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
			errs = errors.Join(errs, fmt.Errorf("unmount %s: %w", t.mounts[i], err))
		}
	}
	return errs
}

// removeStray removes everything the host has of an ID that has no row and cannot
// get it back.
func (r *Runtime) removeStray(ctx context.Context, id string) error {
	l, ok, err := r.locks.TryLock(id)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%s is being worked on: see podctl locks", shortID(id))
	}
	defer l.Remove() //nolint:errcheck // the lock dies with the descriptor
	rows, err := r.takeCensus(ctx)
	if err != nil {
		return err
	}
	if rows.knows(id) {
		return nil
	}
	t, err := r.examineOne(ctx, id)
	if err != nil {
		return err
	}
	if err := r.strayOffHost(ctx, id, t); err != nil {
		return err
	}
	return l.Remove()
}

func (r *Runtime) strayOffHost(ctx context.Context, id string, t *trace) error {
	if err := r.killStrays(ctx, t); err != nil {
		return err
	}
	if t.runtime {
		engine, err := r.oci()
		if err != nil {
			return err
		}
		if err := engine.Delete(ctx, id, forceDelete); err != nil {
			return err
		}
		// A record the OCI runtime cannot read it does not know.
		if err := os.RemoveAll(r.settings.RuntimeRoot() + "/" + id); err != nil {
			return err
		}
	}
	if err := r.strayNetwork(ctx, id, t); err != nil {
		return err
	}
	if err := r.host.RemoveBundle(r.settings.BundleDir(id)); err != nil {
		return err
	}
	return errors.Join(r.strayCgroups(ctx, id, t), r.strayLayer(id, t), r.unmountDirectory(t), r.strayFiles(id))
}

// strayNetwork frees addresses, and the rules that name them as far as they can be
// told: what the container published is not known any more.
func (r *Runtime) strayNetwork(ctx context.Context, id string, t *trace) error {
	path := r.settings.NetNSPath(id)
	if len(t.leases) > 0 {
		nets, err := r.networks()
		if err != nil {
			return err
		}
		a := network.Attachment{ID: id, Name: shortID(id), NSPath: path, Networks: map[string]types.PerNetworkOptions{}}
		for i, name := range t.leases {
			a.Networks[name] = types.PerNetworkOptions{InterfaceName: fmt.Sprintf("eth%d", i)}
		}
		if err := nets.Teardown(ctx, a); err != nil {
			if err := nets.Forget(a); err != nil {
				return err
			}
		}
	}
	if !t.netns {
		return nil
	}
	return r.host.RemoveNS(path)
}

func (r *Runtime) strayCgroups(ctx context.Context, id string, t *trace) error {
	if len(t.parents)+len(t.podParents) == 0 {
		return nil
	}
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	var errs error
	for _, parent := range t.parents {
		errs = errors.Join(errs, m.RemoveContainer(ctx, parent, id))
	}
	for _, parent := range t.podParents {
		path, err := m.PodPath(parent, id)
		if err == nil {
			err = m.RemovePod(ctx, path)
		}
		errs = errors.Join(errs, err)
	}
	return errs
}

func (r *Runtime) strayLayer(id string, t *trace) error {
	if !t.layer {
		return nil
	}
	layers, err := r.layers()
	if err != nil {
		return err
	}
	return layers.DeleteContainer(id)
}

func (r *Runtime) strayFiles(id string) error {
	engine, err := r.oci()
	if err == nil {
		err = engine.RemoveFiles(id)
	}
	return errors.Join(err, os.RemoveAll(r.settings.ContainerDir(id)), r.removeBlueprint(id), r.removePodBlueprint(id))
}
