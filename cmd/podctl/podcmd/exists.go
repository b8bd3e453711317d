package podcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type podFinder interface {
	// PodExists is an error for an ambiguous ID prefix.
	PodExists(ctx context.Context, nameOrID string) (bool, error)
}

type existsOptions struct {
	Engine func(context.Context) (podFinder, error)

	Pod string
}

// NewCmdExists returns "podctl pod exists".
func NewCmdExists(f *cmdutil.Factory, runF func(context.Context, *existsOptions) error) *cobra.Command {
	opts := &existsOptions{Engine: func(ctx context.Context) (podFinder, error) { return f.Engine(ctx) }}
	return &cobra.Command{
		Use:   "exists POD",
		Short: "Tell whether a pod exists",
		Long: `Tell by the exit code whether a pod of that name or ID exists.

Exit codes: 0 it exists, 1 it does not, 125 error.`,
		Example: `podctl pod exists web || podctl pod create web`,
		Args:    cmdutil.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Pod = args[0]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return existsRun(cmd.Context(), opts)
		},
	}
}

func existsRun(ctx context.Context, opts *existsOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	found, err := eng.PodExists(ctx, opts.Pod)
	if err == nil && !found {
		return cmdutil.Exit(cmdutil.ExitNotFound)
	}
	return err
}
