package cgroupmgr

import (
	"path"
	"testing"

	"github.com/stretchr/testify/require"
)

// What one manager made is found and removed after the other has been chosen, and
// what is new is the chosen one's.
func TestBoth(t *testing.T) {
	ctx := t.Context()
	family := func() []int { return nil }
	start := func(t *testing.T) (bus *fakeSystemd, k *kernel, manager func(string) *both) {
		k = newKernel(t, V2)
		bus = newFakeSystemd(k, "")
		return bus, k, func(name string) *both {
			m := newBoth(name, &cgroupfs{tree: k.tree(), defaultParent: "/podctl_parent", family: family},
				&systemd{tree: k.tree(), bus: bus, family: family})
			return m
		}
	}
	for made, then := range map[string]string{Cgroupfs: Systemd, Systemd: Cgroupfs} {
		t.Run(made+"_then_"+then, func(t *testing.T) {
			bus, k, manager := start(t)
			first := manager(made)
			pod, err := first.PodPath(first.DefaultParent(), "web")
			require.NoError(t, err)
			require.NoError(t, first.CreatePod(ctx, pod, everyLimit()))
			require.NoError(t, first.AddConmon(ctx, pod, "a", 4001))
			cgroup := first.ContainerCgroup(pod, "a")
			k.run(cgroup, 4002)

			m := manager(then)
			require.Equal(t, then, m.Name())
			require.Equal(t, then, m.ManagerOf(""))
			require.Equal(t, then, m.ManagerOf(m.DefaultParent()))
			require.Equal(t, made, m.ManagerOf(pod))
			require.Equal(t, first.ContainerPath(pod, "a"), m.ContainerPath(pod, "a"))
			require.Equal(t, cgroup, m.ContainerCgroup(pod, "a"))
			require.Equal(t, first.ConmonCgroup(pod, "a"), m.ConmonCgroup(pod, "a"))
			pids, err := m.Processes(cgroup)
			require.NoError(t, err)
			require.Equal(t, []int{4002}, pids)
			require.Error(t, m.ValidateParent(pod), "is refused for what is new")

			k.exit(cgroup)
			require.NoError(t, m.RemoveContainer(ctx, pod, "a"))
			require.NoError(t, m.RemovePod(ctx, pod))
			require.Empty(t, bus.units)
			for _, left := range k.dirs() {
				require.Equal(t, "machine.slice", path.Base(left))
			}
		})
	}
	t.Run("slices_of_a_systemd_that_is_gone", func(t *testing.T) {
		bus, k, manager := start(t)
		first := manager(Systemd)
		pod, err := first.PodPath("", "web")
		require.NoError(t, err)
		require.NoError(t, first.CreatePod(ctx, pod, nil))
		m := manager(Cgroupfs)
		m.reachable = func() bool { return false }
		bus.calls = nil
		require.NoError(t, m.RemovePod(ctx, pod))
		require.Empty(t, bus.calls)
		require.NotContains(t, k.dirs(), "/"+pod)
	})
}
