package syscmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type pruner interface {
	// PruneSystem removes what nobody uses.
	PruneSystem(ctx context.Context, opts engine.SystemPruneOptions) (engine.SystemPruned, error)
	// CollectGarbage removes what interrupted removals left in the image store.
	CollectGarbage(ctx context.Context) error
}

type pruneOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (pruner, error)

	Prune    engine.SystemPruneOptions
	Force    bool
	External bool
}

// NewCmdPrune returns "podctl system prune".
func NewCmdPrune(f *cmdutil.Factory, runF func(context.Context, *pruneOptions) error) *cobra.Command {
	opts := &pruneOptions{IO: f.IO, Engine: func(ctx context.Context) (pruner, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "prune [options]",
		Short: "Remove what is not used",
		Long: `Remove stopped pods, containers that do not run, images and networks without a
container and, with --volumes, volumes without one, until nothing is left that
is not used. With a filter pods stay.

Filters: label, label!, until.

Exit codes: 0 success or declined, 125 error.`,
		Example: `podctl system prune
podctl system prune --all --volumes --force`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			build, _ := cmd.Flags().GetBool("build")
			if opts.External && (opts.Prune.AllImages || opts.Prune.Volumes || build || len(opts.Prune.Filters) > 0) {
				return errors.New("system prune --external cannot be combined with other options")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return pruneRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&opts.Prune.AllImages, "all", "a", false, "Remove all images without a container, not just dangling ones")
	fs.Bool("build", false, "Remove build containers too (podctl has none)")
	fs.BoolVar(&opts.External, "external", false, "Remove only what interrupted removals left in the image store")
	fs.StringArrayVar(&opts.Prune.Filters, "filter", nil, "Remove only what matches this `filter`")
	fs.BoolVarP(&opts.Force, "force", "f", false, "Do not ask")
	fs.BoolVar(&opts.Prune.Volumes, "volumes", false, "Remove volumes without a container too")
	return cmd
}

func pruneRun(ctx context.Context, opts *pruneOptions) error {
	var err error
	if opts.Prune.FilterMap, err = cmdutil.ParseFilters(opts.Prune.Filters); err != nil {
		return err
	}
	if !opts.Force {
		if yes, err := cmdutil.Confirm(opts.IO, opts.warning()); err != nil || !yes {
			return err
		}
	}
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	var done engine.SystemPruned
	if opts.External {
		err = eng.CollectGarbage(ctx)
	} else {
		done, err = eng.PruneSystem(ctx, opts.Prune)
	}
	opts.tell(done)
	if err != nil {
		return err
	}
	fmt.Fprintf(opts.IO.Out, "Total reclaimed space: %s\n", units.HumanSize(float64(done.Reclaimed)))
	return nil
}

func (opts *pruneOptions) warning() string {
	if opts.External {
		return "WARNING! This command removes what interrupted removals left in the image store."
	}
	text := "WARNING! This command removes:\n\t- all stopped containers\n\t- all networks not used by at least one container"
	if opts.Prune.Volumes {
		text += "\n\t- all volumes not used by at least one container"
	}
	if opts.Prune.AllImages {
		return text + "\n\t- all images without at least one container associated with them\n\t- all build cache\n"
	}
	return text + "\n\t- all dangling images\n\t- all dangling build cache\n"
}

// tell prints what was removed, under headings.
func (opts *pruneOptions) tell(done engine.SystemPruned) {
	for _, part := range []struct {
		heading string
		removed []string
	}{
		{"Deleted Containers", done.Containers}, {"Deleted Pods", done.Pods}, {"Deleted Volumes", done.Volumes},
		{"Deleted Images", done.Images}, {"Deleted Networks", done.Networks},
	} {
		if len(part.removed) == 0 {
			continue
		}
		fmt.Fprintln(opts.IO.Out, part.heading)
		for _, line := range part.removed {
			fmt.Fprintln(opts.IO.Out, line)
		}
	}
}
