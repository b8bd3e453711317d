package imagecmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type tagger interface {
	Tag(ctx context.Context, ref string, names []string) error
}

type tagOptions struct {
	Images func(context.Context) (tagger, error)

	Image string
	Names []string
}

// NewCmdTag returns "podctl tag".
func NewCmdTag(_ *cmdutil.Factory, open Open, runF func(context.Context, *tagOptions) error) *cobra.Command {
	opts := &tagOptions{Images: func(ctx context.Context) (tagger, error) { return open(ctx) }}
	return &cobra.Command{
		Use:   "tag IMAGE NAME [NAME...]",
		Short: "Give an image further names",
		Long: `Give a local image further names. A name another image has is taken from it.

Exit codes: 0 success, 125 error.`,
		Example: `podctl tag busybox mine:1
podctl tag 0123456789ab localhost/mine:2 localhost/mine:latest`,
		Args: cmdutil.MinArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Image, opts.Names = args[0], args[1:]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return tagRun(cmd.Context(), opts)
		},
	}
}

func tagRun(ctx context.Context, opts *tagOptions) error {
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	return images.Tag(ctx, opts.Image, opts.Names)
}
