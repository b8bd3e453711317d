package imagecmd

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/library"
)

type inspector interface {
	Inspect(ctx context.Context, ref string) (*library.Details, error)
}

type inspectOptions struct {
	IO     *iostreams.IOStreams
	Images func(context.Context) (inspector, error)

	Names  []string
	Format string
}

// NewCmdInspect returns "podctl image inspect".
func NewCmdInspect(f *cmdutil.Factory, open Open, runF func(context.Context, *inspectOptions) error) *cobra.Command {
	opts := &inspectOptions{IO: f.IO, Images: func(ctx context.Context) (inspector, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "inspect [options] IMAGE [IMAGE...]",
		Short: "Show everything known of images",
		Long: `Show everything known of local images.

Exit codes: 0 success, 125 error.`,
		Example: `podctl image inspect busybox
podctl image inspect --format '{{.Config.Cmd}}' busybox`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.Names = args; len(args) == 0 {
				return errors.New("no names or ids specified")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return inspectRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVarP(&opts.Format, "format", "f", "json", "Print as json or with a Go `template`")
	return cmd
}

func inspectRun(ctx context.Context, opts *inspectOptions) error {
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	found, errs := cmdutil.FindAll(opts.Names, func(name string) (*library.Details, error) { return images.Inspect(ctx, name) })
	// The JSON key is Id, and templates are written by what JSON shows.
	format := strings.ReplaceAll(opts.Format, "{{.Id}}", "{{.ID}}")
	err = cmdutil.RenderInspected(opts.IO.Out, cmdutil.ListFormat{Command: "inspect", Format: format, Indent: cmdutil.JSONIndent}, found)
	return errors.Join(append(errs, err)...)
}
