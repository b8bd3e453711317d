package networkcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/network"
)

type pruner interface {
	// PruneNetworks removes the networks no container has that pass the filters
	// (network.PruneFilters), and tells of each, by name.
	PruneNetworks(ctx context.Context, filters map[string][]string) ([]network.Pruned, error)
}

type pruneOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (pruner, error)

	Filters []string
	Force   bool
}

// NewCmdPrune returns "podctl network prune".
func NewCmdPrune(f *cmdutil.Factory, open Open, runF func(context.Context, *pruneOptions) error) *cobra.Command {
	opts := &pruneOptions{IO: f.IO, Engine: func(ctx context.Context) (pruner, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "prune [options]",
		Short: "Remove unused networks",
		Long: `Remove every network that no container has, but not the default one, and print
their names.

Filters: label, label!, until.

Exit codes: 0 success or declined, 125 error.`,
		Example: `podctl network prune
podctl network prune --force --filter until=24h`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return pruneRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVar(&opts.Filters, "filter", nil, "Remove only networks that match this `filter`")
	fs.BoolVarP(&opts.Force, "force", "f", false, "Do not ask")
	return cmd
}

func pruneRun(ctx context.Context, opts *pruneOptions) error {
	if !opts.Force {
		yes, err := cmdutil.Confirm(opts.IO, "WARNING! This will remove all networks not used by at least one container.")
		if err != nil || !yes {
			return err
		}
	}
	filters, err := cmdutil.ParseFilters(opts.Filters)
	if err != nil {
		return err
	}
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	pruned, err := engine.PruneNetworks(ctx, filters)
	errs := []error{err}
	for _, p := range pruned {
		if p.Err != nil {
			errs = append(errs, p.Err)
			continue
		}
		fmt.Fprintln(opts.IO.Out, p.Name)
	}
	return errors.Join(errs...)
}
