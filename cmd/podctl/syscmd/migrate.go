package syscmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type migrator interface {
	// Migrate refuses a new OCI runtime that is not there: ErrInvalidArg.
	Migrate(ctx context.Context, newRuntime string) error
}

type migrateOptions struct {
	Engine func(context.Context) (migrator, error)

	NewRuntime string
}

// NewCmdMigrate returns "podctl system migrate".
func NewCmdMigrate(f *cmdutil.Factory, runF func(context.Context, *migrateOptions) error) *cobra.Command {
	opts := &migrateOptions{Engine: func(ctx context.Context) (migrator, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "migrate [options]",
		Short: "Do nothing: databases are migrated when they are opened",
		Long: `Do nothing. The database of an older version is brought up to date by the first
command that opens it, and a container takes the OCI runtime that is in force when
it is started, not the one it was made with.

Exit codes: 0 success, 125 error.`,
		Example: `podctl system migrate`,
		Args:    cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return migrateRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().Bool("migrate-db", false, "Accepted and ignored")
	cmd.Flags().StringVar(&opts.NewRuntime, "new-runtime", "", "Check that this OCI `runtime` is there")
	return cmd
}

func migrateRun(ctx context.Context, opts *migrateOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	return eng.Migrate(ctx, opts.NewRuntime)
}
