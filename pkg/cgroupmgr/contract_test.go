package cgroupmgr

import (
	"context"
	"errors"
	"fmt"
	"path"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/stretchr/testify/require"
)

// host is a manager on a made-up host.
type host struct {
	Manager
	kernel *kernel
	// family are the process and its ancestors that the manager runs in.
	family []int
	bus    *fakeSystemd // nil for cgroupfs
}

func newHost(t *testing.T, manager string, kind Kind) *host {
	h := &host{kernel: newKernel(t, kind)}
	family := func() []int { return h.family }
	if manager == Cgroupfs {
		h.Manager = &cgroupfs{tree: h.kernel.tree(), defaultParent: "/podctl_parent", family: family}
		return h
	}
	h.bus = newFakeSystemd(h.kernel, "")
	h.Manager = &systemd{tree: h.kernel.tree(), bus: h.bus, family: family}
	return h
}

// pod returns the path of a pod's cgroup and where in the tree that is.
func (h *host) pod(t *testing.T, id string) (p, cgroup string) {
	p, err := h.PodPath("", id)
	require.NoError(t, err)
	require.NotEmpty(t, p)
	return p, path.Dir(h.ContainerCgroup(p, "x"))
}

// left lists the cgroups on the host but the default slice, which is systemd's
// own.
func (h *host) left() []string {
	left := []string{}
	for _, d := range h.kernel.dirs() {
		if path.Base(d) != "machine.slice" {
			left = append(left, d)
		}
	}
	return left
}

func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// TestManager holds for every manager on every layout.
func TestManager(t *testing.T) {
	rules := []struct {
		name string
		test func(*testing.T, *host)
	}{
		{"a created pod is in every hierarchy", createdEverywhere},
		{"creating a pod twice keeps it and sets the limits", createTwice},
		{"a pod whose limits cannot be set leaves nothing", createFails},
		{"updating a pod that is gone is an error", updateGone},
		{"removing a pod leaves nothing", removeLeavesNothing},
		{"removing a pod twice is fine", removeTwice},
		{"a pod with a container's process is not removed, and the error names both", removeBusy},
		{"a pod with only conmons in it is removed", removeWithConmons},
		{"an exit command can remove the pod it runs in", removeFromInside},
		{"a container's cgroup is in its pod's", containerInPod},
		{"removing a container leaves the pod and its conmon", removeContainer},
		{"a busy container is not removed", removeBusyContainer},
		{"conmon can be added twice", addConmonTwice},
		{"conmon of an earlier start is replaced", addConmonAgain},
		{"a container without a pod leaves nothing", loneContainer},
		{"a cgroup that is not a pod's is never removed", removeOnlyPods},
		{"no path is no cgroup", emptyPath},
		{"pods come and go side by side", sideBySide},
	}
	for _, manager := range []string{Cgroupfs, Systemd} {
		for _, kind := range []Kind{V1, Hybrid, V2} {
			for _, rule := range rules {
				t.Run(fmt.Sprintf("%s/%s/%s", manager, kind, rule.name), func(t *testing.T) {
					rule.test(t, newHost(t, manager, kind))
				})
			}
		}
	}
}

func createdEverywhere(t *testing.T, h *host) {
	p, cgroup := h.pod(t, "web")
	require.NoError(t, h.CreatePod(t.Context(), p, nil))
	require.Equal(t, h.kernel.hierarchies(), h.kernel.exists(cgroup))
}

func createTwice(t *testing.T, h *host) {
	p, cgroup := h.pod(t, "web")
	require.NoError(t, h.CreatePod(t.Context(), p, nil))
	h.kernel.run(path.Join(cgroup, "podctl-a"), 4001)
	limit := int64(77)
	require.NoError(t, h.CreatePod(t.Context(), p, &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: limit}}))
	if h.bus != nil {
		require.Equal(t, uint64(limit), h.bus.units[path.Base(p)]["TasksMax"])
	} else {
		require.Equal(t, "77", h.kernel.read("pids", cgroup, "pids.max"))
	}
	pids, err := h.Processes(p)
	require.NoError(t, err)
	require.Equal(t, []int{4001}, pids)
}

func createFails(t *testing.T, h *host) {
	p, _ := h.pod(t, "web")
	limit, swap := int64(2<<20), int64(1<<20)
	err := h.CreatePod(t.Context(), p, &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &limit, Swap: &swap}})
	require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
	require.Empty(t, h.left())
}

func updateGone(t *testing.T, h *host) {
	p, _ := h.pod(t, "web")
	err := h.Update(t.Context(), p, &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: 5}})
	require.ErrorIs(t, err, errdefs.ErrNotFound)
}

func removeLeavesNothing(t *testing.T, h *host) {
	p, cgroup := h.pod(t, "web")
	require.NoError(t, h.CreatePod(t.Context(), p, nil))
	require.NoError(t, h.AddConmon(t.Context(), p, "a", 4001))
	h.kernel.run(path.Join(cgroup, "podctl-a", "deep", "deeper"))
	require.NoError(t, h.RemovePod(t.Context(), p))
	require.Zero(t, h.kernel.exists(cgroup))
}

func removeTwice(t *testing.T, h *host) {
	p, _ := h.pod(t, "web")
	require.NoError(t, h.CreatePod(t.Context(), p, nil))
	require.NoError(t, h.RemovePod(t.Context(), p))
	require.NoError(t, h.RemovePod(t.Context(), p))
	require.Empty(t, h.left())
}

func removeBusy(t *testing.T, h *host) {
	p, cgroup := h.pod(t, "web")
	require.NoError(t, h.CreatePod(t.Context(), p, nil))
	require.NoError(t, h.AddConmon(t.Context(), p, "a", 4000002))
	inside := path.Join(cgroup, "podctl-a", "conmon")
	h.kernel.run(inside, 4000001)

	err := h.RemovePod(short(t), p)
	require.ErrorIs(t, err, errdefs.ErrInUse)
	require.ErrorContains(t, err, "remove cgroup "+cgroup)
	require.ErrorContains(t, err, pidText(4000001))
	var busy *BusyError
	require.True(t, errors.As(err, &busy))
	require.Contains(t, busy.PIDs, 4000001)
	pids, err := h.Processes(p)
	require.NoError(t, err)
	require.Equal(t, []int{4000001, 4000002}, pids, "nothing was killed or moved")

	h.kernel.exit(inside)
	require.NoError(t, h.RemovePod(t.Context(), p))
	require.Empty(t, h.left())
}

func removeWithConmons(t *testing.T, h *host) {
	p, _ := h.pod(t, "web")
	require.NoError(t, h.CreatePod(t.Context(), p, nil))
	require.NoError(t, h.AddConmon(t.Context(), p, "a", 4001))
	require.NoError(t, h.AddConmon(t.Context(), p, "b", 4002))
	require.NoError(t, h.RemovePod(t.Context(), p))
	require.Empty(t, h.left())
}

func removeFromInside(t *testing.T, h *host) {
	p, cgroup := h.pod(t, "web")
	require.NoError(t, h.CreatePod(t.Context(), p, nil))
	require.NoError(t, h.AddConmon(t.Context(), p, "a", 4001))
	h.family = []int{4001, 1000}
	require.NoError(t, h.RemovePod(t.Context(), p))
	require.Zero(t, h.kernel.exists(cgroup))
	if h.bus != nil {
		require.Equal(t, []uint32{4001}, h.bus.units["podctl-exit-4001.scope"]["PIDs"], "it is alive, in a scope of its own")
	}
}

func containerInPod(t *testing.T, h *host) {
	p, cgroup := h.pod(t, "web")
	require.NoError(t, h.CreatePod(t.Context(), p, nil))
	inside := h.ContainerCgroup(p, "a")
	require.Equal(t, cgroup, path.Dir(inside))
	h.kernel.run(path.Join(inside, "child"), 4001)
	for _, where := range []string{p, cgroup, inside} {
		pids, err := h.Processes(where)
		require.NoError(t, err)
		require.Equal(t, []int{4001}, pids, where)
	}
}

func removeContainer(t *testing.T, h *host) {
	p, cgroup := h.pod(t, "web")
	require.NoError(t, h.CreatePod(t.Context(), p, nil))
	require.NoError(t, h.AddConmon(t.Context(), p, "a", 4001))
	h.kernel.run(h.ContainerCgroup(p, "a"))
	for range 2 {
		require.NoError(t, h.RemoveContainer(t.Context(), p, "a"))
		require.Zero(t, h.kernel.exists(h.ContainerCgroup(p, "a")))
	}
	pids, err := h.Processes(p)
	require.NoError(t, err)
	require.Equal(t, []int{4001}, pids)
	require.Equal(t, h.kernel.hierarchies(), h.kernel.exists(cgroup))
}

func removeBusyContainer(t *testing.T, h *host) {
	inside := h.ContainerCgroup("", "a")
	h.kernel.run(inside, 4000001)
	err := h.RemoveContainer(short(t), "", "a")
	require.ErrorIs(t, err, errdefs.ErrInUse)
	require.ErrorContains(t, err, inside)
	require.ErrorContains(t, err, "4000001")
}

func addConmonTwice(t *testing.T, h *host) {
	p, _ := h.pod(t, "web")
	require.NoError(t, h.CreatePod(t.Context(), p, nil))
	for range 2 {
		require.NoError(t, h.AddConmon(t.Context(), p, "a", 4001))
	}
	pids, err := h.Processes(p)
	require.NoError(t, err)
	require.Equal(t, []int{4001}, pids)
}

func addConmonAgain(t *testing.T, h *host) {
	p, _ := h.pod(t, "web")
	require.NoError(t, h.CreatePod(t.Context(), p, nil))
	require.NoError(t, h.AddConmon(t.Context(), p, "a", 4001))
	require.NoError(t, h.AddConmon(t.Context(), p, "a", 4002))
	pids, err := h.Processes(p)
	require.NoError(t, err)
	require.Contains(t, pids, 4002)
}

func loneContainer(t *testing.T, h *host) {
	require.NoError(t, h.AddConmon(t.Context(), "", "a", 4001))
	h.kernel.run(h.ContainerCgroup("", "a"))
	h.family = []int{4001}
	require.NoError(t, h.RemoveContainer(t.Context(), "", "a"))
	if h.bus != nil {
		// A scope ends with its last process, by systemd's doing.
		require.NoError(t, h.bus.StopUnit(t.Context(), "podctl-conmon-a.scope"))
	}
	require.Empty(t, h.left())
}

func removeOnlyPods(t *testing.T, h *host) {
	for _, p := range []string{"/", ".", "..", "machine.slice"} {
		if h.bus == nil && p == "machine.slice" {
			continue
		}
		require.ErrorIs(t, h.RemovePod(t.Context(), p), errdefs.ErrInvalidArgument, p)
	}
}

func emptyPath(t *testing.T, h *host) {
	require.NoError(t, h.CreatePod(t.Context(), "", nil))
	require.NoError(t, h.Update(t.Context(), "", nil))
	require.NoError(t, h.RemovePod(t.Context(), ""))
	pids, err := h.Processes("")
	require.NoError(t, err)
	require.Empty(t, pids)
	require.Empty(t, h.kernel.dirs())
}

func sideBySide(t *testing.T, h *host) {
	var wg sync.WaitGroup
	errs := make(chan error, 1000)
	for i := range 6 {
		p, _ := h.pod(t, fmt.Sprintf("pod%d", i))
		wg.Go(func() {
			for range 10 {
				errs <- h.CreatePod(t.Context(), p, nil)
				errs <- h.RemovePod(t.Context(), p)
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	require.Empty(t, h.left())
}
