package ctrcmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type initializer interface {
	resolver
	// InitContainer starts what the container depends on, and prepares it.
	InitContainer(ctx context.Context, id string) error
}

type initOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (initializer, error)

	Targets cmdutil.Targets
}

// NewCmdInit returns "podctl init".
func NewCmdInit(f *cmdutil.Factory, runF func(context.Context, *initOptions) error) *cobra.Command {
	opts := &initOptions{IO: f.IO, Engine: func(ctx context.Context) (initializer, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "init [options] CONTAINER [CONTAINER...]",
		Short: "Prepare containers to be started",
		Long: `Mount, connect and create containers in the OCI runtime, all short of starting
their processes, and print what was typed for each. What they depend on is started.
With --all, containers that cannot be initialized are no error.

Exit codes: 0 success, 125 error.`,
		Example: `podctl init web`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return initRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Containers})
	return cmd
}

func initRun(ctx context.Context, opts *initOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	targets, err := resolveToChange(ctx, eng, &opts.Targets)
	if err != nil {
		return err
	}
	return tell(opts.IO, targets, engine.Each(ctx, targets, func(ctx context.Context, id string) error {
		err := eng.InitContainer(ctx, id)
		if opts.Targets.All && errors.Is(err, errdefs.ErrCtrState) {
			return nil
		}
		return err
	}))
}
