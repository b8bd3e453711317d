package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/cgroupmgr"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// A pod's cgroup goes when the pod is stopped and comes back when one of its
// containers starts. Both are done under a lock of their own, the last one anyone
// takes, and held for a moment only: without it a start could find the cgroup and
// lose it, with its limits, before it has put a process in.

// cgroupLock is the name of that lock.
func cgroupLock(podID string) string { return podID + ".cgroup" }

// withPodCgroup runs fn under the lock of the pod's cgroup.
func (r *Runtime) withPodCgroup(ctx context.Context, podID string, fn func() error) error {
	l, err := r.lock(ctx, cgroupLock(podID))
	if err != nil {
		return err
	}
	return errors.Join(fn(), l.Remove())
}

// makePodCgroup makes the pod's cgroup with its limits. Idempotent: also how it
// comes back after a stop or a reboot.
func (r *Runtime) makePodCgroup(ctx context.Context, p *pod.Pod) error {
	if p.Config == nil || p.Config.CgroupPath == "" {
		return nil
	}
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	limits, err := podLimits(p.Config)
	if err != nil {
		return err
	}
	if err := m.CreatePod(ctx, p.Config.CgroupPath, limits); err != nil {
		return fmt.Errorf("make cgroup of pod %s: %w", p.Name, err)
	}
	return nil
}

// podLimits are the limits of a pod's cgroup, with those of single devices:
// these are kept by path, since a device's number may change with a reboot.
func podLimits(c *pod.Config) (*specs.LinuxResources, error) {
	devices, err := bundle.BlockIO(&container.Resources{ReadBPS: c.ReadBPS, WriteBPS: c.WriteBPS, BlkioWeightDevice: c.BlkioWeightDevice})
	if err != nil || devices == nil {
		return c.Resources, err
	}
	limits := specs.LinuxResources{}
	if c.Resources != nil {
		limits = *c.Resources
	}
	if limits.BlockIO != nil {
		devices.Weight, devices.LeafWeight = limits.BlockIO.Weight, limits.BlockIO.LeafWeight
	}
	limits.BlockIO = devices
	return &limits, nil
}

// enterCgroup makes the pod's cgroup anew if need be, and moves conmon into its
// place. Once conmon is in, the cgroup cannot go.
func (r *Runtime) enterCgroup(ctx context.Context, c *container.Container, conmon int) error {
	if err := r.placeInCgroup(ctx, c, conmon); err != nil {
		return err
	}
	r.markOOMKills(c)
	return nil
}

func (r *Runtime) placeInCgroup(ctx context.Context, c *container.Container, conmon int) error {
	if c.PodID == "" {
		return r.placeConmon(ctx, c, conmon)
	}
	var p *pod.Pod
	if err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		p, err = tx.Pod(ctx, c.PodID)
		return err
	}); err != nil {
		return err
	}
	if p.Config == nil || p.Config.CgroupPath != c.Config.Resources.CgroupParent {
		return r.placeConmon(ctx, c, conmon)
	}
	return r.withPodCgroup(ctx, p.ID, func() error {
		if err := r.makePodCgroup(ctx, p); err != nil {
			return err
		}
		return r.placeConmon(ctx, c, conmon)
	})
}

// aboutToMove tells the kernel that processes will be moved to other cgroups, and
// goes on.
func (r *Runtime) aboutToMove() {
	if m, err := r.cgroups(); err == nil {
		go m.Ahead()
	}
}

// ofSystemd tells whether a container's cgroup is made by systemd.
func (r *Runtime) ofSystemd(c *container.Container) (bool, error) {
	if c.Config.Resources.CgroupMode == cgroupsDisabled {
		return false, nil
	}
	m, err := r.cgroups()
	if err != nil {
		return false, err
	}
	return m.ManagerOf(c.Config.Resources.CgroupParent) == cgroupmgr.Systemd, nil
}

// placeConmon moves conmon into its cgroup before it starts anything, or the
// first process would escape the pod's limits.
func (r *Runtime) placeConmon(ctx context.Context, c *container.Container, pid int) error {
	switch c.Config.Resources.CgroupMode {
	case "disabled", "no-conmon", "split":
		return nil
	}
	if os.Getenv("INVOCATION_ID") != "" {
		return nil // a systemd service: conmon stays where systemd watches it
	}
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	return m.AddConmon(ctx, c.Config.Resources.CgroupParent, c.ID, pid)
}

// placeAnother moves what monitors a part of a container beside its conmon: the
// conmon of an exec session, the watch of its health. Where each conmon has a unit
// the container's is taken, and this one's is named after id.
func (r *Runtime) placeAnother(ctx context.Context, c *container.Container, id string, pid int) error {
	other := *c
	other.ID = id
	return r.placeConmon(ctx, &other, pid)
}

// podCgroupPath is where the cgroup of a pod is, also of one whose configuration
// cannot be read: where its blueprint says, or else where pods' cgroups are.
func (r *Runtime) podCgroupPath(p *pod.Pod, m cgroupmgr.Manager) (string, error) {
	if p.Config != nil {
		return p.Config.CgroupPath, nil
	}
	if b, err := r.readPodBlueprint(p.ID); err == nil {
		return b.Config.CgroupPath, nil
	}
	return m.PodPath(m.DefaultParent(), p.ID)
}

// removePodCgroup removes the pod's cgroup in every hierarchy. Idempotent.
func (r *Runtime) removePodCgroup(ctx context.Context, p *pod.Pod) error {
	if p.Config != nil && p.Config.CgroupPath == "" {
		return nil
	}
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	path, err := r.podCgroupPath(p, m)
	if err != nil {
		return err
	}
	return r.withPodCgroup(ctx, p.ID, func() error {
		if err := m.RemovePod(ctx, path); err != nil {
			return fmt.Errorf("remove cgroup of pod %s: %w", p.Name, err)
		}
		return nil
	})
}

// idleTime is how long the cgroup of a stopped pod may take to empty.
const idleTime = 5 * time.Second

// removeIdlePodCgroup removes the cgroup of a stopped pod, unless somebody starts
// a container in it again: an intent recorded by then is seen here, one recorded
// later finds no cgroup and makes it.
func (r *Runtime) removeIdlePodCgroup(ctx context.Context, id string) error {
	err := r.withPodCgroup(ctx, id, func() error {
		s, err := r.viewPod(ctx, id)
		if err != nil || s.busy() || s.pod.Config == nil || s.pod.Config.CgroupPath == "" {
			return err
		}
		m, err := r.cgroups()
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, idleTime)
		defer cancel()
		return m.RemovePod(ctx, s.pod.Config.CgroupPath)
	})
	switch {
	case errors.Is(err, errdefs.ErrNoSuchPod):
		return nil
	case errors.Is(err, errdefs.ErrInUse):
		// What is in there is no container of the pod's. The pod is stopped all the
		// same, and its removal will name the processes.
		logrus.Warnf("cgroup of pod %s stays: %v", shortID(id), err)
		return nil
	}
	return err
}
