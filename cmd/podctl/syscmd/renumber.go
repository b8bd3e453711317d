package syscmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type renumberer interface {
	Renumber(ctx context.Context) error
}

type renumberOptions struct {
	Engine func(context.Context) (renumberer, error)
}

// NewCmdRenumber returns "podctl system renumber", for scripts written for
// programs whose locks have numbers.
func NewCmdRenumber(f *cmdutil.Factory, runF func(context.Context, *renumberOptions) error) *cobra.Command {
	opts := &renumberOptions{Engine: func(ctx context.Context) (renumberer, error) { return f.Engine(ctx) }}
	return &cobra.Command{
		Use:   "renumber",
		Short: "Do nothing but record it: locks have no numbers",
		Long: `Record the event renumber and do nothing else. Locks are files named after
containers, freed by the kernel when their holder ends: they have no numbers that
could be reallocated.

Exit codes: 0 success, 125 error.`,
		Example: `podctl system renumber`,
		Args:    cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return renumberRun(cmd.Context(), opts)
		},
	}
}

func renumberRun(ctx context.Context, opts *renumberOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	return eng.Renumber(ctx)
}
