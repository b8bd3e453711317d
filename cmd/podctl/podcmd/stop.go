package podcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type podStopper interface {
	resolver
	// StopPod stops a pod's containers, dependents first.
	StopPod(ctx context.Context, id string, opts engine.StopOptions) error
	// PlanStopPods tells what StopPod would do.
	PlanStopPods(ctx context.Context, pods []engine.Target) ([]engine.Step, error)
}

type stopOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (podStopper, error)

	Targets cmdutil.Targets
	DryRun  bool
	Stop    engine.StopOptions
}

// NewCmdStop returns "podctl pod stop".
func NewCmdStop(f *cmdutil.Factory, runF func(context.Context, *stopOptions) error) *cobra.Command {
	opts := &stopOptions{IO: f.IO, Engine: func(ctx context.Context) (podStopper, error) { return f.Engine(ctx) }}
	var timeout int
	cmd := &cobra.Command{
		Use:   "stop [options] POD [POD...]",
		Short: "Stop pods",
		Long: `Stop the containers of pods and print the pods' names. A container is stopped
before those it depends on, the infra container last. Each gets its stop signal
and, when its own stop timeout or --time is over, SIGKILL.` + cmdutil.DryRunHelp + `

Exit codes: 0 success, 125 error.`,
		Example: `podctl pod stop web
podctl pod stop --time 2 --all`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("time") {
				opts.Stop.Timeout = cmdutil.Seconds(timeout)
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return stopRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Pods, IDFile: true, Ignore: true})
	cmd.Flags().IntVarP(&timeout, "time", "t", 10, "`Seconds` to wait before SIGKILL, instead of each container's own stop timeout")
	cmd.Flags().BoolVar(&opts.DryRun, "dry-run", false, "Print what would be done, and do nothing")
	return cmd
}

func stopRun(ctx context.Context, opts *stopOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	if opts.DryRun {
		return printPlan(ctx, opts.IO, eng, &opts.Targets, eng.PlanStopPods)
	}
	return onEach(ctx, opts.IO, eng, &opts.Targets, printName, func(ctx context.Context, id string) error {
		return eng.StopPod(ctx, id, opts.Stop)
	})
}
