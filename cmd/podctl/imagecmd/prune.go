package imagecmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/image"
)

type pruner interface {
	Prune(ctx context.Context, opts image.PruneOptions) ([]image.Pruned, error)
}

type pruneOptions struct {
	IO     *iostreams.IOStreams
	Images func(context.Context) (pruner, error)

	Force bool
	Prune image.PruneOptions
}

// NewCmdPrune returns "podctl image prune".
func NewCmdPrune(f *cmdutil.Factory, open Open, runF func(context.Context, *pruneOptions) error) *cobra.Command {
	opts := &pruneOptions{IO: f.IO, Images: func(ctx context.Context) (pruner, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "prune [options]",
		Short: "Remove unused images",
		Long: `Remove dangling images or, with --all, every image without a container, and
print their IDs.

Exit codes: 0 success or declined, 125 error.`,
		Example: `podctl image prune
podctl image prune --all --force --filter until=24h`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, filter := range opts.Prune.Filters {
				if !strings.Contains(filter, "=") {
					return fmt.Errorf("filter input must be in the form of filter=value: %s is invalid", filter)
				}
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return pruneRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&opts.Prune.All, "all", "a", false, "Remove all images without a container, not just dangling ones")
	fs.Bool("build-cache", false, "Remove the build cache too (podctl has none)")
	fs.BoolVar(&opts.Prune.External, "external", false, "Remove images that only containers of other tools use, with those containers")
	fs.StringArrayVar(&opts.Prune.Filters, "filter", nil, "Remove only images that match this `filter`")
	fs.BoolVarP(&opts.Force, "force", "f", false, "Do not ask")
	return cmd
}

func pruneRun(ctx context.Context, opts *pruneOptions) error {
	if !opts.Force {
		warning := "WARNING! This command removes all dangling images."
		if opts.Prune.All {
			warning = "WARNING! This command removes all images without at least one container associated with them."
		}
		if yes, err := cmdutil.Confirm(opts.IO, warning); err != nil || !yes {
			return err
		}
	}
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	pruned, err := images.Prune(ctx, opts.Prune)
	for _, p := range pruned {
		fmt.Fprintln(opts.IO.Out, p.ID)
	}
	return err
}
