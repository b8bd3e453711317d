package runtime

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
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
	require.Equal(t, []string{"mount " + id, "create-ns " + id, "attach-network " + id, "write-bundle " + id, "spawn-conmon " + id, "place-conmon " + id, "oci-create " + id, "oci-start " + id},
		b.effects("mount", "create-ns", "attach-network", "write-bundle", "spawn-conmon", "place-conmon", "oci-create", "oci-start"))
	require.NoError(t, b.open().StartContainer(b.ctx, id), "one that runs is success")
	b.forget()
	require.NoError(t, b.open().StopContainer(b.ctx, id, StopOptions{}))
	b.sound()
	c := b.row(id)
	require.Equal(t, container.Exited, c.State)
	require.Equal(t, 143, c.Runtime.ExitCode)
	require.True(t, c.Runtime.StoppedByUser)
	require.Equal(t, []string{"signal-sigterm " + id, "oci-delete " + id, "detach-network " + id, "remove-ns " + id, "unmount " + id, "remove-cgroup " + id},
		b.effects("signal-sigterm", "signal-sigkill", "oci-delete", "detach-network", "remove-ns", "unmount", "remove-cgroup"))
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
