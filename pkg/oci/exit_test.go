package oci

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/proc"
)

func TestWaitExit(t *testing.T) {
	// exits writes an exit file as conmon does.
	exits := func(t *testing.T, f *fakes, id, code string) {
		path := filepath.Join(f.cfg.ExitDir, id)
		require.NoError(t, os.MkdirAll(f.cfg.ExitDir, 0o700))
		require.NoError(t, os.WriteFile(path+".X1Y2Z3", []byte(code), 0o600))
		require.NoError(t, os.Rename(path+".X1Y2Z3", path))
	}

	t.Run("returns_at_once_for_what_has_ended", func(t *testing.T) {
		f := newFakes(t)
		exits(t, f, "a", "42")
		exit, err := f.WaitExit(t.Context(), "a", proc.Process{})
		require.NoError(t, err)
		require.Equal(t, 42, exit.Code)
	})

	t.Run("wakes_when_the_file_comes_and_not_for_others", func(t *testing.T) {
		f := newFakes(t)
		require.NoError(t, os.MkdirAll(f.cfg.ExitDir, 0o700))
		reads := make(chan struct{})
		go func() {
			<-reads // before the watch
			<-reads // after it
			exits(t, f, "b", "1")
			exits(t, f, "a", "2")
		}()
		n := 0
		w := exitWait{dir: f.cfg.ExitDir, name: "a"}
		w.read = func() (Exit, bool, error) {
			if n++; n <= 2 {
				reads <- struct{}{}
			}
			return f.ExitStatus("a")
		}
		exit, err := w.wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, exit.Code)
	})

	t.Run("ends_with_its_context", func(t *testing.T) {
		f := newFakes(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := f.WaitExit(ctx, "a", proc.Process{})
		require.ErrorIs(t, err, context.Canceled)
	})

	t.Run("says_when_conmon_will_never_write_it", func(t *testing.T) {
		f := newFakes(t)
		require.NoError(t, os.MkdirAll(f.cfg.ExitDir, 0o700))
		conmon := exec.Command("/proc/self/exe", "-test.run=^$")
		conmon.Args[0] = "waits"
		stdin, err := conmon.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, conmon.Start())
		process, err := proc.Of(conmon.Process.Pid)
		require.NoError(t, err)
		w := exitWait{dir: f.cfg.ExitDir, name: "a", conmon: process}
		n := 0
		w.read = func() (Exit, bool, error) {
			if n++; n == 2 {
				require.NoError(t, stdin.Close())
			}
			return f.ExitStatus("a")
		}
		_, err = w.wait(t.Context())
		require.ErrorIs(t, err, errdefs.ErrConmonDead)
		require.NoError(t, conmon.Wait())
		exits(t, f, "a", "0")
		_, err = f.WaitExit(t.Context(), "a", process)
		require.NoError(t, err, "an exit file counts, whoever is gone")
	})

	t.Run("refuses_a_file_without_a_code", func(t *testing.T) {
		f := newFakes(t)
		exits(t, f, "a", "")
		_, err := f.WaitExit(t.Context(), "a", proc.Process{})
		require.Error(t, err)
	})

	t.Run("tells_a_death_for_memory", func(t *testing.T) {
		f := newFakes(t, func(c *Config) { c.PersistDir = filepath.Join(c.ExitDir, "../persist") })
		exits(t, f, "a", "137")
		require.NoError(t, os.MkdirAll(f.persistDir("a"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(f.persistDir("a"), "oom"), nil, 0o600))
		exit, ok, err := f.ExitStatus("a")
		require.NoError(t, err)
		require.True(t, ok)
		require.True(t, exit.OOMKilled)
		unfinished := filepath.Join(f.cfg.ExitDir, "a.9DZKZ3") // of a conmon that was killed writing
		require.NoError(t, os.WriteFile(unfinished, nil, 0o600))
		require.NoError(t, f.RemoveFiles("a"))
		require.NoError(t, f.RemoveFiles("a"))
		require.NoFileExists(t, unfinished)
		_, ok, err = f.ExitStatus("a")
		require.NoError(t, err)
		require.False(t, ok)
	})
}
