package runtime

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The cgroup of a container that has ended is gone, as with systemd, and what the
// kernel counted is known for all that are gone together.
func TestWhoseOOMKill(t *testing.T) {
	const killed = 137
	for name, tc := range map[string]struct {
		// act is what happens when three containers of one cgroup parent run, with
		// two kills counted before. end ends one of them by itself and has podctl
		// deal with it; kill is a kill for memory.
		act  func(b *bench, end func(name string, code int), kill func())
		want map[string]bool
	}{
		"of_the_one_that_was_killed": {
			act:  func(_ *bench, end func(string, int), kill func()) { kill(); end("a", killed) },
			want: map[string]bool{"a": true},
		},
		"not_of_one_that_somebody_killed": {
			act:  func(_ *bench, end func(string, int), _ func()) { end("a", killed) },
			want: map[string]bool{"a": false},
		},
		"not_of_one_that_somebody_killed_later": {
			act:  func(_ *bench, end func(string, int), kill func()) { kill(); end("a", killed); end("b", killed) },
			want: map[string]bool{"a": true, "b": false},
		},
		"of_one_that_went_on_without_the_process": {
			act:  func(_ *bench, end func(string, int), kill func()) { kill(); end("a", 1); end("b", killed) },
			want: map[string]bool{"a": true, "b": false},
		},
		"of_both": {
			act: func(_ *bench, end func(string, int), kill func()) {
				kill()
				end("a", killed)
				kill()
				end("b", killed)
				end("c", 0)
			},
			want: map[string]bool{"a": true, "b": true, "c": false},
		},
		"also_when_the_end_of_another_is_dealt_with_first": {
			act: func(b *bench, end func(string, int), kill func()) {
				kill()
				b.exit(b.idOf("a"), killed)
				end("b", 0)
				require.NoError(b.t, b.open().CleanupContainer(b.ctx, b.idOf("a"), CleanupOptions{}))
			},
			want: map[string]bool{"a": true, "b": false},
		},
		"not_of_one_that_was_stopped": {
			act: func(b *bench, _ func(string, int), kill func()) {
				b.deaf[b.idOf("a")] = true
				b.at["signal-sigkill "+b.idOf("a")] = kill
				none := time.Duration(0)
				require.NoError(b.t, b.open().StopContainer(b.ctx, b.idOf("a"), StopOptions{Timeout: &none}))
			},
			want: map[string]bool{"a": false},
		},
		"nobodys_when_it_started_again": {
			act: func(b *bench, end func(string, int), kill func()) {
				kill()
				end("a", killed)
				require.NoError(b.t, b.open().StartContainer(b.ctx, b.idOf("a")))
				end("a", killed)
			},
			want: map[string]bool{"a": false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			const parent = "/podctl_parent"
			b.oomKillsGone = map[string]uint64{parent: 2}
			for _, name := range []string{"a", "b", "c"} {
				id := b.ctr(name, "")
				require.NoError(t, os.MkdirAll(filepath.Join(b.settings.PersistDir(), id), 0o700)) // conmon's
				require.NoError(t, b.open().StartContainer(b.ctx, id))
			}
			tc.act(b, func(name string, code int) {
				b.exit(b.idOf(name), code)
				require.NoError(t, b.open().CleanupContainer(b.ctx, b.idOf(name), CleanupOptions{}))
			}, func() { b.oomKillsGone[parent]++ })
			for name, want := range tc.want {
				require.Equal(t, want, b.row(b.idOf(name)).Runtime.OOMKilled, name)
			}
		})
	}
}

// Without an exit file nobody says how a container ended, but for the kernel: if it
// killed conmon for memory too, that was the end.
func TestKilledWithConmon(t *testing.T) {
	const parent = "/podctl_parent"
	for name, tc := range map[string]struct {
		counts func(b *bench, id string)
		code   int
	}{
		"both_are_counted":        {func(b *bench, id string) { b.oomKills[parent+"/"+id], b.oomKills[parent+"/"+id+"-conmon"] = 1, 1 }, 137},
		"conmon_is_not":           {func(b *bench, id string) { b.oomKills[parent+"/"+id], b.oomKills[parent+"/"+id+"-conmon"] = 1, 0 }, -1},
		"the_container_is_not":    {func(b *bench, id string) { b.oomKills[parent+"/"+id], b.oomKills[parent+"/"+id+"-conmon"] = 0, 1 }, -1},
		"both_are_gone":           {func(b *bench, _ string) { b.oomKillsGone[parent] += 2 }, 137},
		"one_of_them_was_killed":  {func(b *bench, _ string) { b.oomKillsGone[parent]++ }, -1},
		"one_is_gone":             {func(b *bench, id string) { b.oomKills[parent+"/"+id] = 1; b.oomKillsGone[parent]++ }, 137},
		"nobody_was_for_memory":   {func(*bench, string) {}, -1},
		"no_cgroup_counts_at_all": {func(b *bench, _ string) { b.oomKillsGone = nil }, -1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.oomKills, b.oomKillsGone = map[string]uint64{}, map[string]uint64{parent: 2}
			id := b.ctr("a", "")
			require.NoError(t, os.MkdirAll(filepath.Join(b.settings.PersistDir(), id), 0o700)) // conmon's
			require.NoError(t, b.open().StartContainer(b.ctx, id))
			tc.counts(b, id)
			close(b.ctrs[id].conmon.done)
			b.exit(id, 0)
			require.NoError(t, b.open().CleanupContainer(b.ctx, id, CleanupOptions{}))
			run := b.row(id).Runtime
			require.Equal(t, tc.code, run.ExitCode)
			require.Equal(t, tc.code == 137, run.OOMKilled)
		})
	}
}
