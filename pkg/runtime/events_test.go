package runtime

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/store"
)

func addEvents(t *testing.T, r *Runtime, list ...event.Event) {
	t.Helper()
	require.NoError(t, r.store.Update(t.Context(), func(tx *store.Tx) error {
		for _, e := range list {
			require.NoError(t, tx.AddEvent(t.Context(), e))
		}
		return nil
	}))
}

func someEvents(t *testing.T) *Runtime {
	r := reader(t)
	addEvents(
		t, r,
		event.Event{Type: event.Container, Status: event.Create, ID: "aa1", Name: "one", PodID: "bb1", Attributes: map[string]string{"app": "web"}},
		event.Event{Type: event.Pod, Status: event.Create, ID: "bb1", Name: "web", Attributes: map[string]string{"app": "web", "tier": "1"}},
		event.Event{Type: event.Container, Status: event.Died, ID: "aa1", Name: "one"},
		event.Event{Type: event.Volume, Status: event.Create, Name: "data"},
		event.Event{Type: event.Image, Status: event.Pull, ID: "cc1", Name: "busybox"},
	)
	return r
}

func TestEventFilters(t *testing.T) {
	r := someEvents(t)
	for _, test := range []struct {
		name    string
		filters []string
		want    []int64
	}{
		{"none", nil, []int64{1, 2, 3, 4, 5}},
		{"container_by_name", []string{"container=one"}, []int64{1, 3}},
		{"container_by_prefix", []string{"container=aa"}, []int64{1, 3}},
		{"pod_leaves_out_its_members", []string{"pod=web"}, []int64{2}},
		{"image", []string{"image=busybox"}, []int64{5}},
		{"volume_by_prefix", []string{"volume=da"}, []int64{4}},
		{"values_of_a_key_are_alternatives", []string{"event=died", "status=pull"}, []int64{3, 5}},
		{"die_is_died", []string{"event=die"}, []int64{3}},
		{"keys_must_all_match", []string{"type=container", "event=create"}, []int64{1}},
		{"keys_are_case_insensitive", []string{"TYPE=pod"}, []int64{2}},
		{"label", []string{"label=app"}, []int64{1, 2}},
		{"label_with_value", []string{"label=tier=1", "label=tier=2"}, []int64{2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []int64
			require.NoError(t, r.Events(t.Context(), EventOptions{Filters: test.filters}, func(e event.Event) error {
				got = append(got, e.Seq)
				return nil
			}))
			require.Equal(t, test.want, got)
		})
	}
	for _, filter := range []string{"bogus", "bogus=1"} {
		err := r.Events(t.Context(), EventOptions{Filters: []string{filter}}, nil)
		require.EqualError(t, err, "bogus is an invalid filter")
	}
}

func TestEventStream(t *testing.T) {
	seqs := func(t *testing.T, r *Runtime, ctx context.Context, opts EventOptions) <-chan int64 {
		out := make(chan int64, 10)
		done := make(chan error, 1)
		go func() {
			done <- r.Events(ctx, opts, func(e event.Event) error { out <- e.Seq; return nil })
			close(out)
		}()
		t.Cleanup(func() { require.NoError(t, <-done) })
		return out
	}
	next := func(t *testing.T, from <-chan int64) int64 {
		t.Helper()
		select {
		case n := <-from:
			return n
		case <-time.After(10 * time.Second):
			t.Fatal("no event in ten seconds")
			return 0
		}
	}
	t.Run("new_ones_are_seen_until_the_context_ends", func(t *testing.T) {
		r := someEvents(t)
		ctx, cancel := context.WithCancel(t.Context())
		out := seqs(t, r, ctx, EventOptions{Since: time.Now().Add(-time.Hour), Stream: true})
		for want := range int64(5) {
			require.Equal(t, want+1, next(t, out))
		}
		addEvents(t, r, event.Event{Type: event.Volume, Status: event.Remove, Name: "data"})
		require.Equal(t, int64(6), next(t, out))
		cancel()
		require.Equal(t, int64(0), next(t, out))
	})
	t.Run("without_a_time_old_ones_are_not_shown", func(t *testing.T) {
		r := someEvents(t)
		reader := &eventReader{r: r, match: func(event.Event) bool { return true }, emit: func(event.Event) error { return errors.New("shown") }}
		require.NoError(t, reader.skipToEnd(t.Context()))
		require.NoError(t, reader.read(t.Context()))
		addEvents(t, r, event.Event{Type: event.Volume, Status: event.Remove, Name: "data"})
		require.EqualError(t, reader.read(t.Context()), "shown")
	})
	t.Run("until_ends_it", func(t *testing.T) {
		r := someEvents(t)
		out := seqs(t, r, t.Context(), EventOptions{Until: time.Now().Add(50 * time.Millisecond), Stream: true})
		for want := range int64(5) {
			require.Equal(t, want+1, next(t, out))
		}
		require.Equal(t, int64(0), next(t, out))
	})
	t.Run("a_change_of_the_database_is_noticed_at_once", func(t *testing.T) {
		r := someEvents(t)
		changes, stop := r.watchDatabase()
		defer stop()
		if changes == nil {
			t.Skip("no inotify here")
		}
		addEvents(t, r, event.Event{Type: event.Volume, Status: event.Remove, Name: "data"})
		select {
		case <-changes:
		case <-time.After(10 * time.Second):
			t.Fatal("not noticed in ten seconds")
		}
	})
}

func TestEventsNone(t *testing.T) {
	s := testSettings(t)
	s.Flags.EventsBackend = "none"
	r, _ := testEngine(t, s)
	addEvents(t, r, event.Event{Type: event.Volume, Status: event.Create, Name: "data"})
	err := r.Events(t.Context(), EventOptions{}, nil)
	require.EqualError(t, err, `cannot read events with the "none" backend`)
	require.ErrorIs(t, err, errdefs.ErrUnavailable)
	s.Flags.EventsBackend = ""
	require.NoError(t, r.Events(t.Context(), EventOptions{}, func(event.Event) error { return errors.New("an event was kept") }))
}
