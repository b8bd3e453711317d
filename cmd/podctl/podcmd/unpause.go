package podcmd

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type podUnpauser interface {
	resolver
	// UnpausePod thaws every paused container; false for a pod that was left
	// alone because it is neither paused nor degraded.
	UnpausePod(ctx context.Context, id string) (bool, error)
}

type unpauseOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (podUnpauser, error)

	Targets cmdutil.Targets
}

// NewCmdUnpause returns "podctl pod unpause".
func NewCmdUnpause(f *cmdutil.Factory, runF func(context.Context, *unpauseOptions) error) *cobra.Command {
	opts := &unpauseOptions{IO: f.IO, Engine: func(ctx context.Context) (podUnpauser, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "unpause [options] POD [POD...]",
		Short: "Unpause pods",
		Long: `Thaw the paused containers of pods and print the pods' IDs. A pod that is neither
Paused nor Degraded is left alone, and its ID is not printed.

Exit codes: 0 success, 125 error.`,
		Example: `podctl pod unpause web`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return unpauseRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Pods})
	return cmd
}

func unpauseRun(ctx context.Context, opts *unpauseOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	sel, err := opts.Targets.Selection()
	if err != nil {
		return err
	}
	sel.Mend = true
	pods, err := eng.ResolvePods(ctx, sel)
	if err != nil {
		return err
	}
	var thawed sync.Map // of the IDs of pods that were not left alone
	errs := engine.Each(ctx, pods, func(ctx context.Context, id string) error {
		acted, err := eng.UnpausePod(ctx, id)
		if acted {
			thawed.Store(id, true)
		}
		return err
	})
	for i, pod := range pods {
		if _, acted := thawed.Load(pod.ID); acted && errs[i] == nil {
			fmt.Fprintln(opts.IO.Out, pod.ID)
		}
	}
	return errors.Join(errs...)
}
