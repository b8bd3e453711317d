package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/cgroupmgr"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/store"
)

// Usage is what the processes of a cgroup use and have used.
type Usage = cgroupmgr.Stats

// ContainerStats are what a container uses and has used at one moment. A
// container without a process uses nothing.
type ContainerStats struct {
	ID, Name, PodID string
	// At is the moment; StartedAt is when the container was started last.
	At, StartedAt time.Time
	// Usage is that of the container's cgroup. Its memory limit is never above
	// the host's memory.
	Usage Usage
	// NetInput and NetOutput are the bytes of the network namespace: those who
	// share one have the same. They are zero in the host's.
	NetInput, NetOutput uint64
}

// CPUPercent is the share of one processor used since an earlier moment, or
// since the start if prev is of no moment of this run.
func (s ContainerStats) CPUPercent(prev ContainerStats) float64 {
	if prev.ID != s.ID || !prev.StartedAt.Equal(s.StartedAt) || prev.Usage.CPU > s.Usage.CPU {
		return s.AveragePercent()
	}
	return percent(float64(s.Usage.CPU-prev.Usage.CPU), float64(s.At.Sub(prev.At)))
}

// AveragePercent is the share of one processor used since the start.
func (s ContainerStats) AveragePercent() float64 {
	return percent(float64(s.Usage.CPU), float64(s.At.Sub(s.StartedAt)))
}

// MemoryPercent is the share of the limit.
func (s ContainerStats) MemoryPercent() float64 {
	return percent(float64(s.Usage.Memory), float64(s.Usage.MemoryLimit))
}

func percent(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return part / whole * 100
}

// StatsOptions select the containers statistics are about: those of the IDs;
// without any, all that run, or with All those in any state.
type StatsOptions struct {
	IDs []string
	All bool
}

// ContainerStats measures containers, in the order of the IDs or oldest first.
// It takes no lock. Errors: [errdefs.ErrNoSuchCtr]; [errdefs.ErrNoCgroup] for a
// named container that has no cgroup of its own; class ErrUnsupported on a host
// where an unprivileged user's containers are not counted.
func (r *Runtime) ContainerStats(ctx context.Context, opts StatsOptions) ([]ContainerStats, error) {
	if err := r.checkStats("stats"); err != nil {
		return nil, err
	}
	var list []*container.Container
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		if len(opts.IDs) == 0 {
			list, err = tx.Containers(ctx)
			return err
		}
		for _, id := range opts.IDs {
			c, err := tx.Container(ctx, id)
			if err != nil {
				return err
			}
			list = append(list, c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	everyState := opts.All || len(opts.IDs) > 0
	return r.statsOf(list, everyState, len(opts.IDs) > 0)
}

// PodStats measures the running containers of pods; without IDs, of all pods.
// Otherwise as ContainerStats.
func (r *Runtime) PodStats(ctx context.Context, ids []string) ([]ContainerStats, error) {
	if err := r.checkStats("pod stats"); err != nil {
		return nil, err
	}
	var list []*container.Container
	err := r.store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Containers(ctx)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := tx.Pod(ctx, id); err != nil {
				return err
			}
		}
		for _, c := range all {
			if c.PodID != "" && (len(ids) == 0 || slices.Contains(ids, c.PodID)) {
				list = append(list, c)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r.statsOf(list, false, false)
}

// checkStats: version 1 lets no unprivileged user make cgroups.
func (r *Runtime) checkStats(verb string) error {
	if !r.settings.Rootless {
		return nil
	}
	layout, err := cgroupmgr.Detect(cgroupmgr.DefaultRoot)
	if err == nil && layout.Kind != cgroupmgr.V2 {
		err = unsupportedError(verb + " is not supported in rootless mode without cgroups v2")
	}
	return err
}

// unsupportedError is a sentence of class ErrUnsupported.
type unsupportedError string

func (e unsupportedError) Error() string        { return string(e) }
func (e unsupportedError) Is(target error) bool { return target == errdefs.ErrUnsupported }

// statsOf measures those of the containers that run; with everyState the others
// have empty statistics. A container without a cgroup of its own is left out, or
// an error if it was named.
func (r *Runtime) statsOf(list []*container.Container, everyState, named bool) ([]ContainerStats, error) {
	stats := make([]ContainerStats, 0, len(list))
	for _, c := range list {
		if hidden(c) {
			continue
		}
		r.observe(c)
		s := ContainerStats{ID: c.ID, Name: c.Name, PodID: c.PodID, At: time.Now(), StartedAt: c.Runtime.StartedAt}
		if c.State != container.Running && c.State != container.Paused {
			if everyState {
				stats = append(stats, s)
			}
			continue
		}
		err := r.measureUsage(c, &s)
		switch {
		case err == nil:
			stats = append(stats, s)
		case !errors.Is(err, errdefs.ErrNoCgroup):
			return nil, err
		case !r.alive(c.Runtime.Process):
			// It ended an instant ago.
		case named:
			return nil, fmt.Errorf("container %s: %w", c.ID, errdefs.ErrNoCgroup)
		}
	}
	return stats, nil
}

func (r *Runtime) measureUsage(c *container.Container, s *ContainerStats) error {
	cgroups, err := r.cgroups()
	if err != nil {
		return err
	}
	p := ""
	if c.Config.Resources.CgroupMode != "disabled" {
		p = cgroups.ContainerCgroup(c.Config.Resources.CgroupParent, c.ID)
	}
	if s.Usage, err = cgroups.Stats(p); err != nil {
		return err
	}
	if total := hostMemory(); s.Usage.MemoryLimit == 0 || s.Usage.MemoryLimit > total {
		s.Usage.MemoryLimit = total
	}
	s.NetInput, s.NetOutput, err = network.Counters(c.Runtime.Process.PID)
	s.At = time.Now()
	return err
}

// hostMemory is the size of the host's memory in bytes.
func hostMemory() uint64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	return uint64(info.Totalram) * uint64(info.Unit) //nolint:unconvert // narrower on some platforms
}
