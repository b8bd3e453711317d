package imagecmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type existence interface {
	Exists(ctx context.Context, ref string) (bool, error)
}

type existsOptions struct {
	Images func(context.Context) (existence, error)

	Image string
}

// NewCmdExists returns "podctl image exists".
func NewCmdExists(_ *cmdutil.Factory, open Open, runF func(context.Context, *existsOptions) error) *cobra.Command {
	opts := &existsOptions{Images: func(ctx context.Context) (existence, error) { return open(ctx) }}
	return &cobra.Command{
		Use:   "exists IMAGE",
		Short: "Tell whether a local image exists",
		Long: `Tell by the exit code whether a local image exists.

Exit codes: 0 it exists, 1 it does not, 125 error.`,
		Example: `podctl image exists busybox || podctl pull busybox`,
		Args:    cmdutil.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Image = args[0]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return existsRun(cmd.Context(), opts)
		},
	}
}

func existsRun(ctx context.Context, opts *existsOptions) error {
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	found, err := images.Exists(ctx, opts.Image)
	if err != nil {
		return err
	}
	if !found {
		return cmdutil.Exit(cmdutil.ExitNotFound)
	}
	return nil
}
