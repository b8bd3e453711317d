package ctrcmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type starter interface {
	resolver
	// StartContainer starts what a container depends on, then the container.
	StartContainer(ctx context.Context, id string) error
	// PlanStartContainers tells what StartContainer would do.
	PlanStartContainers(ctx context.Context, targets []engine.Target) ([]engine.Step, error)
	attachedStarter
}

type startOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (starter, error)

	// Targets is not bound to the flags: start has its own combinations.
	Targets cmdutil.Targets
	DryRun  bool
	startAttachFlags
}

// NewCmdStart returns "podctl start".
func NewCmdStart(f *cmdutil.Factory, runF func(context.Context, *startOptions) error) *cobra.Command {
	opts := &startOptions{IO: f.IO, Engine: func(ctx context.Context) (starter, error) { return f.Engine(ctx) }}
	opts.factory = f
	cmd := &cobra.Command{
		Use:   "start [options] CONTAINER [CONTAINER...]",
		Short: "Start containers",
		Long: `Start containers, each after those it depends on, and print what was typed for
each. One that runs already is left alone; with --all only those that were started
are printed.` + cmdutil.DryRunHelp + `

Exit codes: 0 success, 125 error; with --attach those of run.`,
		Example: `podctl start web
podctl start --all
podctl start --attach --interactive shell`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Targets.Names = args
			opts.read(cmd)
			if err := opts.check(); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return startRun(cmd.Context(), opts)
		},
	}
	fs, t := cmd.Flags(), &opts.Targets
	fs.BoolVar(&t.All, "all", false, "All containers")
	fs.BoolVarP(&t.Latest, "latest", "l", false, "The container created last")
	fs.StringArrayVarP(&t.Filters, "filter", "f", nil, "Those that match this `filter`")
	opts.bind(cmd)
	fs.BoolVar(&opts.DryRun, "dry-run", false, "Print what would be done, and do nothing")
	return cmd
}

// check finds contradictions; of several the first of this order is told.
func (o *startOptions) check() error {
	t := o.Targets
	switch {
	case len(t.Names) == 0 && !t.Latest && !t.All && len(t.Filters) == 0:
		return errors.New("start requires at least one argument")
	case o.Attach && t.All:
		return errors.New("you cannot start and attach all containers at once")
	case t.All && t.Latest:
		return errors.New("--all and --latest cannot be used together")
	case t.All && len(t.Names) > 0:
		return errors.New("either start all containers or the container(s) provided in the arguments")
	case t.Latest && len(t.Names) > 0:
		return errors.New("--latest and containers cannot be used together")
	case len(t.Filters) > 0 && len(t.Names) > 0:
		return errors.New("--filter takes no arguments")
	case o.Attach && len(t.Names) > 1:
		return errors.New("you cannot start and attach multiple containers at once")
	case o.SigProxy != nil && *o.SigProxy && !o.Attach:
		return fmt.Errorf("you cannot use sig-proxy without --attach: %w", errdefs.ErrInvalidArg)
	}
	for _, filter := range t.Filters {
		if !strings.Contains(filter, "=") {
			return fmt.Errorf("invalid filter %q", filter)
		}
	}
	return nil
}

func startRun(ctx context.Context, opts *startOptions) error {
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
	if opts.Attach {
		return startAttachedRun(ctx, opts, eng, targets)
	}
	if opts.Targets.All {
		targets = notInState(targets, container.Running)
	}
	if opts.DryRun {
		steps, err := eng.PlanStartContainers(ctx, targets)
		cmdutil.PrintSteps(opts.IO, steps)
		return err
	}
	return tell(opts.IO, targets, engine.Each(ctx, targets, func(ctx context.Context, id string) error {
		if err := eng.StartContainer(ctx, id); err != nil {
			return fmt.Errorf("unable to start container %q: %w", id, err)
		}
		return nil
	}))
}
