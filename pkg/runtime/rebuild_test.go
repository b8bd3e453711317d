package runtime

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/store"
)

// rebuilt rebuilds the database of r's settings and opens it.
func rebuilt(t *testing.T, r *Runtime) (*Runtime, RebuildReport) {
	t.Helper()
	report, err := Rebuild(t.Context(), Config{Settings: r.settings})
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	again, _ := testEngine(t, r.settings)
	again.cgroups, again.oci, again.lookPause = r.cgroups, r.oci, r.lookPause
	return again, report
}

func TestRebuild(t *testing.T) {
	// overwrite destroys the file from an offset on.
	overwrite := func(offset int64) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			require.NoError(t, err)
			_, err = f.WriteAt([]byte(strings.Repeat("x", 3000)), offset)
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}
	}
	for name, damage := range map[string]func(t *testing.T, path string){
		"a_damaged_schema": overwrite(100),
		"no_database":      overwrite(0),
		"an_empty_file":    func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 0)) },
		"no_file":          func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
	} {
		t.Run(name, func(t *testing.T) {
			r := patient(t)
			path := r.settings.Database()
			before, err := r.takeCensus(t.Context())
			require.NoError(t, err)
			require.NoError(t, r.store.(*store.Store).Close()) // into the file, all of it
			damage(t, path)
			broken, readErr := os.ReadFile(path)
			touch(t, filepath.Join(r.settings.ExitDir(), fullID('c')), "7")

			again, report := rebuilt(t, r)
			require.Equal(t, []int{1, 3, 0, 1}, []int{report.Pods, report.Containers, report.Running, report.Volumes})
			after, err := again.takeCensus(t.Context())
			require.NoError(t, err)
			one := after.containers[fullID('c')]
			require.Equal(t, container.Exited, one.State)
			require.Equal(t, 7, one.Runtime.ExitCode)
			one.State, one.Runtime = container.Created, container.RunState{}
			require.Equal(t, before.pods, after.pods)
			require.Equal(t, before.containers, after.containers)
			require.Equal(t, before.volumes, after.volumes)
			found, err := again.Examine(t.Context())
			require.NoError(t, err)
			require.Empty(t, found)

			if readErr != nil {
				require.Empty(t, report.Kept)
				return
			}
			kept, err := os.ReadFile(report.Kept)
			require.NoError(t, err)
			require.True(t, string(broken) == string(kept), "the old file is kept as it was")
		})
	}
}

func TestRebuildRefuses(t *testing.T) {
	t.Run("a_sound_database", func(t *testing.T) {
		r := patient(t)
		_, err := Rebuild(t.Context(), Config{Settings: r.settings})
		require.ErrorIs(t, err, errdefs.ErrInvalidState)
		require.ErrorContains(t, err, `run "podctl doctor --repair"`)
	})
	t.Run("while_somebody_works", func(t *testing.T) {
		r := patient(t)
		l, err := r.locks.Lock(t.Context(), fullID('c'))
		require.NoError(t, err)
		defer l.Unlock() //nolint:errcheck // the lock dies with the descriptor
		require.NoError(t, os.Truncate(r.settings.Database(), 0))
		_, err = Rebuild(t.Context(), Config{Settings: r.settings})
		require.ErrorIs(t, err, errdefs.ErrInUse)
		require.ErrorContains(t, err, "works on cccccccccccc")
	})
}

func TestRebuildTellsWhatItCannotRecord(t *testing.T) {
	r := patient(t)
	require.NoError(t, r.store.(*store.Store).Close())
	require.NoError(t, os.Remove(r.settings.Database()))
	touch(t, r.blueprintPath(fullID('d')), "{")
	touch(t, r.podBlueprintPath(fullID('e')), "{")
	report, err := Rebuild(t.Context(), Config{Settings: r.settings})
	require.NoError(t, err)
	require.Len(t, report.Problems, 2)
	require.ErrorContains(t, report.Problems[0], "pod eeeeeeeeeeee: ")
	require.ErrorContains(t, report.Problems[1], "container dddddddddddd: ")
	require.Equal(t, 2, report.Containers)
}

func TestRecall(t *testing.T) {
	at := time.Unix(1000, 0).UTC()
	process := container.Owner{PID: 5, StartTime: 6, BootID: "x"}
	for name, tc := range map[string]struct {
		now  container.Container
		old  container.RunState
		want container.Container
	}{
		"an_exit_code_only_the_row_knows": {
			now:  container.Container{State: container.Created},
			old:  container.RunState{Exited: true, ExitCode: 4, StartedAt: at, FinishedAt: at},
			want: container.Container{State: container.Exited, Runtime: container.RunState{Exited: true, ExitCode: 4, StartedAt: at, FinishedAt: at}},
		},
		"an_exit_file_is_newer": {
			now:  container.Container{State: container.Exited, Runtime: container.RunState{Exited: true, ExitCode: 9, FinishedAt: at}},
			old:  container.RunState{Process: process, StartedAt: at, RestartCount: 2},
			want: container.Container{State: container.Exited, Runtime: container.RunState{Exited: true, ExitCode: 9, StartedAt: at, FinishedAt: at, RestartCount: 2}},
		},
		"one_that_never_ran": {
			now:  container.Container{State: container.Created},
			want: container.Container{State: container.Created},
		},
		"the_start_of_the_same_process": {
			now:  container.Container{State: container.Running, Runtime: container.RunState{Process: process}},
			old:  container.RunState{Process: process, StartedAt: at, RestartCount: 1},
			want: container.Container{State: container.Running, Runtime: container.RunState{Process: process, StartedAt: at, RestartCount: 1}},
		},
		"not_that_of_another": {
			now:  container.Container{State: container.Running, Runtime: container.RunState{Process: process}},
			old:  container.RunState{Process: container.Owner{PID: 5, StartTime: 1, BootID: "x"}, StartedAt: at},
			want: container.Container{State: container.Running, Runtime: container.RunState{Process: process}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			recall(&tc.now, &container.Container{Runtime: tc.old})
			require.Equal(t, tc.want, tc.now)
			recall(&tc.now, nil)
			require.Equal(t, tc.want, tc.now)
		})
	}
}
