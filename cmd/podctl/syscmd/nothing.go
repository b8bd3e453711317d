package syscmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

// NewCmdRenumber returns "podctl system renumber", for scripts written for
// programs whose locks have numbers.
func NewCmdRenumber(_ *cmdutil.Factory, runF func(context.Context) error) *cobra.Command {
	return nothing(&cobra.Command{
		Use:   "renumber",
		Short: "Do nothing: locks have no numbers",
		Long: `Do nothing. Locks are files named after containers, freed by the kernel when
their holder ends: they have no numbers that could be reallocated.

Exit codes: 0 success, 125 usage error.`,
		Example: `podctl system renumber`,
	}, runF)
}

// NewCmdMigrate returns "podctl system migrate".
func NewCmdMigrate(_ *cmdutil.Factory, runF func(context.Context) error) *cobra.Command {
	cmd := nothing(&cobra.Command{
		Use:   "migrate [options]",
		Short: "Do nothing: databases are migrated when they are opened",
		Long: `Do nothing. The database of an older version is brought up to date by the first
command that opens it.

Exit codes: 0 success, 125 usage error.`,
		Example: `podctl system migrate`,
	}, runF)
	cmd.Flags().Bool("migrate-db", false, "Accepted and ignored")
	return cmd
}

func nothing(cmd *cobra.Command, runF func(context.Context) error) *cobra.Command {
	cmd.Args = cmdutil.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if runF != nil {
			return runF(cmd.Context())
		}
		return nil
	}
	return cmd
}
