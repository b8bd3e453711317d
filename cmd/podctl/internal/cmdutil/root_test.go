package cmdutil_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

// start is a command with flags of every sort; it prints its arguments.
func start(f *cmdutil.Factory, check cobra.PositionalArgs) *cobra.Command {
	var host, sort string
	cmd := &cobra.Command{
		Use:     "start [options] [NAME...]",
		Short:   "Start it",
		Example: "podctl pod start web\npodctl pod start db",
		Args:    check,
		RunE: func(_ *cobra.Command, args []string) error {
			return cmdutil.PrintJSON(f.IO.Out, append([]string{host, sort}, args...), 0)
		},
	}
	cmd.Flags().IntP("time", "t", 10, "Seconds to wait")
	cmd.Flags().StringVarP(&host, "hostname", "h", "", "Host name")
	cmdutil.LongHelpOnly(cmd)
	cmdutil.AliasFlags(cmd, map[string]string{"timeout": "time", "namespace": "hostname"})
	cmdutil.ChoiceFlag(cmd, &sort, "sort", "", "created", "Order", "created", "id", "name")
	return cmd
}

func runLine(t *testing.T, check cobra.PositionalArgs, line ...string) cmdtest.Result {
	t.Helper()
	ios, _, out, errOut := iostreams.Test()
	f := cmdutil.NewFactory([]string{"/opt/bin/podctl"}, ios)
	root := cmdutil.NewRoot(f, "5.8.2")
	status := &cobra.Command{Use: "status", RunE: func(*cobra.Command, []string) error { return errors.New("down") }}
	root.AddCommand(start(f, check), cmdutil.NewGroup("pod", "Manage pods", start(f, check), status))
	code := cmdutil.Report(ios, cmdutil.Execute(t.Context(), f, root, line))
	return cmdtest.Result{Code: code, Stdout: out.String(), Stderr: errOut.String()}
}

func TestUsageErrors(t *testing.T) {
	const seeStart = "See 'podctl pod start --help'\n"
	tests := []struct {
		name string
		line []string
		want string
	}{
		{"unknown_long_flag", []string{"pod", "start", "--x"}, "Error: unknown flag: --x\n" + seeStart},
		{"unknown_short_flag", []string{"pod", "start", "-x"}, "Error: unknown shorthand flag: 'x' in -x\n" + seeStart},
		{"missing_value", []string{"pod", "start", "--time"}, "Error: flag needs an argument: --time\n" + seeStart},
		{"missing_value_of_short_flag", []string{"pod", "start", "-t"}, "Error: flag needs an argument: 't' in -t\n" + seeStart},
		{"bad_value", []string{"pod", "start", "-t", "v"}, `Error: invalid argument "v" for "-t, --time" flag: strconv.ParseInt: parsing "v": invalid syntax` + "\n" + seeStart},
		{"bad_choice", []string{"pod", "start", "--sort", "v"}, `Error: invalid argument "v" for "--sort" flag: "v" is not a valid value.  Choose from: "created, id, name"` + "\n" + seeStart},
		{"unknown_flag_of_a_group", []string{"pod", "--x"}, "Error: unknown flag: --x\nSee 'podctl pod --help'\n"},
		{"unknown_flag_before_a_command", []string{"--x", "start"}, "Error: unknown flag: --x\nSee 'podctl --help'\n"},
		{"flags_are_checked_before_arguments", []string{"pod", "start", "--x", "arg"}, "Error: unknown flag: --x\n" + seeStart},
		{"unknown_command", []string{"bogus"}, "Error: unrecognized command `podctl bogus`\nTry 'podctl --help' for more information\n"},
		{"unknown_command_of_a_group", []string{"pod", "bogus"}, "Error: unrecognized command `podctl pod bogus`\nTry 'podctl pod --help' for more information\n"},
		{"similar_command_at_the_top", []string{"sart"}, "Error: unrecognized command `podctl sart`\n\nDid you mean this?\n\tstart\n\nTry 'podctl --help' for more information\n"},
		{"a_group_suggests_prefixes", []string{"pod", "sta"}, "Error: unrecognized command `podctl pod sta`\n\nDid you mean this?\n\tstart\n\tstatus\n\nTry 'podctl pod --help' for more information\n"},
		{"a_group_suggests_nothing_similar", []string{"pod", "sart"}, "Error: unrecognized command `podctl pod sart`\nTry 'podctl pod --help' for more information\n"},
		{"a_run_error_has_no_hint", []string{"pod", "status"}, "Error: down\n"},
		{"network_backend_is_netavark", []string{"--network-backend=cni", "start"}, "Error: could not get runtime: cni support is not enabled in this build, only netavark. Got unsupported network backend \"cni\"\n"},
		{"db_backend_is_a_word", []string{"--db-backend=x", "start"}, "Error: configuring runtime: unsupported database backend: \"x\"\n"},
		{"events_backend_is_a_word", []string{"--events-backend=x", "start"}, "Error: configuring runtime: \"x\" is not a valid events backend: invalid argument\n"},
		{"workers_must_be_positive", []string{"--max-workers=-1", "start"}, "Error: maximum workers must be set to a positive number (got -1)\n"},
		{"there_is_no_remote_engine", []string{"--url", "ssh://x", "start"}, "Error: podctl runs containers on this host only, remote engines are not supported: unsupported\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := runLine(t, cmdutil.NoArgs, test.line...)
			require.Equal(t, cmdtest.Result{Code: 125, Stderr: test.want}, got)
		})
	}
}

func TestArgumentCounts(t *testing.T) {
	tests := []struct {
		name  string
		check cobra.PositionalArgs
		args  []string
		want  string
	}{
		{"none_allowed", cmdutil.NoArgs, []string{"a"}, "`podctl pod start` takes no arguments"},
		{"exact", cmdutil.ExactArgs(1), []string{"a", "b"}, "accepts 1 arg(s), received 2"},
		{"too_few", cmdutil.MinArgs(2), []string{"a"}, "requires at least 2 arg(s), only received 1"},
		{"too_many", cmdutil.MaxArgs(1), []string{"a", "b"}, "accepts at most 1 arg(s), received 2"},
		{"below_range", cmdutil.RangeArgs(1, 2), nil, "accepts between 1 and 2 arg(s), received 0"},
		{"above_range", cmdutil.RangeArgs(1, 2), []string{"a", "b", "c"}, "accepts between 1 and 2 arg(s), received 3"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := runLine(t, test.check, append([]string{"pod", "start"}, test.args...)...)
			require.Equal(t, cmdtest.Result{Code: 125, Stderr: "Error: " + test.want + "\n"}, got)
		})
	}
	for _, check := range []cobra.PositionalArgs{cmdutil.ExactArgs(1), cmdutil.MinArgs(1), cmdutil.MaxArgs(1), cmdutil.RangeArgs(1, 1), nil} {
		require.Equal(t, cmdtest.Result{Stdout: `["","created","a"]` + "\n"}, runLine(t, check, "pod", "start", "a"))
	}
}

func TestFlagsOfEverySort(t *testing.T) {
	got := runLine(t, nil, "--log-level=error", "pod", "start", "-h", "web", "--timeout", "3", "--sort=id", "--root", "/x")
	require.Equal(t, cmdtest.Result{Stdout: `["web","id"]` + "\n"}, got)
	// An alias may shadow a global flag.
	got = runLine(t, nil, "pod", "start", "--namespace", "n")
	require.Equal(t, cmdtest.Result{Stdout: `["n","created"]` + "\n"}, got)
}

func TestHelp(t *testing.T) {
	const startHelp = `Start it

Usage:
  podctl pod start [options] [NAME...]

Examples:
  podctl pod start web
  podctl pod start db

Options:
      --help              help for start
  -h, --hostname string   Host name
      --sort string       Order (created, id, name) (default "created")
  -t, --time int          Seconds to wait (default 10)

Global options: podctl --help
`
	const podHelp = `Manage pods.

Usage:
  podctl pod [options] COMMAND

Commands:
  start       Start it
  status      

Options:
  -h, --help   help for pod

Global options: podctl --help
`
	t.Run("of_a_command", func(t *testing.T) {
		require.Equal(t, cmdtest.Result{Stdout: startHelp}, runLine(t, nil, "pod", "start", "--help"))
	})
	t.Run("of_a_group", func(t *testing.T) {
		require.Equal(t, cmdtest.Result{Stdout: podHelp}, runLine(t, nil, "pod", "-h"))
	})
	t.Run("a_group_without_command_prints_it_and_fails", func(t *testing.T) {
		want := cmdtest.Result{Code: 125, Stdout: podHelp, Stderr: "Error: missing command 'podctl pod COMMAND'\n"}
		require.Equal(t, want, runLine(t, nil, "pod"))
	})
	t.Run("before_a_command_runs_nothing", func(t *testing.T) {
		want := cmdtest.Result{Stdout: startHelp}
		require.Equal(t, want, runLine(t, nil, "--help", "pod", "start"))
	})
}

func TestVersionFlag(t *testing.T) {
	for _, flag := range []string{"--version", "-v"} {
		require.Equal(t, cmdtest.Result{Stdout: "podctl version 5.8.2\n"}, runLine(t, nil, flag))
	}
}

func TestGlobalFlagsThatEndWithoutPrefix(t *testing.T) {
	const levels = `Log Level "loud" is not supported, choose from: trace, debug, info, warn, warning, error, fatal, panic` + "\n"
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	tests := []struct {
		name string
		line []string
		want string
	}{
		{"bad_log_level", []string{"--log-level", "loud", "start"}, levels},
		{"bad_log_level_is_shown_as_typed", []string{"--log-level", "LOUD", "start"}, strings.Replace(levels, "loud", "LOUD", 1)},
		{"bad_log_level_is_told_before_arguments", []string{"start", "--log-level", "loud", "arg"}, levels},
		{"unwritable_out", []string{"--out", file + "/x", "start"}, "unable to open file for standard output: open " + file + "/x: not a directory\n"},
		{"config_is_no_directory", []string{"--config", file, "start"}, "unable to use config directory: " + file + " is not a directory\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, cmdtest.Result{Code: 1, Stderr: test.want}, runLine(t, cmdutil.NoArgs, test.line...))
		})
	}
}

func TestOutTakesResultsAndHelp(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	require.Equal(t, cmdtest.Result{}, runLine(t, nil, "--out", file, "start", "a"))
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, `["","created","a"]`+"\n", string(got))

	require.Equal(t, cmdtest.Result{}, runLine(t, nil, "--noout", "start", "a"))
}

func TestConfigDirectory(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", "")
	dir := t.TempDir()
	require.Equal(t, 0, runLine(t, nil, "--config", dir, "start").Code)
	require.Equal(t, dir, os.Getenv("DOCKER_CONFIG"))
}

func TestNoGlobalFlagIsGivenByDefault(t *testing.T) {
	ios, _, _, _ := iostreams.Test()
	f := cmdutil.NewFactory([]string{"podctl"}, ios)
	root := cmdutil.NewRoot(f, "0")
	root.AddCommand(start(f, nil))
	require.NoError(t, cmdutil.Execute(t.Context(), f, root, []string{"start"}))
	require.Equal(t, cmdutil.Globals{LogLevel: "warn", ProgramTimeout: 2 * time.Minute}, *f.Globals)
}
