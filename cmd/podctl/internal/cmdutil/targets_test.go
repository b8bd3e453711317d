package cmdutil_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

func runTargets(t *testing.T, flags cmdutil.TargetFlags, args ...string) (*cmdutil.Targets, cmdtest.Result) {
	t.Helper()
	targets := &cmdutil.Targets{}
	cmd := &cobra.Command{Use: "rm", RunE: func(*cobra.Command, []string) error { return nil }}
	targets.Bind(cmd, flags)
	return targets, cmdtest.New(t).Run("", cmd, args...)
}

func TestTargetConflicts(t *testing.T) {
	pods := cmdutil.TargetFlags{Kind: cmdutil.Pods, IDFile: true}
	ctrs := cmdutil.TargetFlags{Kind: cmdutil.Containers, IDFile: true, Filter: true}
	tests := []struct {
		name  string
		flags cmdutil.TargetFlags
		args  []string
		want  string
	}{
		{"file_with_all", pods, []string{"--pod-id-file=x", "-a"}, "--all, --latest, and --pod-id-file cannot be used together"},
		{"file_with_latest", pods, []string{"--pod-id-file=x", "-l"}, "--all, --latest, and --pod-id-file cannot be used together"},
		{"file_is_told_first", pods, []string{"--pod-id-file=x", "-a", "-l", "web"}, "--all, --latest, and --pod-id-file cannot be used together"},
		{"all_with_latest", pods, []string{"-a", "-l", "web"}, "--all and --latest cannot be used together"},
		{"arguments_with_all", pods, []string{"-a", "web"}, "no arguments are needed with --all"},
		{"arguments_with_latest", pods, []string{"-l", "web"}, "--latest and containers cannot be used together"},
		{"arguments_with_file", pods, []string{"--pod-id-file=x", "web"}, "no arguments are needed with --latest or --pod-id-file"},
		{"nothing", pods, nil, "you must provide at least one name or id"},
		{"containers_have_cidfile", ctrs, []string{"--cidfile=x", "-a"}, "--all, --latest, and --cidfile cannot be used together"},
		{"arguments_with_cidfile", ctrs, []string{"--cidfile=x", "web"}, "no arguments are needed with --latest or --cidfile"},
		{"arguments_with_filter", ctrs, []string{"-f", "a=b", "web"}, "--filter takes no arguments"},
		{"filter_without_value", ctrs, []string{"-f", "name"}, `invalid filter "name"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, got := runTargets(t, test.flags, test.args...)
			require.Equal(t, cmdtest.Result{Code: 125, Stderr: "Error: " + test.want + "\n"}, got)
		})
	}
}

func TestTargetsThatAreFine(t *testing.T) {
	ctrs := cmdutil.TargetFlags{Kind: cmdutil.Containers, IDFile: true, Filter: true}
	got, result := runTargets(t, ctrs, "web", "db")
	require.Equal(t, cmdtest.Result{}, result)
	require.Equal(t, []string{"web", "db"}, got.Names)

	for _, args := range [][]string{{"-a"}, {"-l"}, {"-f", "name=x"}, {"-a", "-f", "name=x"}, {"--cidfile", "x", "--cidfile", "y"}} {
		_, result := runTargets(t, ctrs, args...)
		require.Equal(t, cmdtest.Result{}, result, args)
	}
}

func TestFilterWithoutShortForm(t *testing.T) {
	flags := cmdutil.TargetFlags{Kind: cmdutil.Containers, Filter: true, ForceIsF: true}
	_, got := runTargets(t, flags, "-f", "name=x")
	require.Equal(t, "Error: unknown shorthand flag: 'f' in -f\nSee 'podctl rm --help'\n", got.Stderr)
	targets, _ := runTargets(t, flags, "--filter", "name=x")
	require.Equal(t, []string{"name=x"}, targets.Filters)
}

func TestIDFiles(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	require.NoError(t, os.WriteFile(one, []byte("abc\nignored\n"), 0o600))
	require.NoError(t, os.WriteFile(two, []byte("def"), 0o600))
	pods := cmdutil.TargetFlags{Kind: cmdutil.Pods, IDFile: true}

	targets, _ := runTargets(t, pods, "--pod-id-file", one, "--pod-id-file", two)
	ids, err := targets.ReadIDFiles()
	require.NoError(t, err)
	require.Equal(t, []string{"abc", "def"}, ids)

	targets, _ = runTargets(t, pods, "--pod-id-file", "/nonexistent")
	_, err = targets.ReadIDFiles()
	require.EqualError(t, err, "reading pod ID file: open /nonexistent: no such file or directory")
	require.True(t, errors.Is(err, fs.ErrNotExist))

	ctrs := cmdutil.TargetFlags{Kind: cmdutil.Containers, IDFile: true, Ignore: true}
	targets, _ = runTargets(t, ctrs, "-i", "--cidfile", "/nonexistent", "--cidfile", one)
	ids, err = targets.ReadIDFiles()
	require.NoError(t, err)
	require.Equal(t, []string{"abc"}, ids)
	targets, _ = runTargets(t, ctrs, "-i", "--cidfile", dir)
	_, err = targets.ReadIDFiles()
	require.EqualError(t, err, "reading CIDFile: read "+dir+": is a directory")

	_, err = cmdutil.Containers.ReadIDFile("/nonexistent")
	require.EqualError(t, err, "reading CIDFile: open /nonexistent: no such file or directory")
}
