package runtime

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
)

func exitPolicy(word string) func(*PodCreateOptions) {
	return func(o *PodCreateOptions) { o.Config.ExitPolicy = word }
}

func TestRestartPolicy(t *testing.T) {
	for name, tc := range map[string]struct {
		policy  container.RestartPolicy
		code    int
		ends    int // how often it ends by itself
		want    container.State
		started int
	}{
		"none":                             {container.RestartPolicy{}, 1, 1, container.Exited, 1},
		"no":                               {container.RestartPolicy{Name: "no"}, 1, 1, container.Exited, 1},
		"always_also_after_success":        {container.RestartPolicy{Name: "always"}, 0, 3, container.Running, 4},
		"unless-stopped":                   {container.RestartPolicy{Name: "unless-stopped"}, 0, 1, container.Running, 2},
		"on-failure_not_after_success":     {container.RestartPolicy{Name: "on-failure"}, 0, 1, container.Exited, 1},
		"on-failure_after_failure":         {container.RestartPolicy{Name: "on-failure"}, 1, 2, container.Running, 3},
		"on-failure_no_more_than_so_often": {container.RestartPolicy{Name: "on-failure", MaxRetries: 2}, 1, 3, container.Exited, 3},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			id := b.ctr("web", "", func(o *CreateOptions) { o.Config.RestartSet, o.Config.Restart = true, tc.policy })
			require.NoError(t, b.look().StartContainer(b.ctx, id))
			for range tc.ends {
				b.exit(id, tc.code)
				require.NoError(t, b.open().CleanupContainer(b.ctx, id, CleanupOptions{}))
				b.sound()
			}
			require.Equal(t, tc.want, b.row(id).State)
			require.Len(t, b.effects("oci-start"), tc.started)
			require.Equal(t, uint(tc.started-1), b.row(id).Runtime.RestartCount)
		})
	}
	t.Run("is_not_for_what_the_user_stopped", func(t *testing.T) {
		b := newBench(t)
		oneAlone(true, restartAlways)(b)
		require.NoError(t, b.open().StopContainer(b.ctx, b.idOf("web"), StopOptions{}))
		require.NoError(t, b.open().CleanupContainer(b.ctx, b.idOf("web"), CleanupOptions{}))
		expect(container.Exited, "web")(b)
	})
}

func TestExitPolicy(t *testing.T) {
	for name, tc := range map[string]struct {
		policy string
		ends   []string
		infra  container.State
	}{
		"stop_when_the_last_member_ended":  {"stop", []string{"one", "two"}, container.Exited},
		"stop_not_before":                  {"stop", []string{"one"}, container.Running},
		"continue_keeps_the_infra_running": {"continue", []string{"one", "two"}, container.Running},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			podID := b.pod("p", exitPolicy(tc.policy))
			b.ctr("one", "p")
			b.ctr("two", "p")
			b.startPod(podID)
			for _, name := range tc.ends {
				b.exit(b.idOf(name), 0)
				require.NoError(t, b.open().CleanupContainer(b.ctx, b.idOf(name), CleanupOptions{}))
			}
			b.sound()
			require.Equal(t, tc.infra, b.row(b.infra(podID)).State)
		})
	}
	t.Run("a_member_never_started_keeps_the_pod_up", func(t *testing.T) {
		b := newBench(t)
		podID := b.pod("p", exitPolicy("stop"))
		one := b.ctr("one", "p")
		b.ctr("two", "p")
		require.NoError(t, b.look().StartContainer(b.ctx, one))
		b.exit(one, 0)
		require.NoError(t, b.open().CleanupContainer(b.ctx, one, CleanupOptions{}))
		require.Equal(t, container.Running, b.row(b.infra(podID)).State)
	})
}

func TestContainerThatRemovesItself(t *testing.T) {
	b := newBench(t)
	oneAlone(true, autoRemove)(b)
	id := b.idOf("web")
	b.exit(id, 7)
	require.NoError(t, b.open().CleanupContainer(b.ctx, id, CleanupOptions{}))
	b.sound()
	s := b.snapshot()
	require.Empty(t, s.ctrs)
	require.Len(t, s.volumes, 1, "its anonymous volume goes with it")
	code, err := b.open().WaitContainer(b.ctx, id, WaitOptions{})
	require.NoError(t, err)
	require.Equal(t, 7, code, "who waits for it still learns how it ended")
	require.NoError(t, b.open().CleanupContainer(b.ctx, id, CleanupOptions{}), "gone is no error")
}

func TestVolumesOfARemovedContainer(t *testing.T) {
	for name, tc := range map[string]struct {
		opts RemoveOptions
		left int
	}{
		"the_anonymous_go_when_asked_for": {RemoveOptions{Volumes: true}, 1},
		"all_stay_otherwise":              {RemoveOptions{}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			oneAlone(false)(b)
			_, err := b.open().RemoveContainers(b.ctx, Selection{Names: []string{"web"}}, tc.opts)
			require.NoError(t, err)
			b.sound()
			volumes := b.snapshot().volumes
			require.Len(t, volumes, tc.left)
			require.Contains(t, volumes, "data", "a named volume is the user's")
		})
	}
}
