package podcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type podStarter interface {
	resolver
	// StartPod starts a pod's containers; running ones are left alone.
	StartPod(ctx context.Context, id string) error
	// PlanStartPods tells what StartPod would do.
	PlanStartPods(ctx context.Context, pods []engine.Target) ([]engine.Step, error)
}

type startOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (podStarter, error)

	Targets cmdutil.Targets
	DryRun  bool
}

// NewCmdStart returns "podctl pod start".
func NewCmdStart(f *cmdutil.Factory, runF func(context.Context, *startOptions) error) *cobra.Command {
	opts := &startOptions{IO: f.IO, Engine: func(ctx context.Context) (podStarter, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "start [options] POD [POD...]",
		Short: "Start pods",
		Long: `Start the containers of pods and print the pods' names: init containers first,
one after another, then the rest, each after those it depends on. Containers that
run already are left alone.` + cmdutil.DryRunHelp + `

Exit codes: 0 success, 125 error.`,
		Example: `podctl pod start web
podctl pod start --all`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return startRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Pods, IDFile: true})
	cmd.Flags().BoolVar(&opts.DryRun, "dry-run", false, "Print what would be done, and do nothing")
	return cmd
}

func startRun(ctx context.Context, opts *startOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	if opts.DryRun {
		return printPlan(ctx, opts.IO, eng, &opts.Targets, eng.PlanStartPods)
	}
	return onEach(ctx, opts.IO, eng, &opts.Targets, printName, eng.StartPod)
}
