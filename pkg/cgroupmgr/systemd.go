package cgroupmgr

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	systemdbus "github.com/coreos/go-systemd/v22/dbus"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/podctl/podctl/pkg/errdefs"
)

// systemd is the manager that has systemd make slices and scopes. It writes
// the tree itself only where systemd leaves something undone: limits in v1
// hierarchies, and removal in hierarchies systemd does not manage.
type systemd struct {
	tree
	bus      bus
	rootless bool
	uid      int
	family   func() []int
}

func (m *systemd) Name() string { return Systemd }

func (m *systemd) ManagerOf(string) string { return Systemd }

func (m *systemd) Ready(ctx context.Context) error { return m.bus.Connect(ctx) }

func (m *systemd) DefaultParent() string {
	if m.rootless {
		return "user.slice"
	}
	return "machine.slice"
}

func (m *systemd) ValidateParent(parent string) error {
	if parent == "" {
		return nil
	}
	return checkParentSlice(parent)
}

func (m *systemd) PodPath(parent, podID string) (string, error) {
	if err := checkID(podID); err != nil {
		return "", err
	}
	if err := m.ValidateParent(parent); err != nil {
		return "", err
	}
	slice := m.slice(parent)
	return path.Join(m.userCgroup(), slice, childSlice(slice, "podctl_pod_"+podID)), nil
}

// userCgroup is where the units of a user's own systemd are.
func (m *systemd) userCgroup() string {
	if !m.rootless {
		return ""
	}
	return fmt.Sprintf("user.slice/user-%d.slice/user@%d.service", m.uid, m.uid)
}

// slice names the unit of a parent, which may be a path to one.
func (m *systemd) slice(parent string) string {
	if parent == "" {
		parent = m.DefaultParent()
	}
	return path.Base(parent)
}

// cgroup returns where in the tree a slice is.
func (m *systemd) cgroup(slice string) string {
	return rooted(path.Join(m.userCgroup(), expandSlice(slice)))
}

func (m *systemd) CreatePod(ctx context.Context, p string, r *specs.LinuxResources) error {
	if p == "" {
		return nil
	}
	slice := path.Base(p)
	if err := checkSlice(slice); err != nil {
		return err
	}
	r, _ = m.Delegated(r)
	limits, err := limitProperties(r)
	if err != nil {
		return fmt.Errorf("limit slice %s: %w", slice, err)
	}
	props := append([]systemdbus.Property{
		property("Description", "podctl pod "+slice),
		// The parent has to be there; a slice belongs to one by its name.
		property("Wants", []string{parentSlice(slice)}),
		// Without it systemd orders the slice against shutdown and kills the
		// pod before whoever started it can stop it.
		property("DefaultDependencies", false),
		property("CPUAccounting", true),
		property("MemoryAccounting", true),
		property("IOAccounting", true),
		property("TasksAccounting", true),
	}, limits...)
	err = m.bus.StartTransientUnit(ctx, slice, props)
	switch {
	case errors.Is(err, errdefs.ErrExists):
		return m.Update(ctx, p, r)
	case err != nil:
		return err
	}
	if err := m.limitDirectly(ctx, m.cgroup(slice), r); err != nil {
		return errors.Join(err, m.stop(ctx, slice))
	}
	return nil
}

// limitDirectly writes the limits once more, into the tree. Some have no property
// in systemd: those of v1 hierarchies, which it makes only in part, and control
// files by name. For all others it is how we learn that the kernel refuses one or
// lacks a controller: systemd (252) only puts that into the journal and starts the
// slice without the limit.
func (m *systemd) limitDirectly(ctx context.Context, p string, r *specs.LinuxResources) error {
	switch {
	case r == nil:
		return nil
	case m.layout.Kind == V2:
		return m.limit(p, r)
	case m.rootless: // v1 is root's alone
		return nil
	}
	if _, err := m.create(ctx, p); err != nil {
		return err
	}
	return m.limit(p, r)
}

func (m *systemd) Update(ctx context.Context, p string, r *specs.LinuxResources) error {
	if p == "" {
		return nil
	}
	unit := path.Base(p)
	r, _ = m.Delegated(r)
	props, err := limitProperties(r)
	if err != nil {
		return fmt.Errorf("limit %s: %w", unit, err)
	}
	if len(props) > 0 {
		if err := m.bus.SetUnitProperties(ctx, unit, props); err != nil {
			return err
		}
	}
	cgroup := m.unitCgroup(p)
	if err := m.limitDirectly(ctx, cgroup, r); err != nil {
		return err
	}
	// The narrower of the two holds.
	if inner := path.Join(cgroup, crunCgroup); m.layout.Kind == V2 && exists(filepath.Join(m.layout.Hierarchies[0].Dir, inner)) {
		return m.limitDirectly(ctx, inner, r)
	}
	return nil
}

// unitCgroup returns where in the tree the unit of a path is.
func (m *systemd) unitCgroup(p string) string {
	if base := path.Base(p); strings.HasSuffix(base, sliceSuffix) {
		return m.cgroup(base)
	}
	return rooted(p)
}

func (m *systemd) RemovePod(ctx context.Context, p string) error {
	if p == "" {
		return nil
	}
	slice := path.Base(p)
	if err := checkSlice(slice); err != nil {
		return err
	}
	if !strings.Contains(slice, "podctl_pod_") {
		return fmt.Errorf("remove slice %s: not the slice of a pod: %w", slice, errdefs.ErrInvalidArg)
	}
	if !nameable(slice) {
		return nil // there cannot be one, and systemd would not even look
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	cgroup := m.cgroup(slice)
	// Stopping a slice kills what is in it.
	if err := m.awaitEmpty(ctx, cgroup, outsideConmons(cgroup)); err != nil {
		return err
	}
	if err := m.leave(ctx, cgroup); err != nil {
		return err
	}
	if err := m.stop(ctx, slice); err != nil {
		return err
	}
	return m.removeLeft(ctx, cgroup)
}

// awaitEmpty waits until no cgroup that counts has a process.
func (m *systemd) awaitEmpty(ctx context.Context, p string, counts func(string) bool) error {
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		pids, err := m.processes(p, counts)
		if err != nil || len(pids) == 0 {
			return err
		}
		if wait(ctx, pause) != nil {
			return m.busy(p, counts)
		}
	}
}

// leave moves this process, and the conmon that waits for it, from the pod
// into a scope of their own: stopping the slice would kill them.
func (m *systemd) leave(ctx context.Context, p string) error {
	inside, err := m.processes(p, everyCgroup)
	if err != nil {
		return err
	}
	family := m.family()
	var pids []uint32
	for _, pid := range family {
		if slices.Contains(inside, pid) {
			pids = append(pids, uint32(pid))
		}
	}
	if len(pids) == 0 {
		return nil
	}
	ctx, cancel := jobContext(ctx)
	defer cancel()
	return m.bus.StartTransientUnit(ctx, fmt.Sprintf("podctl-exit-%d.scope", pids[0]), scope(m.DefaultParent(), pids...))
}

// jobTime bounds what systemd may take to stop a unit that nothing, or only a
// conmon, is in. On a busy host it is seconds until systemd even looks.
const jobTime = 30 * time.Second

// jobContext is ctx with a deadline of its own: those of our callers are for
// processes to leave a cgroup, and over by then. Cancelling still counts.
func jobContext(ctx context.Context) (context.Context, context.CancelFunc) {
	job, cancel := context.WithTimeout(context.WithoutCancel(ctx), jobTime)
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			cancel()
		}
	})
	return job, func() { stop(); cancel() }
}

// stop stops a unit and forgets that it may have failed; one that does not
// exist is fine.
func (m *systemd) stop(ctx context.Context, unit string) error {
	ctx, cancel := jobContext(ctx)
	defer cancel()
	if err := m.bus.StopUnit(ctx, unit); err != nil && !errors.Is(err, errdefs.ErrNotFound) {
		return err
	}
	if err := m.bus.ResetFailed(ctx, unit); err != nil && !errors.Is(err, errdefs.ErrNotFound) {
		return err
	}
	return nil
}

func (m *systemd) ContainerPath(parent, id string) string { return m.slice(parent) + ":podctl:" + id }

func (m *systemd) ContainerCgroup(parent, id string) string {
	return path.Join(m.cgroup(m.slice(parent)), containerScope(id))
}

func containerScope(id string) string { return "podctl-" + id + ".scope" }

func (m *systemd) RemoveContainer(ctx context.Context, parent, id string) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	p := m.ContainerCgroup(parent, id)
	if err := m.awaitEmpty(ctx, p, everyCgroup); err != nil {
		return err
	}
	if err := m.stop(ctx, containerScope(id)); err != nil {
		return err
	}
	return m.removeLeft(ctx, p)
}

// removeLeft removes what systemd leaves of a stopped unit's cgroup, which on
// version 2 is nothing.
func (m *systemd) removeLeft(ctx context.Context, p string) error {
	ctx, cancel := jobContext(ctx)
	defer cancel()
	return m.remove(ctx, p, nil)
}

// Leave does nothing: each conmon has a scope of its own, which ends with it.
func (m *systemd) Leave(string) {}

func (m *systemd) AddConmon(ctx context.Context, parent, id string, pid int) error {
	cgroup := m.ConmonCgroup(parent, id)
	unit := path.Base(cgroup)
	props := scope(m.slice(parent), uint32(pid))
	err := m.bus.StartTransientUnit(ctx, unit, props)
	if !errors.Is(err, errdefs.ErrExists) {
		return err
	}
	pids, err := m.processes(cgroup, everyCgroup)
	if err != nil || slices.Contains(pids, pid) {
		return err
	}
	// The scope of an earlier start that ended badly.
	if err := m.stop(ctx, unit); err != nil {
		return err
	}
	return m.bus.StartTransientUnit(ctx, unit, props)
}

func (m *systemd) ConmonCgroup(parent, id string) string {
	return path.Join(m.cgroup(m.slice(parent)), "podctl-conmon-"+id+".scope")
}

func (m *systemd) Processes(p string) ([]int, error) {
	if p == "" {
		return nil, nil
	}
	return m.processes(m.unitCgroup(p), everyCgroup)
}

// scope returns the properties of a scope in slice that takes the processes in.
func scope(slice string, pids ...uint32) []systemdbus.Property {
	return []systemdbus.Property{
		property("Description", "podctl monitor"),
		property("Slice", slice),
		property("PIDs", pids),
		property("Delegate", true),
		property("DefaultDependencies", false),
	}
}
