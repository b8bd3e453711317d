package cgroupmgr

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/podctl/podctl/pkg/errdefs"
)

// cgroupfs is the manager that writes the tree itself.
type cgroupfs struct {
	tree
	rootless      bool
	defaultParent string
	family        func() []int
}

func (m *cgroupfs) Name() string { return Cgroupfs }

func (m *cgroupfs) ManagerOf(string) string { return Cgroupfs }

// Ready: the tree is there, or there would be no manager.
func (m *cgroupfs) Ready(context.Context) error { return nil }

func (m *cgroupfs) DefaultParent() string {
	if m.rootless {
		return ""
	}
	return m.defaultParent
}

func (m *cgroupfs) ValidateParent(parent string) error {
	if err := refuseSlice(parent); err != nil || parent == "" || !m.rootless {
		return err
	}
	return errdefs.As(errdefs.ErrInvalidArgument, m.usable(rooted(parent)))
}

// refuseSlice refuses a parent that only systemd knows.
func refuseSlice(parent string) error {
	if strings.HasSuffix(parent, ".slice") {
		return fmt.Errorf("systemd slice received as cgroup parent when using cgroupfs: %w", errdefs.ErrInvalidArg)
	}
	return nil
}

func (m *cgroupfs) PodPath(parent, podID string) (string, error) {
	if err := checkID(podID); err != nil {
		return "", err
	}
	if err := refuseSlice(parent); err != nil {
		return "", err
	}
	if parent == "" {
		parent = m.DefaultParent()
	}
	if parent == "" {
		return "", nil
	}
	return path.Join(parent, podID), nil
}

func (m *cgroupfs) CreatePod(ctx context.Context, p string, r *specs.LinuxResources) error {
	if p == "" {
		return nil
	}
	p = rooted(p)
	made, err := m.create(ctx, p)
	if err == nil && !m.rootless {
		err = m.limit(p, r)
	}
	if err != nil && made {
		_ = m.removeOnce(p)
		m.tidy(p)
	}
	return err
}

func (m *cgroupfs) Update(_ context.Context, p string, r *specs.LinuxResources) error {
	if p == "" || m.rootless {
		return nil
	}
	return m.limit(rooted(p), r)
}

func (m *cgroupfs) RemovePod(ctx context.Context, p string) error {
	if p == "" {
		return nil
	}
	p = rooted(p)
	if p == "/" {
		return fmt.Errorf("remove cgroup %s: not the cgroup of a pod: %w", p, errdefs.ErrInvalidArg)
	}
	if err := m.remove(ctx, p, func() { m.evacuateConmons(p) }); err != nil {
		return err
	}
	// Of pods that go at the same time the last one finds nobody.
	if !m.crowded(path.Dir(p)) {
		m.tidy(p)
	}
	return nil
}

// evacuateConmons moves what is left in a pod's conmon cgroup to the root of
// each hierarchy once no container has a process in the pod. Those conmons,
// and the exit commands they wait for, may in turn wait for a lock that the
// caller holds: waiting for them could take forever.
func (m *cgroupfs) evacuateConmons(pod string) {
	if others, err := m.processes(pod, outsideConmons(pod)); err != nil || len(others) > 0 {
		return
	}
	pids, _ := m.inside(path.Join(pod, "conmon"))
	for _, pid := range pids {
		m.evict(pid)
	}
}

func (m *cgroupfs) ContainerPath(parent, id string) string {
	if parent == "" {
		parent = m.DefaultParent()
	}
	if parent == "" {
		return ""
	}
	return path.Join(rooted(parent), "podctl-"+id)
}

func (m *cgroupfs) ContainerCgroup(parent, id string) string { return m.ContainerPath(parent, id) }

func (m *cgroupfs) RemoveContainer(ctx context.Context, parent, id string) error {
	p := m.ContainerPath(parent, id)
	if p == "" {
		return nil
	}
	if err := m.remove(ctx, p, nil); err != nil {
		return err
	}
	m.tidy(p)
	return nil
}

func (m *cgroupfs) Leave(parent string) {
	if p := m.ContainerPath(parent, "any"); p != "" {
		m.tidy(p)
	}
}

func (m *cgroupfs) AddConmon(ctx context.Context, parent, id string, pid int) error {
	p := m.ConmonCgroup(parent, id)
	if p == "" {
		return nil
	}
	return m.enter(ctx, p, pid)
}

func (m *cgroupfs) ConmonCgroup(parent, id string) string {
	p := m.ContainerPath(parent, id)
	if p == "" {
		return ""
	}
	return path.Join(path.Dir(p), "conmon")
}

func (m *cgroupfs) Processes(p string) ([]int, error) {
	if p == "" {
		return nil, nil
	}
	return m.processes(rooted(p), everyCgroup)
}

// tidy removes what the last container or pod in a parent leaves: the conmon
// cgroup that containers share there and, if that is the default parent, the
// parent. What is not empty stays, and so does a parent that a user named.
func (m *cgroupfs) tidy(removed string) {
	parent := path.Dir(removed)
	if parent == "/" {
		return
	}
	conmon := path.Join(parent, "conmon")
	// Our own conmon leaves even if others stay: of two exit commands that end
	// at the same time each would leave the cgroup to the other.
	if pids := m.occupants(conmon); len(pids) > 0 {
		family := m.family()
		for _, pid := range pids {
			if slices.Contains(family, pid) {
				m.evict(pid)
			}
		}
	}
	m.pruneIdle(conmon)
	if parent == m.defaultParent {
		m.prune(parent)
	}
}

// rooted makes a path absolute and free of "..": a relative parent means the
// same as one from the root.
func rooted(p string) string { return path.Clean("/" + p) }
