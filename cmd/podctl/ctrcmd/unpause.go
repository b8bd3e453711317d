package ctrcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/container"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type unpauser interface {
	resolver
	// UnpauseContainer fails for a container that is not paused.
	UnpauseContainer(ctx context.Context, id string) error
}

type unpauseOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (unpauser, error)

	Targets cmdutil.Targets
}

// NewCmdUnpause returns "podctl unpause".
func NewCmdUnpause(f *cmdutil.Factory, runF func(context.Context, *unpauseOptions) error) *cobra.Command {
	opts := &unpauseOptions{IO: f.IO, Engine: func(ctx context.Context) (unpauser, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "unpause [options] CONTAINER [CONTAINER...]",
		Short: "Unpause containers",
		Long: `Thaw paused containers and print what was typed for each. --all leaves out what is
not paused.

Exit codes: 0 success, 125 error.`,
		Example: `podctl unpause web`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return unpauseRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Containers, IDFile: true, Filter: true})
	return cmd
}

func unpauseRun(ctx context.Context, opts *unpauseOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	targets, err := resolveToChange(ctx, eng, &opts.Targets)
	if err != nil {
		return err
	}
	if opts.Targets.All {
		targets = inState(targets, container.Paused)
	}
	return tell(opts.IO, targets, engine.Each(ctx, targets, eng.UnpauseContainer))
}
