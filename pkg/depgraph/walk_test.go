package depgraph

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var errBoom = errors.New("boom")

// deadline fails the test where a channel stays silent.
const deadline = 10 * time.Second

// receive takes n values from ch.
func receive[T any](t *testing.T, ch <-chan T, n int) []T {
	t.Helper()
	var got []T
	for range n {
		select {
		case v := <-ch:
			got = append(got, v)
		case <-time.After(deadline):
			t.Fatalf("only %d of %d arrived: %v", len(got), n, got)
		}
	}
	return got
}

// failing returns a visit that fails for ids.
func failing(ids ...string) func(context.Context, string) error {
	return func(_ context.Context, id string) error {
		if slices.Contains(ids, id) {
			return errBoom
		}
		return nil
	}
}

func TestWalkBlocks(t *testing.T) {
	for name, tc := range map[string]struct {
		nodes []Node
		dir   Direction
		fail  []string
		want  []NodeError
		ok    []string
	}{
		"nothing_when_all_succeed": {
			nodes: pod(), ok: []string{"infra", "cache", "db", "web"},
		},
		"what_comes_after_a_failed_node_only": {
			nodes: pod(), fail: []string{"db"},
			want: []NodeError{{"db", errBoom}, {"web", &BlockedError{By: "db"}}},
			ok:   []string{"infra", "cache"},
		},
		"in_the_direction_of_the_walk": {
			nodes: pod(), dir: Inwards, fail: []string{"db"},
			want: []NodeError{{"db", errBoom}, {"infra", &BlockedError{By: "db"}}},
			ok:   []string{"web", "cache"},
		},
		"by_the_root_cause": {
			nodes: []Node{node("a"), node("b", "a"), node("c", "b")}, fail: []string{"a"},
			want: []NodeError{{"a", errBoom}, {"b", &BlockedError{By: "a"}}, {"c", &BlockedError{By: "a"}}},
		},
		"by_the_smallest_of_several_causes": {
			nodes: []Node{node("x"), node("y"), node("m", "y"), node("z", "m", "x")}, fail: []string{"x", "y"},
			want: []NodeError{{"x", errBoom}, {"y", errBoom}, {"m", &BlockedError{By: "y"}}, {"z", &BlockedError{By: "x"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, workers := range []int{0, 1, 2} {
				r := mustBuild(t, tc.nodes...).Walk(t.Context(), WalkOptions{tc.dir, workers}, failing(tc.fail...))
				require.Equal(t, tc.want, r.Errors())
				require.Equal(t, tc.ok, r.Succeeded())
				for _, e := range tc.want {
					require.Equal(t, e.Err, r.Err(e.ID))
					require.False(t, r.OK(e.ID))
				}
				require.False(t, r.OK("nobody"))
			}
		})
	}
}

func TestWalkStarts(t *testing.T) {
	t.Run("a_node_the_moment_its_last_predecessor_is_done", func(t *testing.T) {
		// b needs only a; slow is of the same wave as a and still runs.
		g := mustBuild(t, node("a"), node("slow"), node("b", "a"))
		release := make(chan struct{})
		r := g.Walk(t.Context(), WalkOptions{}, func(_ context.Context, id string) error {
			switch id {
			case "b":
				close(release)
			case "slow":
				<-release
			}
			return nil
		})
		require.Empty(t, r.Errors())
	})
	t.Run("no_more_than_the_workers_there_are", func(t *testing.T) {
		var nodes []Node
		for _, id := range "abcdefghijklmnopqrst" {
			nodes = append(nodes, node(string(id)))
		}
		started, release := make(chan string, len(nodes)), make(chan struct{})
		var now, most atomic.Int32
		finished := make(chan *Result)
		go func() {
			finished <- mustBuild(t, nodes...).Walk(t.Context(), WalkOptions{Workers: 3}, func(_ context.Context, id string) error {
				for n, m := now.Add(1), most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				started <- id
				<-release
				now.Add(-1)
				return nil
			})
		}()
		receive(t, started, 3)
		close(release)
		require.Len(t, receive(t, finished, 1)[0].Succeeded(), len(nodes))
		require.EqualValues(t, 3, most.Load())
	})
	t.Run("nothing_for_an_empty_graph", func(t *testing.T) {
		require.Empty(t, mustBuild(t).Walk(t.Context(), WalkOptions{}, failing()).Succeeded())
	})
}

func TestWalkSurvivesAVisitThatNeverReturns(t *testing.T) {
	r := mustBuild(t, node("a"), node("b", "a")).Walk(t.Context(), WalkOptions{Workers: 1}, func(context.Context, string) error {
		runtime.Goexit()
		return nil
	})
	require.Equal(t, []NodeError{{"a", errNoReturn}, {"b", &BlockedError{By: "a"}}}, r.Errors())
}

func TestWalkCancelled(t *testing.T) {
	t.Run("awaits_what_runs_and_starts_nothing_more", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		g := mustBuild(t, node("a"), node("b"), node("c", "a"), node("fails"), node("late", "fails"))
		var mu sync.Mutex
		var visited []string
		r := g.Walk(ctx, WalkOptions{Workers: 1}, func(ctx context.Context, id string) error {
			mu.Lock()
			visited = append(visited, id)
			mu.Unlock()
			cancel()
			<-ctx.Done()
			return nil
		})
		require.Equal(t, []string{"a"}, visited)
		require.Equal(t, []string{"a"}, r.Succeeded())
		for _, e := range r.Errors() {
			require.Equal(t, context.Canceled, e.Err, e.ID)
		}
	})
	t.Run("a_visit_it_made_fail_is_not_to_blame", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := mustBuild(t, node("a"), node("b", "a")).Walk(ctx, WalkOptions{}, func(context.Context, string) error {
			cancel()
			return errBoom
		})
		require.Equal(t, []NodeError{{"a", errBoom}, {"b", context.Canceled}}, r.Errors())
	})
	t.Run("what_was_blocked_before_stays_blocked", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		g := mustBuild(t, node("a"), node("b", "a"), node("c"), node("d", "c"))
		r := g.Walk(ctx, WalkOptions{Workers: 1}, func(_ context.Context, id string) error {
			if id == "c" {
				cancel()
				return nil
			}
			return errBoom
		})
		require.Equal(t, []NodeError{{"a", errBoom}, {"b", &BlockedError{By: "a"}}, {"d", context.Canceled}}, r.Errors())
	})
	t.Run("before_it_began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := mustBuild(t, node("a")).Walk(ctx, WalkOptions{}, failing())
		require.Equal(t, []NodeError{{"a", context.Canceled}}, r.Errors())
	})
}

func TestYield(t *testing.T) {
	t.Run("lets_all_wait_at_once_with_one_worker", func(t *testing.T) {
		var nodes []Node
		for _, id := range "abcdefghijklmnopqrst" {
			nodes = append(nodes, node(string(id)))
		}
		var waiting, working atomic.Int32
		all := make(chan struct{})
		r := mustBuild(t, nodes...).Walk(t.Context(), WalkOptions{Workers: 1}, func(ctx context.Context, _ string) error {
			work := func() error {
				defer working.Add(-1)
				if working.Add(1) > 1 {
					return errors.New("two work at once")
				}
				runtime.Gosched()
				return nil
			}
			if err := work(); err != nil {
				return err
			}
			err := Yield(ctx, func() error {
				if waiting.Add(1) == int32(len(nodes)) {
					close(all)
				}
				select {
				case <-all:
					return nil
				case <-time.After(deadline):
					return errors.New("the others never waited")
				}
			})
			return errors.Join(err, work())
		})
		require.Empty(t, r.Errors())
	})
	t.Run("returns_what_the_wait_returns", func(t *testing.T) {
		r := mustBuild(t, node("a")).Walk(t.Context(), WalkOptions{Workers: 1}, func(ctx context.Context, _ string) error {
			return Yield(ctx, func() error { return errBoom })
		})
		require.Equal(t, errBoom, r.Err("a"))
	})
	t.Run("only_waits_outside_a_walk", func(t *testing.T) {
		require.Equal(t, errBoom, Yield(t.Context(), func() error { return errBoom }))
	})
	t.Run("gives_one_worker_back_however_deep", func(t *testing.T) {
		var now, most atomic.Int32
		nodes := []Node{node("a"), node("b"), node("c"), node("d")}
		r := mustBuild(t, nodes...).Walk(t.Context(), WalkOptions{Workers: 1}, func(ctx context.Context, _ string) error {
			err := Yield(ctx, func() error {
				return Yield(ctx, func() error { return nil })
			})
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			runtime.Gosched()
			now.Add(-1)
			return err
		})
		require.Empty(t, r.Errors())
		require.EqualValues(t, 1, most.Load())
	})
}
