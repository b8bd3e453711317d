package oci

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/proc"
)

// withFlag tells whether args has flag, followed by value unless that is empty.
func withFlag(args []string, flag, value string) bool {
	for i, arg := range args {
		if arg == flag && (value == "" || i+1 < len(args) && args[i+1] == value) {
			return true
		}
	}
	return false
}

// awaitFile waits until dir/name is there.
func awaitFile(t *testing.T, dir, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	w := exitWait{dir: dir, name: name}
	w.read = func() (Exit, bool, error) {
		_, err := os.Stat(filepath.Join(dir, name))
		return Exit{}, err == nil, nil
	}
	if _, err := w.wait(ctx); err != nil {
		t.Errorf("wait for file %s: %v", name, err)
	}
}

func TestNewRequiresAbsolutePaths(t *testing.T) {
	_, err := New(Config{RuntimePath: "/usr/bin/crun", RuntimeRoot: "/run/x", ConmonPath: "conmon", ExitDir: "/run/y"})
	require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
	require.ErrorContains(t, err, "conmon")
}

func TestCreate(t *testing.T) {
	t.Run("returns_the_pids_conmon_says", func(t *testing.T) {
		f := newFakes(t)
		f.script("conmon", `answer {"data":4242}`)
		opts := f.options()
		created, err := f.Create(t.Context(), opts)
		require.NoError(t, err)
		require.Equal(t, 4242, created.PID)
		require.Equal(t, readPid(filepath.Join(opts.Bundle, ConmonPidFileName)), created.ConmonPID)
	})

	t.Run("understands_older_conmons", func(t *testing.T) {
		f := newFakes(t)
		f.script("conmon", `answer {"pid":4242}`)
		created, err := f.Create(t.Context(), f.options())
		require.NoError(t, err)
		require.Equal(t, 4242, created.PID)
	})

	t.Run("places_conmon_before_it_does_anything", func(t *testing.T) {
		f := newFakes(t)
		f.script("conmon", `answer {"data":1}`)
		opts := f.options()
		opts.CgroupOfConmon = func(int) error {
			_, err := os.Stat(filepath.Join(f.dir, "let-go"))
			require.ErrorIs(t, err, os.ErrNotExist)
			return nil
		}
		_, err := f.Create(t.Context(), opts)
		require.NoError(t, err)
		require.FileExists(t, filepath.Join(f.dir, "let-go"))
	})

	t.Run("ends_a_conmon_that_cannot_be_placed", func(t *testing.T) {
		f := newFakes(t)
		opts := f.options()
		cause := errors.New("no cgroup")
		opts.CgroupOfConmon = func(int) error { return cause }
		_, err := f.Create(t.Context(), opts)
		require.ErrorIs(t, err, cause)
		require.NoFileExists(t, filepath.Join(f.dir, "let-go"))
	})

	t.Run("reports_what_the_runtime_refused", func(t *testing.T) {
		f := newFakes(t)
		f.script("conmon", `answer {"data":-1,"message":"time=\"2024\" level=error msg=\"mount `+"`/x`"+`: Permission denied\"\n"}`)
		_, err := f.Create(t.Context(), f.options())
		require.ErrorIs(t, err, errdefs.ErrOCIPermission)
		require.EqualError(t, err, "crun: mount `/x`: Permission denied: OCI permission denied")
	})

	t.Run("prefers_the_runtime_log_to_what_conmon_relays", func(t *testing.T) {
		f := newFakes(t)
		f.script("conmon", `log-and-answer {"msg":"unknown version specified","level":"error"}`+"\n"+`{"data":-1,"message":"cut off"}`)
		_, err := f.Create(t.Context(), f.options())
		require.EqualError(t, err, "crun: unknown version specified: OCI runtime error")
	})

	t.Run("finds_the_reason_where_conmon_says_nothing", func(t *testing.T) {
		f := newFakes(t)
		f.script("conmon", `log-and-answer {"msg":"no such file or directory","level":"error"}`)
		_, err := f.Create(t.Context(), f.options())
		require.ErrorIs(t, err, errdefs.ErrOCICommandNotFound)
		require.NotErrorIs(t, err, errdefs.ErrConmonDead)
	})

	for _, script := range []string{"silent", "die"} {
		t.Run("reports_a_conmon_that_is_"+script, func(t *testing.T) {
			f := newFakes(t)
			f.script("conmon", script)
			_, err := f.Create(t.Context(), f.options())
			require.ErrorIs(t, err, errdefs.ErrConmonDead)
		})
	}

	t.Run("reports_a_missing_conmon", func(t *testing.T) {
		f := newFakes(t, func(c *Config) { c.ConmonPath = "/nonexistent/conmon" })
		_, err := f.Create(t.Context(), f.options())
		require.ErrorIs(t, err, errdefs.ErrUnavailable)
		require.ErrorContains(t, err, "/nonexistent/conmon")
	})

	t.Run("removes_what_an_earlier_conmon_left", func(t *testing.T) {
		f := newFakes(t)
		f.script("conmon", `answer {"data":-1,"message":"new reason"}`)
		opts := f.options()
		require.NoError(t, os.WriteFile(filepath.Join(opts.Bundle, runtimeLogName), []byte(`{"msg":"old","level":"error"}`), 0o600))
		_, err := f.Create(t.Context(), opts)
		require.ErrorContains(t, err, "new reason")
	})
}

func TestCreateCancelled(t *testing.T) {
	t.Run("while_the_runtime_works_kills_conmon_and_what_it_started", func(t *testing.T) {
		f := newFakes(t)
		f.script("conmon", "hang")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			awaitFile(t, f.dir, "hangs")
			cancel()
		}()
		_, err := f.Create(ctx, f.options())
		require.ErrorIs(t, err, context.Canceled)
		f.noneHangs()
	})

	t.Run("before_conmon_left_kills_it", func(t *testing.T) {
		f := newFakes(t)
		f.script("conmon", "stuck")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			awaitFile(t, f.dir, "let-go")
			cancel()
		}()
		_, err := f.Create(ctx, f.options())
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestTimeout(t *testing.T) {
	brief := func(c *Config) { c.Timeout = time.Second }
	t.Run("of_create_ends_conmon_and_what_it_started", func(t *testing.T) {
		f := newFakes(t, brief)
		f.script("conmon", "hang")
		_, err := f.Create(t.Context(), f.options())
		var late *proc.TimeoutError
		require.ErrorAs(t, err, &late)
		require.ErrorIs(t, err, errdefs.ErrUnavailable)
		require.EqualError(t, err, "create container c1d2: crun create: it did not end in 1s and was killed (--program-timeout)")
		f.noneHangs()
	})
	t.Run("of_a_conmon_that_does_not_go_to_the_background", func(t *testing.T) {
		f := newFakes(t, brief)
		f.script("conmon", "stuck")
		_, err := f.Create(t.Context(), f.options())
		require.EqualError(t, err, "create container c1d2: start conmon: it did not end in 1s and was killed (--program-timeout)")
	})
	t.Run("of_the_runtime", func(t *testing.T) {
		f := newFakes(t, brief)
		f.script("crun", "hang")
		err := f.Start(t.Context(), "c1d2")
		require.EqualError(t, err, "crun start: it did not end in 1s and was killed (--program-timeout)")
	})
	t.Run("of_exec_is_for_the_process_to_begin", func(t *testing.T) {
		f := newFakes(t, brief)
		f.script("conmon", "hang")
		_, err := f.Exec(t.Context(), f.session())
		require.ErrorContains(t, err, "it did not end in 1s")
		f.noneHangs()
	})
}

func TestCreateArguments(t *testing.T) {
	for name, c := range map[string]struct {
		config      func(*Config)
		options     func(*CreateOptions)
		flag, value string
		absent      bool
	}{
		"id":                        {flag: "--cid", value: "c1d2"},
		"api version":               {flag: "--api-version", value: "1"},
		"no log by default":         {flag: "--log-path", value: "none"},
		"no size limit by default":  {flag: "--log-size-max", absent: true},
		"no keyring by default":     {flag: "--no-new-keyring"},
		"keyring":                   {config: func(c *Config) { c.Keyring = true }, flag: "--no-new-keyring", absent: true},
		"runtime flags":             {config: func(c *Config) { c.RuntimeFlags = []string{"--debug"} }, flag: "--runtime-arg", value: "--debug"},
		"systemd cgroups":           {options: func(o *CreateOptions) { o.SystemdCgroup = true }, flag: "--systemd-cgroup"},
		"cgroupfs":                  {flag: "--systemd-cgroup", absent: true},
		"log level in conmon words": {config: func(c *Config) { c.LogLevel = "fatal" }, flag: "--log-level", value: "error"},
		"k8s-file log":              {options: func(o *CreateOptions) { o.LogDriver, o.LogPath = LogK8sFile, "/l" }, flag: "--log-path", value: "k8s-file:/l"},
		"journald log":              {options: func(o *CreateOptions) { o.LogDriver, o.LogPath = LogJournald, "/l" }, flag: "--log-path", value: "journald"},
		"log size":                  {options: func(o *CreateOptions) { o.LogSizeMax = 10 }, flag: "--log-size-max", value: "10"},
		"log tag":                   {options: func(o *CreateOptions) { o.LogTag = "t" }, flag: "--log-tag", value: "t"},
		"terminal":                  {options: func(o *CreateOptions) { o.Terminal = true }, flag: "--terminal"},
		"terminal has stdin":        {options: func(o *CreateOptions) { o.Terminal, o.Stdin = true, true }, flag: "--stdin", absent: true},
		"stdin":                     {options: func(o *CreateOptions) { o.Stdin = true }, flag: "--stdin"},
		"leave stdin open":          {options: func(o *CreateOptions) { o.LeaveStdinOpen = true }, flag: "--leave-stdin-open"},
		"timeout":                   {options: func(o *CreateOptions) { o.Timeout = 5 }, flag: "--timeout", value: "5"},
		"notify socket":             {options: func(o *CreateOptions) { o.SdNotifySocket = "/n" }, flag: "--sdnotify-socket", value: "/n"},
		"exit command":              {flag: "--exit-command", value: "/usr/bin/podctl"},
		"no exit command":           {options: func(o *CreateOptions) { o.NoExitCommand = true }, flag: "--exit-command-arg", absent: true},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			f := newFakes(t)
			if c.config != nil {
				c.config(&f.cfg)
			}
			opts := f.options()
			if c.options != nil {
				c.options(&opts)
			}
			opts, err := opts.complete()
			require.NoError(t, err)
			args := f.createArgs(opts)
			require.Equal(t, !c.absent, withFlag(args, c.flag, c.value), "%s %s in %q", c.flag, c.value, args)
		})
	}

	t.Run("exit_command_ends_with_the_id", func(t *testing.T) {
		f := newFakes(t)
		f.script("conmon", `answer {"data":1}`)
		opts := f.options()
		opts.ExtraExitArgs = []string{"--rm"}
		_, err := f.Create(t.Context(), opts)
		require.NoError(t, err)
		var last []string
		args := f.calls("conmon")[0]
		for i, arg := range args {
			if arg == "--exit-command-arg" {
				last = append(last, args[i+1])
			}
		}
		require.Equal(t, []string{"--root", "/r", "container", "cleanup", "--rm", "c1d2"}, last)
		require.Equal(t, []string{"/usr/bin/podctl", "--root", "/r", "container", "cleanup"}, f.cfg.ExitCommand)
	})
}

func TestConmonEnvironment(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "/run/notify")
	t.Setenv("LISTEN_FDS", "1")
	t.Setenv("CONTAINERS_CONF", "/etc/c.conf")
	f := newFakes(t, func(c *Config) { c.ConmonEnv = append(c.ConmonEnv, "FROM_CONFIG=1") })
	f.script("conmon", `answer {"data":1}`)
	opts := f.options()
	opts.Env = []string{"FROM_OPTIONS=1"}
	_, err := f.Create(t.Context(), opts)
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(f.dir, "conmon.env"))
	require.NoError(t, err)
	env := strings.Split(string(text), "\n")
	for _, want := range []string{"CONTAINERS_CONF=/etc/c.conf", "FROM_CONFIG=1", "FROM_OPTIONS=1", "_OCI_SYNCPIPE=3", "_OCI_STARTPIPE=4"} {
		require.Contains(t, env, want)
	}
	require.False(t, slices.ContainsFunc(env, func(kv string) bool {
		return strings.HasPrefix(kv, "NOTIFY_SOCKET=") || strings.HasPrefix(kv, "LISTEN_FDS=")
	}), "%q", env)
}

// What a killed crun leaves mounted is found where the container's own things are.
func TestScratch(t *testing.T) {
	scratch := func(id string) string { return "/run/bundles/" + id }
	f := newFakes(t, func(c *Config) { c.Scratch = scratch })
	f.script("conmon", `answer {"data":1}`)
	_, err := f.Create(t.Context(), f.options())
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(f.dir, "conmon.env"))
	require.NoError(t, err)
	require.Contains(t, strings.Split(string(text), "\n"), "_LIBCONTAINER_STATEDIR=/run/bundles/"+f.options().ID)
	r := &Runtime{cfg: Config{Scratch: scratch}}
	require.NotContains(t, strings.Join(r.environ(""), " "), "STATEDIR", "asked for its version it has no container")
}

// root's containers are made by the host's systemd, a user's by the user's own.
func TestSessionBusIsForUsers(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/0")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/0/bus")
	t.Setenv("XDG_CONFIG_HOME", "/root/.config")
	root, user := &Runtime{}, &Runtime{cfg: Config{Rootless: true}}
	require.Contains(t, root.environ(""), "XDG_CONFIG_HOME=/root/.config")
	for _, kv := range []string{"XDG_RUNTIME_DIR=/run/user/0", "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/0/bus"} {
		require.NotContains(t, root.environ(""), kv)
		require.Contains(t, user.environ(""), kv)
	}
}
