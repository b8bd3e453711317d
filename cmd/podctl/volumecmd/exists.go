package volumecmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type finder interface {
	// VolumeExists looks for exactly this name.
	VolumeExists(ctx context.Context, name string) (bool, error)
}

type existsOptions struct {
	Engine func(context.Context) (finder, error)

	Name string
}

// NewCmdExists returns "podctl volume exists".
func NewCmdExists(_ *cmdutil.Factory, open Open, runF func(context.Context, *existsOptions) error) *cobra.Command {
	opts := &existsOptions{Engine: func(ctx context.Context) (finder, error) { return open(ctx) }}
	return &cobra.Command{
		Use:   "exists VOLUME",
		Short: "Tell whether a volume exists",
		Long: `Tell by the exit code whether a volume of that name exists.

Exit codes: 0 it exists, 1 it does not, 125 error.`,
		Example: `podctl volume exists data || podctl volume create data`,
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
	found, err := engine.VolumeExists(ctx, opts.Name)
	if err == nil && !found {
		return cmdutil.Exit(cmdutil.ExitNotFound)
	}
	return err
}
