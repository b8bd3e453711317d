package cmdutil

import (
	"strings"

	"github.com/spf13/cobra"
)

// Words are the words of a command line that may name a command: those after the
// root command's flags, up to the next flag. It reads a line as cobra does while
// it looks for the command, and sets no flag. None if the root command has
// short flags or unknown ones.
func Words(root *cobra.Command, args []string) []string {
	for len(args) > 0 && isFlag(args[0]) {
		name, _, hasValue := strings.Cut(args[0], "=")
		long, isLong := strings.CutPrefix(name, "--")
		flag := root.PersistentFlags().Lookup(long)
		if flag == nil {
			flag = root.Flags().Lookup(long)
		}
		if !isLong || flag == nil {
			return nil
		}
		args = args[1:]
		if !hasValue && flag.NoOptDefVal == "" && len(args) > 0 {
			args = args[1:]
		}
	}
	for i, arg := range args {
		if isFlag(arg) {
			return args[:i]
		}
	}
	return args
}

func isFlag(arg string) bool { return strings.HasPrefix(arg, "-") }
