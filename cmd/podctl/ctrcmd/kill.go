package ctrcmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type signaller interface {
	resolver
	killer
}

type killOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (signaller, error)

	Targets cmdutil.Targets
	Signal  unix.Signal
}

// NewCmdKill returns "podctl kill".
func NewCmdKill(f *cmdutil.Factory, runF func(context.Context, *killOptions) error) *cobra.Command {
	opts := &killOptions{IO: f.IO, Engine: func(ctx context.Context) (signaller, error) { return f.Engine(ctx) }}
	var signal string
	cmd := &cobra.Command{
		Use:   "kill [options] CONTAINER [CONTAINER...]",
		Short: "Send a signal to containers",
		Long: `Send a signal to the first process of running containers and print what was
typed for each. Their restart policies do not apply after that. SIGKILL waits until
the process is gone. --all leaves out what does not run.

Exit codes: 0 success, 125 error.`,
		Example: `podctl kill web
podctl kill --signal HUP web`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if opts.Signal, err = cmdutil.ParseSignal(signal); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return killRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Containers, IDFile: true})
	cmd.Flags().StringVarP(&signal, "signal", "s", "KILL", "The `signal`, by name or number")
	return cmd
}

func killRun(ctx context.Context, opts *killOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	targets, err := resolveToChange(ctx, eng, &opts.Targets)
	if err != nil {
		return err
	}
	if opts.Targets.All {
		targets = inState(targets, container.Running, container.Stopping, container.Paused)
	}
	return tell(opts.IO, targets, engine.Each(ctx, targets, func(ctx context.Context, id string) error {
		err := eng.KillContainer(ctx, id, opts.Signal)
		if opts.Targets.All && (errors.Is(err, errdefs.ErrCtrState) || errors.Is(err, errdefs.ErrNoSuchCtr)) {
			return nil // it ended since we looked
		}
		return err
	}))
}
