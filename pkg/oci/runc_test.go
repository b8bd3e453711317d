package oci

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/proc"
)

// newFakeRunc is a Runtime on a program named runc, which fails when it is run,
// and a container "c" with the given record whose fifo is there.
func newFakeRunc(t *testing.T, change func(map[string]any)) *fakes {
	t.Helper()
	f := newFakes(t, func(cfg *Config) {
		path := filepath.Join(filepath.Dir(cfg.RuntimePath), "runc")
		self, err := os.Executable()
		require.NoError(t, err)
		require.NoError(t, os.Symlink(self, path))
		cfg.RuntimePath = path
	})
	self, err := proc.Self()
	require.NoError(t, err)
	state := map[string]any{
		"id": "c", "init_process_pid": self.PID, "init_process_start": self.StartTime,
		"config": map[string]any{"namespaces": []any{map[string]any{"type": "NEWPID", "path": ""}}},
	}
	change(state)
	dir := f.runcDir("c")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	text, err := json.Marshal(state)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "state.json"), text, 0o600))
	require.NoError(t, unix.Mkfifo(filepath.Join(dir, "exec.fifo"), 0o600))
	return f
}

// ended puts a process into the record that is gone.
func ended(t *testing.T) func(map[string]any) {
	return func(state map[string]any) {
		cmd := exec.Command("true")
		require.NoError(t, cmd.Run())
		state["init_process_pid"] = cmd.Process.Pid
	}
}

func TestStartLikeRunc(t *testing.T) {
	t.Run("opens_the_fifo_and_removes_it", func(t *testing.T) {
		f := newFakeRunc(t, func(map[string]any) {})
		path := filepath.Join(f.runcDir("c"), "exec.fifo")
		wrote := make(chan error)
		go func() {
			w, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err == nil {
				_, err = w.Write([]byte{0})
				_ = w.Close()
			}
			wrote <- err
		}()
		require.NoError(t, f.Start(t.Context(), "c"))
		require.NoError(t, <-wrote)
		require.NoFileExists(t, path)
	})
	t.Run("ends_with_the_context", func(t *testing.T) {
		f := newFakeRunc(t, func(map[string]any) {})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, f.Start(ctx, "c"), context.DeadlineExceeded)
	})
	refusals := map[string]func(map[string]any){
		"a_process_that_is_gone":      ended(t),
		"a_pid_that_is_another's":     func(s map[string]any) { s["init_process_start"] = 1 },
		"the_record_of_another":       func(s map[string]any) { s["id"] = "d" },
		"a_record_that_is_no_process": func(s map[string]any) { delete(s, "init_process_pid") },
	}
	for name, change := range refusals {
		t.Run("leaves_to_runc_"+name, func(t *testing.T) {
			require.ErrorContains(t, newFakeRunc(t, change).Start(t.Context(), "c"), "runc was asked")
		})
	}
	t.Run("leaves_it_to_a_script_in_the_place_of_runc", func(t *testing.T) {
		f := newFakeRunc(t, func(map[string]any) {})
		require.NoError(t, os.Remove(f.cfg.RuntimePath))
		require.NoError(t, os.WriteFile(f.cfg.RuntimePath, []byte("#!/bin/sh\necho the script was asked >&2\nexit 1\n"), 0o700)) //nolint:gosec // a program
		require.ErrorContains(t, f.Start(t.Context(), "c"), "the script was asked")
	})
	t.Run("leaves_to_runc_a_fifo_that_is_gone", func(t *testing.T) {
		f := newFakeRunc(t, func(map[string]any) {})
		require.NoError(t, os.Remove(filepath.Join(f.runcDir("c"), "exec.fifo")))
		require.ErrorContains(t, f.Start(t.Context(), "c"), "runc was asked")
	})
}

func TestDeleteLikeRunc(t *testing.T) {
	t.Run("removes_cgroups_and_record", func(t *testing.T) {
		cgroup := filepath.Join(t.TempDir(), "cgroup")
		require.NoError(t, os.Mkdir(cgroup, 0o700))
		f := newFakeRunc(t, func(s map[string]any) {
			ended(t)(s)
			s["cgroup_paths"] = map[string]string{"cpu": cgroup, "memory": cgroup + ".gone"}
		})
		require.NoError(t, f.Delete(t.Context(), "c", DeleteOptions{Force: true}))
		require.NoDirExists(t, cgroup)
		require.NoDirExists(t, f.runcDir("c"))
	})
	config := func(key string, value any) func(map[string]any) {
		return func(s map[string]any) {
			ended(t)(s)
			s["config"].(map[string]any)[key] = value //nolint:forcetypeassert // made so above
		}
	}
	refusals := map[string]func(map[string]any){
		"a_process_that_lives":            func(map[string]any) {},
		"a_shared_PID_namespace":          config("namespaces", []any{map[string]any{"type": "NEWPID", "path": "/proc/1/ns/pid"}}),
		"the_host's_PID_namespace":        config("namespaces", nil),
		"a_hook":                          config("Hooks", map[string]any{"poststop": []any{map[string]any{"path": "/bin/true"}}}),
		"a_group_of_the_cache":            config("intel_rdt", map[string]any{"closID": "x"}),
		"a_scope_of_systemd":              config("cgroups", map[string]any{"Systemd": true}),
		"a_group_of_the_cache_of_its_own": func(s map[string]any) { ended(t)(s); s["intel_rdt_path"] = "/sys/fs/resctrl/x" },
		"a_cgroup_with_others_in_it":      func(s map[string]any) { ended(t)(s); s["cgroup_paths"] = map[string]string{"": "/proc"} },
	}
	t.Run("leaves_to_runc_a_record_that_is_cut_off", func(t *testing.T) {
		f := newFakeRunc(t, ended(t))
		path := filepath.Join(f.runcDir("c"), "state.json")
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for n := range text {
			require.NoError(t, os.WriteFile(path, text[:n], 0o600))
			require.False(t, f.deleteLikeRunc("c"), "%s", text[:n])
		}
	})
	for name, change := range refusals {
		t.Run("leaves_to_runc_"+name, func(t *testing.T) {
			f := newFakeRunc(t, change)
			require.False(t, f.deleteLikeRunc("c"))
			require.DirExists(t, f.runcDir("c"))
		})
	}
}
