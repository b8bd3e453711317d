package cmdutil

import (
	"context"

	"github.com/spf13/cobra"
)

// Existence is a command that tells by its exit code whether an object exists.
type Existence struct {
	// Kind is what it looks for, as the help says it: "pod", "local image".
	Kind string
	// By is how one is named: "name or ID".
	By string
	// Arg is its argument in the usage line.
	Arg string
	// Example is an example of its use.
	Example string
	// Find looks for one. An ambiguous name is an error.
	Find func(ctx context.Context, name string) (bool, error)
}

// NewCmd returns the command "exists". It prints nothing; its exit code is 0 if
// the object is there, ExitNotFound if it is not, ExitFailure if that cannot be
// told.
func (e Existence) NewCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "exists " + e.Arg,
		Short: "Tell whether a " + e.Kind + " exists",
		Long: `Tell by the exit code whether a ` + e.Kind + ` of that ` + e.By + ` exists.

Exit codes: 0 it exists, 1 it does not, 125 error.`,
		Example: e.Example,
		Args:    ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := e.Find(cmd.Context(), args[0])
			if err == nil && !found {
				return Exit(ExitNotFound)
			}
			return err
		},
	}
}
