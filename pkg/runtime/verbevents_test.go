package runtime

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestEventsOfVerbs follows podman-events(1): what each verb records, in order.
func TestEventsOfVerbs(t *testing.T) {
	b := newBench(t)
	seq := b.now()
	recorded := func(verb string, err error, want ...string) {
		t.Helper()
		require.NoError(t, err, verb)
		require.Equal(t, want, b.events(seq), verb)
		seq = b.now()
	}
	e := b.open()
	podID, err := e.CreatePod(b.ctx, podOptions("p"))
	recorded("pod create", err, "container create infra", "pod create p")
	id, err := e.CreateContainer(b.ctx, ctrOptions("web", "p"))
	recorded("create", err, "container create web")
	recorded("pod start", e.StartPod(b.ctx, podID), "container init infra", "container start infra", "container init web", "container start web", "pod start p")
	recorded("pause", e.PauseContainer(b.ctx, id), "container pause web")
	recorded("unpause", e.UnpauseContainer(b.ctx, id), "container unpause web")
	recorded("pod pause", e.PausePod(b.ctx, podID), append(b.either(seq, "container pause infra", "container pause web"), "pod pause p")...)
	_, err = e.UnpausePod(b.ctx, podID)
	recorded("pod unpause", err, append(b.either(seq, "container unpause infra", "container unpause web"), "pod unpause p")...)
	recorded("stop", e.StopContainer(b.ctx, id, StopOptions{}), "container died web", "container stop web", "container cleanup web")
	recorded("start", e.StartContainer(b.ctx, id), "container init web", "container start web")
	recorded("pod stop", e.StopPod(b.ctx, podID, StopOptions{}), "pod stop p", "container died web", "container stop web", "container cleanup web",
		"container died infra", "container stop infra", "container cleanup infra")
	require.NoError(t, e.StartPod(b.ctx, podID))
	seq = b.now()
	require.NoError(t, e.RestartPod(b.ctx, podID))
	got := b.events(seq)
	require.Equal(t, []string{"container restart web", "pod stop p", "pod start p"}, got[len(got)-3:], "pod restart: at the end, members first")
	require.Contains(t, got, "container restart infra")
	seq = b.now()
	require.NoError(t, e.KillPod(b.ctx, podID, unix.SIGKILL))
	got = b.events(seq)
	require.Equal(t, "pod kill p", got[len(got)-1])
	require.ElementsMatch(t, []string{"container kill infra", "container died infra", "container cleanup infra",
		"container kill web", "container died web", "container cleanup web", "pod kill p"}, got)
	require.NoError(t, e.StopPod(b.ctx, podID, StopOptions{}))
	seq = b.now()
	recorded("pod rm", e.RemovePod(b.ctx, podID, RemoveOptions{}), "container remove web", "container remove infra", "pod remove p")
	for _, ev := range b.eventsSince(0) {
		if ev.Name == "web" {
			require.Equal(t, podID, ev.PodID, "events of members say in which pod they were")
		}
	}
}

// either gives the words in the order in which they were recorded after seq:
// members are worked on at once.
func (b *bench) either(seq int64, words ...string) []string {
	if got := b.events(seq); len(got) > 0 && got[0] == words[1] {
		words[0], words[1] = words[1], words[0]
	}
	return words
}
