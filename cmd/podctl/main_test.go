package main

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

func TestRealMain(t *testing.T) {
	tests := []struct {
		name           string
		argv           []string
		code           int
		stdout, stderr string
	}{
		{"the_program_is_named_after_argv0", []string{"/usr/local/bin/pc", "--version"}, 0, "pc version 5.8.2\n", ""},
		{"so_are_messages", []string{"./pc", "volume", "x"}, 125, "", "Error: unrecognized command `pc volume x`\nTry 'pc volume --help' for more information\n"},
		{"bad_log_level_is_1", []string{"pc", "--log-level=x", "version"}, 1, "", `Log Level "x" is not supported, choose from: trace, debug, info, warn, warning, error, fatal, panic` + "\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ios, _, out, errOut := iostreams.Test()
			require.Equal(t, test.code, realMain(test.argv, ios))
			require.Equal(t, test.stdout, out.String())
			require.Equal(t, test.stderr, errOut.String())
		})
	}
}

// Every command of the tree can be built and has a help text: clashes of
// flag names and shorthands panic here and not at the user's.
func TestEveryCommandHasHelp(t *testing.T) {
	ios, _, _, _ := iostreams.Test()
	f := cmdutil.NewFactory([]string{"podctl"}, ios)
	root := cmdutil.NewRoot(f, "0")
	addCommands(root, f, nil)
	paths := [][]string{nil}
	for len(paths) > 0 {
		path := paths[0]
		paths = paths[1:]
		t.Run(strings.Join(path, " "), func(t *testing.T) {
			ios, _, out, errOut := iostreams.Test()
			require.Equal(t, 0, realMain(append(append([]string{"podctl"}, path...), "--help"), ios))
			require.Empty(t, errOut.String())
			require.Contains(t, out.String(), "Usage:\n  podctl")
		})
		cmd, _, err := root.Find(path)
		require.NoError(t, err)
		for _, sub := range cmd.Commands() {
			paths = append(paths, append(append([]string{}, path...), sub.Name()))
		}
	}
}

func TestSignals(t *testing.T) {
	t.Run("the_first_one_cancels", func(t *testing.T) {
		ctx, _, cancel := cancelOnSignal(context.Background())
		defer cancel()
		raise(t, syscall.SIGTERM)
		wait(t, ctx.Done())
		require.ErrorIs(t, context.Cause(ctx), cmdutil.Signaled{Signal: syscall.SIGTERM})
	})
	t.Run("a_command_can_take_them_over", func(t *testing.T) {
		ctx, stop, cancel := cancelOnSignal(context.Background())
		defer cancel()
		own := make(chan os.Signal, 1)
		signal.Notify(own, syscall.SIGTERM)
		defer signal.Stop(own)
		stop()
		stop()
		raise(t, syscall.SIGTERM)
		wait(t, own)
		require.NoError(t, ctx.Err())
	})
}

func raise(t *testing.T, sig syscall.Signal) {
	t.Helper()
	require.NoError(t, syscall.Kill(os.Getpid(), sig))
}

func wait[T any](t *testing.T, events <-chan T) {
	t.Helper()
	select {
	case <-events:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing happened in ten seconds")
	}
}
