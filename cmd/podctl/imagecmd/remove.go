package imagecmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
)

type remover interface {
	Remove(ctx context.Context, names []string, opts image.RemoveOptions) (image.RemoveReport, []error)
}

type removeOptions struct {
	IO     *iostreams.IOStreams
	Images func(context.Context) (remover, error)

	Names  []string
	Remove image.RemoveOptions
}

// NewCmdRemove returns "podctl image rm".
func NewCmdRemove(f *cmdutil.Factory, open Open, runF func(context.Context, *removeOptions) error) *cobra.Command {
	opts := &removeOptions{IO: f.IO, Images: func(ctx context.Context) (remover, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:     "rm [options] IMAGE [IMAGE...]",
		Aliases: []string{"remove"},
		Short:   "Remove images",
		Long: `Remove images. An image with several names loses the one given; it is deleted
with its last name.

Exit codes: 0 success, 1 no such image, 2 in use by a container, 125 other error.`,
		Example: `podctl image rm busybox
podctl image rm --all --force`,
		Args: opts.args,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return removeRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&opts.Remove.All, "all", "a", false, "Remove all images")
	fs.BoolVarP(&opts.Remove.Force, "force", "f", false, "Remove containers that use the image too")
	fs.BoolVarP(&opts.Remove.Ignore, "ignore", "i", false, "Ignore images that do not exist")
	fs.BoolVar(&opts.Remove.NoPrune, "no-prune", false, "Keep untagged parents")
	return cmd
}

func (opts *removeOptions) args(_ *cobra.Command, args []string) error {
	opts.Names = args
	switch {
	case len(args) == 0 && !opts.Remove.All:
		return errors.New("image name or ID must be specified")
	case len(args) > 0 && opts.Remove.All:
		return errors.New("when using the --all switch, you may not pass any images names or IDs")
	}
	return nil
}

func removeRun(ctx context.Context, opts *removeOptions) error {
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	report, errs := images.Remove(ctx, opts.Names, opts.Remove)
	for _, name := range report.Untagged {
		fmt.Fprintln(opts.IO.Out, "Untagged: "+name)
	}
	for _, id := range report.Deleted {
		fmt.Fprintln(opts.IO.Out, "Deleted: "+id)
	}
	if len(errs) == 0 {
		return nil
	}
	return cmdutil.WithCode(removeCode(errs), errors.Join(errs...))
}

// removeCode is 2 if any image is in use, 1 if all errors are about images that
// do not exist.
func removeCode(errs []error) int {
	code := cmdutil.ExitNotFound
	for _, err := range errs {
		switch {
		case errors.Is(err, errdefs.ErrInUse):
			return cmdutil.ExitInUse
		case !errors.Is(err, errdefs.ErrNotFound):
			code = cmdutil.ExitFailure
		}
	}
	return code
}
