package oci

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestRuntimeCalls(t *testing.T) {
	shares := uint64(512)
	for name, c := range map[string]struct {
		call func(*fakes) error
		want string
	}{
		"start":        {func(f *fakes) error { return f.Start(f.t.Context(), "c") }, "start c"},
		"kill":         {func(f *fakes) error { return f.Kill(f.t.Context(), "c", unix.SIGTERM, KillOptions{}) }, "kill c 15"},
		"kill all":     {func(f *fakes) error { return f.Kill(f.t.Context(), "c", 34, KillOptions{All: true}) }, "kill --all c 34"},
		"pause":        {func(f *fakes) error { return f.Pause(f.t.Context(), "c") }, "pause c"},
		"resume":       {func(f *fakes) error { return f.Resume(f.t.Context(), "c") }, "resume c"},
		"delete":       {func(f *fakes) error { return f.Delete(f.t.Context(), "c", DeleteOptions{}) }, "delete c"},
		"delete force": {func(f *fakes) error { return f.Delete(f.t.Context(), "c", DeleteOptions{Force: true}) }, "delete --force c"},
		"update": {func(f *fakes) error {
			return f.Update(f.t.Context(), "c", &specs.LinuxResources{CPU: &specs.LinuxCPU{Shares: &shares}})
		}, "update --resources - c"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			f := newFakes(t, func(c *Config) { c.RuntimeFlags = []string{"--debug"} })
			require.NoError(t, c.call(f))
			want := "--root " + f.cfg.RuntimeRoot + " --debug " + c.want
			require.Equal(t, want, strings.Join(f.calls("crun")[0], " "))
			if name == "update" {
				input, err := os.ReadFile(filepath.Join(f.dir, "stdin"))
				require.NoError(t, err)
				require.JSONEq(t, `{"cpu":{"shares":512}}`, string(input))
			}
		})
	}
}

func TestPauseIsTriedAgain(t *testing.T) {
	f := newFakes(t)
	f.script("crun", "fail unable to freeze")
	require.ErrorContains(t, f.Pause(t.Context(), "c"), "unable to freeze")
	require.Len(t, f.calls("crun"), pauseTries)

	f = newFakes(t)
	f.script("crun", "fail container not running")
	require.Error(t, f.Pause(t.Context(), "c"))
	require.Len(t, f.calls("crun"), 1)
}

func TestRuntimeFailures(t *testing.T) {
	const unknown = "fail error opening file `/run/crun/c/status`: No such file or directory"

	t.Run("carry_arguments_status_and_output", func(t *testing.T) {
		f := newFakes(t)
		f.script("crun", "fail something\nbroke")
		var failed *CommandError
		require.ErrorAs(t, f.Start(t.Context(), "c"), &failed)
		require.EqualError(t, failed, "crun: something broke: OCI runtime error")
		require.Equal(t, []string{"--root", f.cfg.RuntimeRoot, "start", "c"}, failed.Args)
		require.Equal(t, 1, failed.ExitStatus)
		require.Equal(t, "something\nbroke\n", failed.Stderr)
	})
	t.Run("state_of_an_unknown_container_is_no_such_container", func(t *testing.T) {
		f := newFakes(t)
		for _, script := range []string{unknown, `fail time="x" level=error msg="container does not exist"`} {
			f.script("crun", script)
			_, err := f.State(t.Context(), "c")
			require.ErrorIs(t, err, errdefs.ErrNoSuchCtr)
		}
	})
	t.Run("delete_of_an_unknown_container_is_success", func(t *testing.T) {
		f := newFakes(t)
		f.script("crun", unknown)
		require.NoError(t, f.Delete(t.Context(), "c", DeleteOptions{}))
	})
	t.Run("delete_of_a_known_container_is_not", func(t *testing.T) {
		f := newFakes(t)
		f.script("crun", "stopped")
		require.Error(t, f.Delete(t.Context(), "c", DeleteOptions{}))
	})
	t.Run("kill_of_a_stopped_container_says_stopped", func(t *testing.T) {
		f := newFakes(t)
		f.script("crun", "stopped")
		require.ErrorIs(t, f.Kill(t.Context(), "c", unix.SIGTERM, KillOptions{}), errdefs.ErrCtrStopped)
	})
	t.Run("kill_of_an_unknown_container_says_so", func(t *testing.T) {
		f := newFakes(t)
		f.script("crun", unknown)
		require.ErrorIs(t, f.Kill(t.Context(), "c", unix.SIGTERM, KillOptions{}), errdefs.ErrNoSuchCtr)
	})
	t.Run("a_missing_runtime_is_not_a_missing_command", func(t *testing.T) {
		f := newFakes(t, func(c *Config) { c.RuntimePath = "/nonexistent/crun" })
		err := f.Start(t.Context(), "c")
		require.ErrorIs(t, err, errdefs.ErrOCIRuntime)
		require.NotErrorIs(t, err, errdefs.ErrOCICommandNotFound)
		_, err = f.State(t.Context(), "c")
		require.NotErrorIs(t, err, errdefs.ErrNoSuchCtr)
	})
	t.Run("a_hanging_runtime_ends_with_the_context", func(t *testing.T) {
		f := newFakes(t)
		f.script("crun", "hang")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			awaitFile(t, f.dir, "hangs")
			cancel()
		}()
		require.ErrorIs(t, f.Start(ctx, "c"), context.Canceled)
	})
}

func TestClassify(t *testing.T) {
	for name, c := range map[string]struct{ output, want string }{
		"runc in text":        {`time="2024-01-01T00:00:00Z" level=error msg="runc run failed: exec: \"x\": executable file not found in $PATH"`, `runc: runc run failed: exec: "x": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found`},
		"warnings are not it": {"time=\"x\" level=warning msg=\"odd\"\ntime=\"x\" level=error msg=\"bad\"\n", "runc: bad: OCI runtime error"},
		"json":                {`{"level":"error","msg":"mkdir /x: operation not permitted","time":"x"}`, "runc: mkdir /x: operation not permitted: OCI permission denied"},
		"crun's wording":      {"executable file `x` not found in $PATH: No such file or directory", "runc: executable file `x` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found"},
		"crun's open":         {"open executable: Is a directory", "runc: open executable: Is a directory: OCI runtime attempted to invoke a command that was not found"},
		"permission first":    {"open executable: Permission denied", "runc: open executable: Permission denied: OCI permission denied"},
		"many lines":          {"one\n\n  two \n", "runc: one two: OCI runtime error"},
		"braces not json":     {"{odd", "runc: {odd: OCI runtime error"},
		"an escaped newline":  {`time="x" level=error msg="a\nb"`, "runc: a b: OCI runtime error"},
		"nothing":             {"", "runc: OCI runtime error"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			require.EqualError(t, classify("runc", c.output), c.want)
		})
	}
}
