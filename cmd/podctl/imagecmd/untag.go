package imagecmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type untagger interface {
	Untag(ctx context.Context, ref string, names []string) error
}

type untagOptions struct {
	Images func(context.Context) (untagger, error)

	Image string
	Names []string // none means all
}

// NewCmdUntag returns "podctl untag".
func NewCmdUntag(_ *cmdutil.Factory, open Open, runF func(context.Context, *untagOptions) error) *cobra.Command {
	opts := &untagOptions{Images: func(ctx context.Context) (untagger, error) { return open(ctx) }}
	return &cobra.Command{
		Use:   "untag IMAGE [NAME...]",
		Short: "Take names from an image",
		Long: `Take names from a local image, all of them if none is given. The image stays.

Exit codes: 0 success, 125 error.`,
		Example: `podctl untag busybox
podctl untag 0123456789ab localhost/mine:2`,
		Args: cmdutil.MinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Image, opts.Names = args[0], args[1:]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return untagRun(cmd.Context(), opts)
		},
	}
}

func untagRun(ctx context.Context, opts *untagOptions) error {
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	return images.Untag(ctx, opts.Image, opts.Names)
}
