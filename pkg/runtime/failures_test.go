package runtime

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
)

func TestFailedStart(t *testing.T) {
	refused := errors.New("no such program")
	t.Run("keeps_its_dependencies_and_nothing_else", func(t *testing.T) {
		b := newBench(t)
		podID := b.pod("p")
		b.ctr("sql", "p")
		web := b.ctr("web", "p", requires("sql"))
		b.ctr("top", "p", requires("web"))
		b.fail["oci-start "+web] = refused
		err := b.open().StartPod(b.ctx, podID)
		require.ErrorIs(t, err, refused)
		require.ErrorContains(t, err, "starting container "+web)
		require.ErrorContains(t, err, "a dependency of container "+b.idOf("top")+" failed to start")
		b.sound()
		expect(container.Running, "sql")(b)
		expect(container.Created, "web", "top")(b)
		require.Contains(t, b.row(web).Runtime.Error, "no such program")
		delete(b.fail, "oci-start "+web)
		require.NoError(t, b.open().StartPod(b.ctx, podID), "the next try has nothing in its way")
		b.sound()
		expect(container.Running, "sql", "web", "top")(b)
		require.Empty(t, b.row(web).Runtime.Error)
	})
	for _, effect := range []string{"mount", "create-ns", "attach-network", "write-bundle", "spawn-conmon", "place-conmon", "oci-create", "oci-start"} {
		t.Run("of_"+effect+"_leaves_nothing", func(t *testing.T) {
			b := newBench(t)
			id := b.ctr("web", "")
			b.fail[effect] = refused
			require.ErrorIs(t, b.open().StartContainer(b.ctx, id), refused)
			b.sound()
			expect(container.Created, "web")(b)
		})
	}
}

func TestInfraIsStartedAnewWhileAMemberIsCreated(t *testing.T) {
	b := newBench(t)
	podID := b.pod("p")
	b.startPod(podID)
	infra := b.infra(podID)
	web := b.ctr("web", "p", func(o *CreateOptions) {
		o.Config.Namespaces.Net = container.Namespace{Mode: container.ModeContainer, Value: infra}
	})
	b.at["spawn-conmon "+web] = func() {
		b.exit(infra, 137)
		require.NoError(t, b.open().StartContainer(b.ctx, infra))
		b.fail["oci-create "+web] = errors.New("no such file: /proc/PID/ns/net")
	}
	b.at["abandon-conmon "+web] = func() { delete(b.fail, "oci-create "+web) }
	require.NoError(t, b.open().StartContainer(b.ctx, web))
	expect(container.Running, "web")(b)
	b.sound()
}

func TestFailedCreateLeavesNothing(t *testing.T) {
	refused := errors.New("no space left on device")
	for _, effect := range []string{"create-layer"} {
		b := newBench(t)
		b.fail[effect] = refused
		_, err := b.open().CreateContainer(b.ctx, ctrOptions("web", "", withVolumes))
		require.ErrorIs(t, err, refused)
		b.sound()
		b.noLocks()
		s := b.snapshot()
		require.Empty(t, s.ctrs)
		require.Empty(t, s.volumes)
	}
	b := newBench(t)
	b.fail["create-pod-cgroup"] = refused
	_, err := b.open().CreatePod(b.ctx, podOptions("p"))
	require.ErrorIs(t, err, refused)
	b.sound()
	require.Empty(t, b.snapshot().pods)
}

// TestInfraThatWasNotReadyForTheSignal: the first one comes before its init can heed it.
func TestInfraThatWasNotReadyForTheSignal(t *testing.T) {
	b := newBench(t)
	podID := b.pod("p")
	b.startPod(podID)
	infra := b.infra(podID)
	b.deaf[infra] = true
	first := "signal-sigterm " + infra
	b.at[first] = func() {
		b.at[first] = func() { b.deaf[infra] = false }
	}
	begun := time.Now()
	require.NoError(t, b.open().StopPod(b.ctx, podID, StopOptions{}))
	require.Less(t, time.Since(begun), 5*time.Second)
	require.Equal(t, 143, b.row(infra).Runtime.ExitCode)
}

// TestFrozenBehindOurBack: the OCI runtime of a pause that was killed freezes the
// container when it was found running and is told to end.
func TestFrozenBehindOurBack(t *testing.T) {
	now := new(time.Duration)
	for name, end := range map[string]func(*engine, *bench, string) error{
		"stop": func(r *engine, b *bench, id string) error {
			return r.StopContainer(b.ctx, id, StopOptions{Timeout: now})
		},
		"rm": func(r *engine, b *bench, id string) error {
			_, err := r.RemoveContainers(b.ctx, Selection{Names: []string{id}}, RemoveOptions{Force: true, Timeout: now})
			return err
		},
		"kill": func(r *engine, b *bench, id string) error { return r.KillContainer(b.ctx, id, unix.SIGKILL) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			id := b.ctr("web", "")
			require.NoError(t, b.look().StartContainer(b.ctx, id))
			b.at["signal-sigkill "+id] = func() { b.ctrs[id].status = "paused" }
			require.NoError(t, end(b.open(), b, id))
			b.sound()
		})
	}
}

// TestFailedPause: what counts is whether the container is frozen.
func TestFailedPause(t *testing.T) {
	killed := errors.New("signal: killed")
	for name, done := range map[string]bool{"when_all_was_done_is_success": true, "before_is_an_error": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			id := b.ctr("web", "")
			require.NoError(t, b.look().StartContainer(b.ctx, id))
			b.fail["oci-pause"] = killed
			if done {
				b.at["oci-pause "+id] = func() { b.ctrs[id].status = "paused" }
			}
			seq := b.now()
			err := b.open().PauseContainer(b.ctx, id)
			if !done {
				require.ErrorIs(t, err, killed)
				require.ErrorContains(t, err, "pause container "+id)
				expect(container.Running, "web")(b)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []string{"container pause web"}, b.events(seq))
			expect(container.Paused, "web")(b)
			b.sound()
		})
	}
}

// TestFailedRemovalOfAnAbandonedStart: only the intent says that there is something
// to take down.
func TestFailedRemovalOfAnAbandonedStart(t *testing.T) {
	b := newBench(t)
	warnings(t)
	id := b.ctr("web", "")
	half := b.open()
	b.at["oci-start "+id] = half.kill
	require.Error(t, half.StartContainer(b.ctx, id))
	b.fail["oci-delete"] = errors.New("broken")
	for range 2 {
		e := b.open()
		require.ErrorContains(t, e.removeContainers(b.ctx, []string{id}, RemoveOptions{Force: true}), "remove container "+id+" from the OCI runtime: broken")
		e.kill()
	}
	clear(b.fail)
	require.NoError(t, b.open().removeContainers(b.ctx, []string{id}, RemoveOptions{}))
	b.sound()
	require.Empty(t, b.snapshot().ctrs)
}

func TestFailedRemovalOfAFrozenContainer(t *testing.T) {
	b := newBench(t)
	id := b.ctr("web", "")
	require.NoError(t, b.look().StartContainer(b.ctx, id))
	require.NoError(t, b.look().PauseContainer(b.ctx, id))
	b.fail["oci-resume"] = errors.New("broken")
	e := b.open()
	require.ErrorContains(t, e.removeContainers(b.ctx, []string{id}, RemoveOptions{Force: true}), "broken")
	e.kill()
	clear(b.fail)
	b.ctr("other", "")
	expect(container.Paused, "web")(b)
	b.sound()
}

func TestFailedRemovalShowsWhatIsLeft(t *testing.T) {
	b := newBench(t)
	twoInPod(true)(b)
	podID := b.podNamed("p")
	busy := errors.New("device or resource busy")
	b.fail["oci-delete "+b.idOf("sql")] = busy
	err := b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true})
	require.ErrorIs(t, err, busy)
	require.ErrorIs(t, err, errdefs.ErrRemovingPod)
	require.ErrorContains(t, err, "error removing container "+b.idOf("sql")+" from pod "+podID)
	require.Equal(t, container.State(""), b.state("web"), "what could be removed is gone")
	require.Equal(t, pod.Ready, b.podRow(podID).State)
	require.NotEqual(t, container.Removing, b.state("sql"))
	clear(b.fail)
	require.NoError(t, b.open().RemovePod(b.ctx, podID, RemoveOptions{Force: true}), "calling it again carries on")
	b.sound()
	require.Empty(t, b.snapshot().ctrs)
}
