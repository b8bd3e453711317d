package ctrcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/container"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type restarter interface {
	resolver
	// RestartContainers stops containers and starts them again.
	RestartContainers(ctx context.Context, targets []engine.Target, opts engine.StopOptions) []error
}

type restartOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (restarter, error)

	Targets cmdutil.Targets
	Running bool
	Stop    engine.StopOptions
}

// NewCmdRestart returns "podctl restart".
func NewCmdRestart(f *cmdutil.Factory, runF func(context.Context, *restartOptions) error) *cobra.Command {
	opts := &restartOptions{IO: f.IO, Engine: func(ctx context.Context) (restarter, error) { return f.Engine(ctx) }}
	var timeout int
	cmd := &cobra.Command{
		Use:   "restart [options] CONTAINER [CONTAINER...]",
		Short: "Restart containers",
		Long: `Stop containers that run and start them again, start those that do not, and
print what was typed for each. What a container depends on must run already, or be
restarted along.

Exit codes: 0 success, 125 error.`,
		Example: `podctl restart web
podctl restart --running`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("time") {
				opts.Stop.Timeout = cmdutil.Seconds(timeout)
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return restartRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Containers, IDFile: true, Filter: true})
	opts.allowRunningAlone(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&opts.Running, "running", false, "Only containers that run")
	fs.IntVarP(&timeout, "time", "t", 10, "`Seconds` to wait before SIGKILL, instead of each container's own stop timeout")
	return cmd
}

// allowRunningAlone lets --running without anything else mean all of them.
func (o *restartOptions) allowRunningAlone(cmd *cobra.Command) {
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		t := &o.Targets
		if o.Running && len(args) == 0 && !t.Latest && len(t.IDFiles) == 0 && len(t.Filters) == 0 {
			t.All = true
		}
		return check(cmd, args)
	}
}

func restartRun(ctx context.Context, opts *restartOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	targets, err := resolveToChange(ctx, eng, &opts.Targets)
	if err != nil {
		return err
	}
	if opts.Running {
		targets = inState(targets, container.Running)
	}
	return tell(opts.IO, targets, eng.RestartContainers(ctx, targets, opts.Stop))
}
