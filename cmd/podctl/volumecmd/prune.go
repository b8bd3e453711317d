package volumecmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/volume"
)

type pruner interface {
	lister
	// PruneVolumes removes the volumes no container has that pass the filters
	// (volume.PruneFilters), and tells of each, by name.
	PruneVolumes(ctx context.Context, filters map[string][]string) ([]volume.Pruned, error)
}

type pruneOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (pruner, error)

	Filters []string
	Force   bool
}

// NewCmdPrune returns "podctl volume prune".
func NewCmdPrune(f *cmdutil.Factory, open Open, runF func(context.Context, *pruneOptions) error) *cobra.Command {
	opts := &pruneOptions{IO: f.IO, Engine: func(ctx context.Context) (pruner, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "prune [options]",
		Short: "Remove unused volumes",
		Long: `Remove every volume that no container has, named ones too, and print their
names.

Filters: label, label!, until, after, since.

Exit codes: 0 success or declined, 125 error.`,
		Example: `podctl volume prune
podctl volume prune --force --filter label!=keep`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return pruneRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVar(&opts.Filters, "filter", nil, "Remove only volumes that match this `filter`")
	fs.BoolVarP(&opts.Force, "force", "f", false, "Do not ask")
	return cmd
}

func pruneRun(ctx context.Context, opts *pruneOptions) error {
	filters, err := cmdutil.ParseFilters(opts.Filters)
	if err != nil {
		return err
	}
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	if !opts.Force {
		if yes, err := confirmPrune(ctx, opts, engine, filters); err != nil || !yes {
			return err
		}
	}
	pruned, err := engine.PruneVolumes(ctx, filters)
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

// confirmPrune shows what would go; with nothing to remove there is no question.
func confirmPrune(ctx context.Context, opts *pruneOptions, engine lister, filters map[string][]string) (bool, error) {
	wanted := map[string][]string{"dangling": {"true"}}
	for key, values := range filters {
		wanted[key] = values
	}
	list, err := engine.ListVolumes(ctx, wanted)
	if err != nil {
		return false, err
	}
	warning := "WARNING! This will remove all volumes not used by at least one container. The following volumes will be removed:"
	if len(list) == 0 {
		fmt.Fprintln(opts.IO.Out, warning)
		fmt.Fprintln(opts.IO.Out, "No dangling volumes found")
		return false, nil
	}
	lines := []string{warning}
	for _, v := range list {
		lines = append(lines, v.Name)
	}
	return cmdutil.Confirm(opts.IO, strings.Join(lines, "\n"))
}
