package cmdutil

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// NewGroup returns a command that only holds others, such as "podctl pod".
// Called without a subcommand it prints its help and fails.
func NewGroup(name, short string, subcommands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short, Long: short + ".", RunE: RunGroup}
	cmd.AddCommand(subcommands...)
	return cmd
}

// RunGroup is the run function of a command that only holds others: it says
// which subcommand is missing or unknown.
func RunGroup(cmd *cobra.Command, args []string) error {
	path := cmd.CommandPath()
	if len(args) == 0 {
		if err := cmd.Help(); err != nil {
			return err
		}
		return fmt.Errorf("missing command '%s COMMAND'", path)
	}
	hint := fmt.Sprintf("Try '%s --help' for more information", path)
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		hint = "\nDid you mean this?\n\t" + strings.Join(similar, "\n\t") + "\n\n" + hint
	}
	return &UsageError{Err: fmt.Errorf("unrecognized command `%s %s`", path, args[0]), Hint: hint}
}

// flagError adds where to read about the flags to an error of parsing them.
func flagError(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	return &UsageError{Err: err, Hint: fmt.Sprintf("See '%s --help'", cmd.CommandPath())}
}

// LongHelpOnly defines --help without its short form, for commands where -h
// means --hostname.
func LongHelpOnly(cmd *cobra.Command) {
	cmd.Flags().Bool("help", false, "help for "+cmd.Name())
}

// AliasFlags lets other names stand for flags of cmd: alias to name.
func AliasFlags(cmd *cobra.Command, aliases map[string]string) {
	cmd.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if target, ok := aliases[name]; ok {
			name = target
		}
		return pflag.NormalizedName(name)
	})
}
