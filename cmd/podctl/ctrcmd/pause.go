package ctrcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/container"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type pauser interface {
	resolver
	// PauseContainer fails for a container that does not run.
	PauseContainer(ctx context.Context, id string) error
}

type pauseOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (pauser, error)

	Targets cmdutil.Targets
}

// NewCmdPause returns "podctl pause".
func NewCmdPause(f *cmdutil.Factory, runF func(context.Context, *pauseOptions) error) *cobra.Command {
	opts := &pauseOptions{IO: f.IO, Engine: func(ctx context.Context) (pauser, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "pause [options] CONTAINER [CONTAINER...]",
		Short: "Pause containers",
		Long: `Freeze running containers and print what was typed for each. --all leaves out
what does not run.

Exit codes: 0 success, 125 error.`,
		Example: `podctl pause web`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return pauseRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Containers, IDFile: true, Filter: true})
	return cmd
}

func pauseRun(ctx context.Context, opts *pauseOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	targets, err := resolveToChange(ctx, eng, &opts.Targets)
	if err != nil {
		return err
	}
	if opts.Targets.All {
		targets = inState(targets, container.Running)
	}
	return tell(opts.IO, targets, engine.Each(ctx, targets, eng.PauseContainer))
}
