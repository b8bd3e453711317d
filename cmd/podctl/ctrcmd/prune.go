package ctrcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type pruner interface {
	// PruneContainers removes what does not run and is in no pod.
	PruneContainers(ctx context.Context, filters []string) ([]engine.Removal, error)
}

type pruneOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (pruner, error)

	Filters []string
	Force   bool
}

// NewCmdPrune returns "podctl container prune".
func NewCmdPrune(f *cmdutil.Factory, runF func(context.Context, *pruneOptions) error) *cobra.Command {
	opts := &pruneOptions{IO: f.IO, Engine: func(ctx context.Context) (pruner, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "prune [options]",
		Short: "Remove containers that do not run",
		Long: `Remove every container that neither runs nor is paused nor belongs to a pod, and
print their IDs.

Filters: label, label!, until.

Exit codes: 0 success or declined, 125 error.`,
		Example: `podctl container prune
podctl container prune --force --filter until=24h`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return pruneRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVar(&opts.Filters, "filter", nil, "Remove only containers that match this `filter`")
	fs.BoolVarP(&opts.Force, "force", "f", false, "Do not ask")
	return cmd
}

func pruneRun(ctx context.Context, opts *pruneOptions) error {
	if !opts.Force {
		yes, err := cmdutil.Confirm(opts.IO, "WARNING! This will remove all non running containers.")
		if err != nil || !yes {
			return err
		}
	}
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	pruned, err := eng.PruneContainers(ctx, opts.Filters)
	return errors.Join(err, tellRemovals(opts.IO, pruned))
}

// tellRemovals prints a line for each container that is gone and returns why the
// others are not.
func tellRemovals(io *iostreams.IOStreams, list []engine.Removal) error {
	var errs []error
	for _, rm := range list {
		if rm.Err != nil {
			errs = append(errs, rm.Err)
			continue
		}
		fmt.Fprintln(io.Out, rm.Typed())
	}
	return errors.Join(errs...)
}
