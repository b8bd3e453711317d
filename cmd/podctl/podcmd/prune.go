package podcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type podPruner interface {
	// PrunePods removes the pods that are exited or stopped and tells of each.
	PrunePods(ctx context.Context) ([]engine.Removal, error)
}

type pruneOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (podPruner, error)

	Force bool
}

// NewCmdPrune returns "podctl pod prune".
func NewCmdPrune(f *cmdutil.Factory, runF func(context.Context, *pruneOptions) error) *cobra.Command {
	opts := &pruneOptions{IO: f.IO, Engine: func(ctx context.Context) (podPruner, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "prune [options]",
		Short: "Remove pods that have ended",
		Long: `Remove every pod that is Exited or Stopped, and print their IDs. --force spares
the question; it does not remove pods that run.

Exit codes: 0 success or declined, 125 error.`,
		Example: `podctl pod prune
podctl pod prune --force`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return pruneRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVarP(&opts.Force, "force", "f", false, "Do not ask")
	return cmd
}

func pruneRun(ctx context.Context, opts *pruneOptions) error {
	if !opts.Force {
		yes, err := cmdutil.Confirm(opts.IO, "WARNING! This will remove all stopped/exited pods..")
		if err != nil || !yes {
			return err
		}
	}
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	pruned, err := eng.PrunePods(ctx)
	errs := []error{err}
	for _, p := range pruned {
		if p.Err != nil {
			errs = append(errs, p.Err)
			continue
		}
		fmt.Fprintln(opts.IO.Out, p.ID)
	}
	return errors.Join(errs...)
}
