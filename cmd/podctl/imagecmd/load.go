package imagecmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

type loader interface {
	Load(ctx context.Context, path string, progress io.Writer) ([]string, error)
	LoadFrom(ctx context.Context, archive io.Reader, progress io.Writer) ([]string, error)
}

type loadOptions struct {
	IO     *iostreams.IOStreams
	Images func(context.Context) (loader, error)

	Input string // "" is standard input
	Quiet bool
}

// NewCmdLoad returns "podctl load".
func NewCmdLoad(f *cmdutil.Factory, open Open, runF func(context.Context, *loadOptions) error) *cobra.Command {
	opts := &loadOptions{IO: f.IO, Images: func(ctx context.Context) (loader, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "load [options]",
		Short: "Load images from an archive",
		Long: `Load all images of an archive or directory that save wrote, and print their names.

Exit codes: 0 success, 125 error.`,
		Example: `podctl load --input busybox.tar
podctl load < busybox.tar`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.Input == "" && opts.IO.InIsTerminal() {
				return errors.New("cannot read from terminal, use command-line redirection or the --input flag")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return loadRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVarP(&opts.Input, "input", "i", "", "Read from this `file` instead of standard input")
	cmd.Flags().BoolVarP(&opts.Quiet, "quiet", "q", false, "Show no progress")
	return cmd
}

func loadRun(ctx context.Context, opts *loadOptions) error {
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	var progress io.Writer
	if !opts.Quiet {
		progress = opts.IO.ErrOut
	}
	var names []string
	if opts.Input == "" {
		names, err = images.LoadFrom(ctx, opts.IO.In, progress)
	} else {
		names, err = images.Load(ctx, opts.Input, progress)
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		fmt.Fprintln(opts.IO.Out, "Loaded image: "+name)
	}
	return nil
}
