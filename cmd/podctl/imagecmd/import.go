package imagecmd

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/library"
)

type importer interface {
	Import(ctx context.Context, path string, opts library.ImportOptions) (string, error)
	ImportFrom(ctx context.Context, archive io.Reader, opts library.ImportOptions) (string, error)
}

type importOptions struct {
	IO     *iostreams.IOStreams
	Images func(context.Context) (importer, error)

	Path   string // "-" is standard input
	Quiet  bool
	Import library.ImportOptions
}

// NewCmdImport returns "podctl import".
func NewCmdImport(f *cmdutil.Factory, open Open, runF func(context.Context, *importOptions) error) *cobra.Command {
	opts := &importOptions{IO: f.IO, Images: func(ctx context.Context) (importer, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "import [options] PATH [REFERENCE]",
		Short: "Make an image from a tar archive of a root file system",
		Long: `Make an image with one layer from a tar archive of a root file system, - for
standard input, and print its ID.

Exit codes: 0 success, 125 error.`,
		Example: `podctl import rootfs.tar mine:latest
podctl import --change CMD=/bin/sh - mine < rootfs.tar`,
		Args: cmdutil.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Path = args[0]
			if len(args) > 1 {
				opts.Import.Ref = args[1]
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return importRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVarP(&opts.Import.Changes, "change", "c", nil, "Apply this Containerfile `instruction`")
	fs.StringVarP(&opts.Import.Message, "message", "m", "", "Set this commit `message`")
	fs.StringVar(&opts.Import.Arch, "arch", "", "Set the `architecture` of the image")
	fs.StringVar(&opts.Import.OS, "os", "", "Set the operating `system` of the image")
	fs.StringVar(&opts.Import.Variant, "variant", "", "Set the `variant` of the architecture")
	fs.BoolVarP(&opts.Quiet, "quiet", "q", false, "Show no progress")
	return cmd
}

func importRun(ctx context.Context, opts *importOptions) error {
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	if !opts.Quiet {
		opts.Import.Progress = opts.IO.ErrOut
	}
	var id string
	if opts.Path == "-" {
		id, err = images.ImportFrom(ctx, opts.IO.In, opts.Import)
	} else {
		id, err = images.Import(ctx, opts.Path, opts.Import)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(opts.IO.Out, id)
	return nil
}
