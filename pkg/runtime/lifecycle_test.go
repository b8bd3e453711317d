package runtime

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/store"
)

func requires(names ...string) func(*CreateOptions) {
	return func(o *CreateOptions) { o.Requires = names }
}

func TestLifeOfAContainer(t *testing.T) {
	b := newBench(t)
	id := b.ctr("web", "")
	b.sound()
	require.Equal(t, container.Created, b.row(id).State)
	b.forget()
	require.NoError(t, b.open().StartContainer(b.ctx, id))
	b.sound()
	require.Equal(t, container.Running, b.row(id).State)
	require.Equal(t, []string{"mount " + id, "create-ns " + id, "write-bundle " + id, "spawn-conmon " + id, "place-conmon " + id, "oci-create " + id, "oci-start " + id},
		b.effects("mount", "create-ns", "write-bundle", "spawn-conmon", "place-conmon", "oci-create", "oci-start"))
	require.Equal(t, []string{"create-ns " + id, "attach-network " + id, "oci-start " + id}, b.effects("create-ns", "attach-network", "oci-start"),
		"the network is connected while the OCI runtime works")
	require.NoError(t, b.open().StartContainer(b.ctx, id), "one that runs is success")
	b.forget()
	require.NoError(t, b.open().StopContainer(b.ctx, id, StopOptions{}))
	b.sound()
	c := b.row(id)
	require.Equal(t, container.Exited, c.State)
	require.Equal(t, 143, c.Runtime.ExitCode)
	require.True(t, c.Runtime.StoppedByUser)
	require.Equal(t, []string{"signal-sigterm " + id, "oci-delete " + id, "unmount " + id, "remove-cgroup " + id},
		b.effects("signal-sigterm", "signal-sigkill", "oci-delete", "unmount", "remove-cgroup"))
	require.Equal(t, []string{"oci-delete " + id, "detach-network " + id, "remove-ns " + id}, b.effects("oci-delete", "detach-network", "remove-ns"),
		"the network is torn down beside that")
	require.NoError(t, b.open().StopContainer(b.ctx, id, StopOptions{}), "one that is stopped is success")
	require.NoError(t, b.open().RestartContainers(b.ctx, []Target{{ID: id}}, StopOptions{})[0])
	b.sound()
	require.NoError(t, remove(RemoveOptions{}, "web")(b, b.open()))
	b.sound()
	require.Empty(t, b.snapshot().ctrs)
}

func TestLifeOfAPod(t *testing.T) {
	b := newBench(t)
	podID := b.pod("p")
	b.sound()
	b.ctr("sql", "p")
	b.ctr("web", "p", requires("sql"))
	b.sound()
	b.forget()
	require.NoError(t, b.open().StartPod(b.ctx, podID))
	b.sound()
	started := b.effects("oci-start")
	for i := range started {
		started[i] = b.names(started[i])
	}
	require.Equal(t, []string{"oci-start infra", "oci-start sql", "oci-start web"}, started, "dependencies first")
	b.forget()
	require.NoError(t, b.open().StopPod(b.ctx, podID, StopOptions{}))
	b.sound()
	stopped := b.effects("signal-sigterm")
	for i := range stopped {
		stopped[i] = b.names(stopped[i])
	}
	require.Equal(t, []string{"signal-sigterm web", "signal-sigterm sql", "signal-sigterm infra"}, stopped, "dependents first")
	require.Empty(t, b.podCgroups)
	require.NoError(t, b.open().RestartPod(b.ctx, podID))
	b.sound()
	require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true}))
	b.sound()
	s := b.snapshot()
	require.Empty(t, s.pods)
	require.Empty(t, s.ctrs)
	require.Empty(t, b.podCgroups)
}

func TestRemovingAPodEndsWithItsInfraContainer(t *testing.T) {
	b := newBench(t)
	podID := b.pod("p")
	infra := b.infra(podID)
	for _, name := range []string{"one", "two", "three"} {
		b.ctr(name, "p")
	}
	top := b.ctr("top", "p", requires("one"))
	one := b.idOf("one")
	b.startPod(podID)
	b.forget()
	require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true}))
	gone := b.effects("oci-delete")
	require.Len(t, gone, 5)
	require.Equal(t, "oci-delete "+infra, gone[4])
	order := strings.Join(gone, " ")
	require.Less(t, strings.Index(order, top), strings.Index(order, one), "dependents first")
}

func TestDeafContainersAreKilled(t *testing.T) {
	b := newBench(t)
	twoInPod(true)(b)
	b.deaf[b.idOf("web")] = true
	b.forget()
	warnings(t)
	short := seconds(new(uint))
	require.NoError(t, b.open().StopPod(b.ctx, b.podNamed("p"), StopOptions{Timeout: short}))
	require.Contains(t, b.effects("signal-sigkill"), "signal-sigkill "+b.idOf("web"))
	require.Equal(t, 137, b.row(b.idOf("web")).Runtime.ExitCode)
	b.sound()
}

// TestKillOfOneThatJustEnded: the row says that somebody stops it, and its process has
// ended by now.
func TestKillOfOneThatJustEnded(t *testing.T) {
	b := newBench(t)
	id := b.ctr("web", "")
	require.NoError(t, b.look().StartContainer(b.ctx, id))
	stopper := b.open()
	require.NoError(t, stopper.db.Update(b.ctx, func(tx *store.Tx) error {
		c, err := tx.Container(b.ctx, id)
		require.NoError(t, err)
		c.State = container.Stopping
		stopper.claim(c, intentStop)
		return tx.SaveContainer(b.ctx, c)
	}))
	b.exit(id, 0)
	err := b.open().KillContainer(b.ctx, id, sigKill)
	require.ErrorIs(t, err, errdefs.ErrInvalidState)
	require.ErrorContains(t, err, "can only kill running containers")
}

// TestRestartMakesNoCgroupByItself: only a start does, which has a container's lock: the
// pod may be on its way out.
func TestRestartMakesNoCgroupByItself(t *testing.T) {
	b := newBench(t)
	twoInPod(true)(b)
	podID := b.podNamed("p")
	require.NoError(t, b.look().PausePod(b.ctx, podID))
	b.forget()
	require.NoError(t, b.look().RestartPod(b.ctx, podID), "paused ones are left alone")
	require.Empty(t, b.effects("create-pod-cgroup"))
}
