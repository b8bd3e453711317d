package main

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

// tree is the command tree for a command line, or the whole one.
func tree(whole bool, line ...string) *cobra.Command {
	ios, _, _, _ := iostreams.Test()
	f := cmdutil.NewFactory([]string{"podctl"}, ios)
	root := cmdutil.NewRoot(f, "0")
	var called []string
	if !whole {
		called = cmdutil.Words(root, line)
	}
	addCommands(root, f, called)
	return root
}

// Each command, by each of its names, is found in the tree made for it, and
// is the same as in the whole tree.
func TestOnlyWhatIsCalledIsBuilt(t *testing.T) {
	check := func(t *testing.T, line ...string) {
		t.Helper()
		want, _, err := tree(true).Traverse(line)
		require.NoError(t, err)
		root := tree(false, line...)
		got, _, err := root.Traverse(line)
		require.NoError(t, err)
		require.Equal(t, want.CommandPath(), got.CommandPath(), "%q", line)
		require.Equal(t, want.LocalFlags().FlagUsages(), got.LocalFlags().FlagUsages(), "%q", line)
	}
	whole := tree(true)
	for _, cmd := range whole.Commands() {
		require.Less(t, len(tree(false, cmd.Name()).Commands()), len(whole.Commands()), "%s is not called by its name", cmd.Name())
		for _, name := range append(cmd.Aliases, cmd.Name()) {
			check(t, name)
			check(t, "--root", "pod", "--syslog", name, "--help")
			check(t, "--root=pod", name, "create", "x")
			for _, sub := range cmd.Commands() {
				for _, subName := range append(sub.Aliases, sub.Name()) {
					check(t, name, subName)
					check(t, "--log-level", "info", name, subName, "--all", "pod")
					check(t, name, "--root", "pod", subName)
				}
			}
		}
	}
	for _, line := range [][]string{{}, {"-D", "ps"}, {"nosuch"}, {"pod", "nosuch"}, {"help", "pod", "rm"}, {"--log-level"}} {
		check(t, line...)
	}
}

func TestLittleIsBuilt(t *testing.T) {
	require.Len(t, tree(false, "--root", "/x", "pod", "create", "--name", "x").Commands(), 1)
	require.Len(t, tree(false, "--root", "/x", "pod", "create", "--name", "x").Commands()[0].Commands(), 1)
	require.Len(t, tree(false, "ps", "--all").Commands(), 1)
}
