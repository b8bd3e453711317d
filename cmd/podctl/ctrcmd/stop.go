package ctrcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type stopper interface {
	resolver
	// StopContainers stops containers, dependents first.
	StopContainers(ctx context.Context, targets []engine.Target, opts engine.StopOptions) []error
	// PlanStopContainers tells what StopContainers would do.
	PlanStopContainers(ctx context.Context, targets []engine.Target) ([]engine.Step, error)
}

type stopOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (stopper, error)

	Targets cmdutil.Targets
	DryRun  bool
	Stop    engine.StopOptions
}

// NewCmdStop returns "podctl stop".
func NewCmdStop(f *cmdutil.Factory, runF func(context.Context, *stopOptions) error) *cobra.Command {
	opts := &stopOptions{IO: f.IO, Engine: func(ctx context.Context) (stopper, error) { return f.Engine(ctx) }}
	var timeout int
	cmd := &cobra.Command{
		Use:   "stop [options] CONTAINER [CONTAINER...]",
		Short: "Stop containers",
		Long: `Stop containers, clean up after them, and print what was typed for each. A
container gets its stop signal and, when its own stop timeout or --time is over,
SIGKILL. One that does not run is left alone.` + cmdutil.DryRunHelp + `

Exit codes: 0 success, 125 error.`,
		Example: `podctl stop web
podctl stop --time 2 --all`,
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
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Containers, IDFile: true, Filter: true, Ignore: true})
	cmd.Flags().IntVarP(&timeout, "time", "t", 10, "`Seconds` to wait before SIGKILL, instead of each container's own stop timeout")
	cmd.Flags().BoolVar(&opts.DryRun, "dry-run", false, "Print what would be done, and do nothing")
	cmdutil.AliasFlags(cmd, map[string]string{"timeout": "time"})
	return cmd
}

func stopRun(ctx context.Context, opts *stopOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	find := resolveToChange
	if opts.DryRun {
		find = resolve
	}
	targets, err := find(ctx, eng, &opts.Targets)
	if err != nil {
		return err
	}
	if opts.DryRun {
		steps, err := eng.PlanStopContainers(ctx, targets)
		cmdutil.PrintSteps(opts.IO, steps)
		return err
	}
	return tell(opts.IO, targets, eng.StopContainers(ctx, targets, opts.Stop))
}
