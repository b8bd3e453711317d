package imagecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/library"
)

type saver interface {
	Save(ctx context.Context, names []string, path string, opts library.SaveOptions) error
	SaveTo(ctx context.Context, names []string, out io.Writer, opts library.SaveOptions) error
}

type saveOptions struct {
	IO     *iostreams.IOStreams
	Images func(context.Context) (saver, error)

	Names  []string
	Output string // "" is standard output
	Multi  bool
	Quiet  bool
	Save   library.SaveOptions
}

// NewCmdSave returns "podctl save".
func NewCmdSave(f *cmdutil.Factory, open Open, runF func(context.Context, *saveOptions) error) *cobra.Command {
	opts := &saveOptions{IO: f.IO, Images: func(ctx context.Context) (saver, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "save [options] IMAGE [IMAGE...]",
		Short: "Save images to an archive",
		Long: `Save an image to an archive or directory. Further arguments are names the image
gets in the archive or, with --multi-image-archive, more images.

Exit codes: 0 success, 125 error.`,
		Example: `podctl save --output busybox.tar busybox
podctl save --multi-image-archive busybox nginx > both.tar`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("need at least 1 argument")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Names = args
			if !opts.Multi {
				opts.Names, opts.Save.Tags = args[:1], args[1:]
			}
			if err := opts.check(); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return saveRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&opts.Output, "output", "o", "", "Write to this `path` instead of standard output")
	fs.StringVar(&opts.Save.Format, "format", "docker-archive", "`Format` (docker-archive, oci-archive, oci-dir, docker-dir)")
	fs.BoolVarP(&opts.Multi, "multi-image-archive", "m", false, "Save several images")
	fs.BoolVar(&opts.Save.Compress, "compress", false, "Compress the layers of a docker-dir")
	fs.BoolVar(&opts.Save.Uncompressed, "uncompressed", false, "Accept uncompressed layers in OCI formats")
	fs.BoolVarP(&opts.Quiet, "quiet", "q", false, "Show no progress")
	return cmd
}

func (opts *saveOptions) check() error {
	format, formats := opts.Save.Format, []string{"oci-dir", "oci-archive", "docker-dir", "docker-archive"}
	switch {
	case !slices.Contains(formats, format):
		return fmt.Errorf("format value must be one of %s", strings.Join(formats, " "))
	case opts.Save.Compress && format != "docker-dir":
		return errors.New("--compress can only be set when --format is 'docker-dir'")
	case strings.Contains(opts.Output, ":"):
		return fmt.Errorf("invalid filename (should not contain ':') %q", opts.Output)
	case opts.Output == "" && opts.IO.OutIsTerminal():
		return errors.New("refusing to save to terminal. Use -o flag or redirect")
	case opts.Output == "" && strings.HasSuffix(format, "-dir"):
		return fmt.Errorf("format %s is a directory. Use -o flag", format)
	}
	return nil
}

func saveRun(ctx context.Context, opts *saveOptions) error {
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	if !opts.Quiet {
		opts.Save.Progress = opts.IO.ErrOut
	}
	if opts.Output == "" {
		return images.SaveTo(ctx, opts.Names, opts.IO.Out, opts.Save)
	}
	return images.Save(ctx, opts.Names, opts.Output, opts.Save)
}
