package ctrcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type finder interface {
	// ContainerExists is an error for an ambiguous ID prefix. external looks for
	// what other programs made in the image store too.
	ContainerExists(ctx context.Context, nameOrID string, external bool) (bool, error)
}

type existsOptions struct {
	Engine func(context.Context) (finder, error)

	Container string
	External  bool
}

// NewCmdExists returns "podctl container exists".
func NewCmdExists(f *cmdutil.Factory, runF func(context.Context, *existsOptions) error) *cobra.Command {
	opts := &existsOptions{Engine: func(ctx context.Context) (finder, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "exists [options] CONTAINER",
		Short: "Tell whether a container exists",
		Long: `Tell by the exit code whether a container of that name or ID exists.

Exit codes: 0 it exists, 1 it does not, 125 error.`,
		Example: `podctl container exists web || podctl create --name web nginx`,
		Args:    cmdutil.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Container = args[0]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return existsRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.External, "external", false, "Look for containers other programs made in the image store too")
	return cmd
}

func existsRun(ctx context.Context, opts *existsOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	found, err := eng.ContainerExists(ctx, opts.Container, opts.External)
	if err == nil && !found {
		return cmdutil.Exit(cmdutil.ExitNotFound)
	}
	return err
}
