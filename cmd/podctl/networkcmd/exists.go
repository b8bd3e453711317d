package networkcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type finder interface {
	// NetworkExists looks for a name, ID or ID prefix.
	NetworkExists(ctx context.Context, nameOrID string) (bool, error)
}

type existsOptions struct {
	Engine func(context.Context) (finder, error)

	Name string
}

// NewCmdExists returns "podctl network exists".
func NewCmdExists(_ *cmdutil.Factory, open Open, runF func(context.Context, *existsOptions) error) *cobra.Command {
	opts := &existsOptions{Engine: func(ctx context.Context) (finder, error) { return open(ctx) }}
	return &cobra.Command{
		Use:   "exists NETWORK",
		Short: "Tell whether a network exists",
		Long: `Tell by the exit code whether a network of that name or ID exists.

Exit codes: 0 it exists, 1 it does not, 125 error.`,
		Example: `podctl network exists web || podctl network create web`,
		Args:    cmdutil.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Name = args[0]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return existsRun(cmd.Context(), opts)
		},
	}
}

func existsRun(ctx context.Context, opts *existsOptions) error {
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	found, err := engine.NetworkExists(ctx, opts.Name)
	if err == nil && !found {
		return cmdutil.Exit(cmdutil.ExitNotFound)
	}
	return err
}
