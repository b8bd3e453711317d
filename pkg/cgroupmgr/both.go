package cgroupmgr

import (
	"context"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// both has the chosen manager make what is new, and leaves what is there to the
// one that made it: another may be chosen since, by a flag or in containers.conf, and
// neither finds or removes what the other made. The parent tells which it was:
// systemd's are slices, and the other one's cannot be.
type both struct {
	Manager           // the chosen one
	cgroupfs, systemd Manager
	// reachable says whether systemd answers. Where it does not, its units are gone,
	// and what may be left of their cgroups is anyone's to remove.
	reachable func() bool
}

// answerTime is how long systemd may take to answer, if it was not chosen.
const answerTime = 5 * time.Second

func newBoth(name string, cgroupfs *cgroupfs, systemd *systemd) *both {
	m := &both{Manager: cgroupfs, cgroupfs: cgroupfs, systemd: systemd}
	if name == Systemd {
		m.Manager = systemd
	}
	m.reachable = sync.OnceValue(func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), answerTime)
		defer cancel()
		return systemd.Ready(ctx) == nil
	})
	return m
}

// of returns the manager of a parent, or of a container's cgroup.
func (m *both) of(parent string) Manager {
	ofSystemd := strings.HasSuffix(parent, sliceSuffix) || strings.HasPrefix(path.Base(parent), "podctl-") && strings.HasSuffix(parent, ".scope")
	switch {
	case parent == "":
		return m.Manager
	case !ofSystemd:
		return m.cgroupfs
	case m.Name() == Systemd || m.reachable():
		return m.systemd
	}
	return m.cgroupfs
}

func (m *both) ManagerOf(parent string) string { return m.of(parent).Name() }

func (m *both) PodPath(parent, podID string) (string, error) {
	return m.of(parent).PodPath(parent, podID)
}

func (m *both) CreatePod(ctx context.Context, p string, r *specs.LinuxResources) error {
	return m.of(p).CreatePod(ctx, p, r)
}

func (m *both) Update(ctx context.Context, p string, r *specs.LinuxResources) error {
	return m.of(p).Update(ctx, p, r)
}

func (m *both) RemovePod(ctx context.Context, p string) error { return m.of(p).RemovePod(ctx, p) }

func (m *both) ContainerPath(parent, id string) string {
	return m.of(parent).ContainerPath(parent, id)
}

func (m *both) ContainerCgroup(parent, id string) string {
	return m.of(parent).ContainerCgroup(parent, id)
}

func (m *both) RemoveContainer(ctx context.Context, parent, id string) error {
	return m.of(parent).RemoveContainer(ctx, parent, id)
}

func (m *both) Leave(parent string) { m.of(parent).Leave(parent) }

func (m *both) AddConmon(ctx context.Context, parent, id string, pid int) error {
	return m.of(parent).AddConmon(ctx, parent, id, pid)
}

func (m *both) ConmonCgroup(parent, id string) string {
	return m.of(parent).ConmonCgroup(parent, id)
}

func (m *both) Processes(p string) ([]int, error) { return m.of(p).Processes(p) }

func (m *both) OOMKills(p string) (n uint64, known bool) { return m.of(p).OOMKills(p) }

func (m *both) OOMKillsGone(parent string) (n uint64, known bool) {
	return m.of(parent).OOMKillsGone(parent)
}

func (m *both) Stats(p string) (Stats, error) { return m.of(p).Stats(p) }
