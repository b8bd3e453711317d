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

type remover interface {
	// RemoveContainers removes what it can and tells of each.
	RemoveContainers(ctx context.Context, sel engine.Selection, opts engine.RemoveOptions) ([]engine.Removal, error)
	// PlanRemoveContainers tells what RemoveContainers would do.
	PlanRemoveContainers(ctx context.Context, sel engine.Selection, opts engine.RemoveOptions) ([]engine.Step, error)
}

type removeOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (remover, error)

	Targets cmdutil.Targets
	DryRun  bool
	Remove  engine.RemoveOptions
}

// NewCmdRemove returns "podctl rm".
func NewCmdRemove(f *cmdutil.Factory, runF func(context.Context, *removeOptions) error) *cobra.Command {
	opts := &removeOptions{IO: f.IO, Engine: func(ctx context.Context) (remover, error) { return f.Engine(ctx) }}
	var timeout int
	cmd := &cobra.Command{
		Use:   "rm [options] CONTAINER [CONTAINER...]",
		Short: "Remove containers",
		Long: `Remove containers and print what was typed for each. One that runs or is paused
is removed with --force only, which implies --ignore. One that others depend on is
removed with --depend only, together with those; an infra container so with its
whole pod. --all implies --depend.` + cmdutil.DryRunHelp + `

Exit codes: 0 success, 1 no such container, 2 one runs or is in use, 125 other
error.`,
		Example: `podctl rm web
podctl rm --force --time 2 --all`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("time") {
				if !opts.Remove.Force {
					return errors.New("--force option must be specified to use the --time option")
				}
				opts.Remove.Timeout = cmdutil.Seconds(timeout)
			}
			opts.Targets.Ignore = opts.Targets.Ignore || opts.Remove.Force
			opts.Remove.Ignore = opts.Targets.Ignore
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return removeRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Containers, IDFile: true, Filter: true, ForceIsF: true, Ignore: true})
	fs := cmd.Flags()
	fs.BoolVarP(&opts.Remove.Force, "force", "f", false, "Stop containers that run")
	fs.BoolVar(&opts.Remove.Depend, "depend", false, "Remove what depends on them too")
	fs.BoolVarP(&opts.Remove.Volumes, "volumes", "v", false, "Remove their anonymous volumes too")
	fs.IntVarP(&timeout, "time", "t", 10, "`Seconds` to wait before SIGKILL, with --force")
	fs.BoolVar(&opts.DryRun, "dry-run", false, "Print what would be done, and do nothing")
	return cmd
}

func removeRun(ctx context.Context, opts *removeOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	sel, err := opts.Targets.Selection()
	if err != nil {
		return err
	}
	if opts.DryRun {
		steps, err := eng.PlanRemoveContainers(ctx, sel, opts.Remove)
		cmdutil.PrintSteps(opts.IO, steps)
		return withRemoveCode(err, []engine.Removal{{Err: err}})
	}
	removed, err := eng.RemoveContainers(ctx, sel, opts.Remove)
	return withRemoveCode(errors.Join(err, tellRemovals(opts.IO, removed)), removed)
}

// withRemoveCode gives the error of rm its exit code: 1 when a container does not
// exist, else 2 when one is in the wrong state, else 125. What keeps a pod that
// was to go along is no state of the container named.
func withRemoveCode(err error, removed []engine.Removal) error {
	if errors.Is(err, errdefs.ErrNoSuchCtr) {
		return cmdutil.WithCode(cmdutil.ExitNotFound, err)
	}
	for _, rm := range removed {
		if errors.Is(rm.Err, errdefs.ErrCtrState) && !errors.Is(rm.Err, errdefs.ErrRemovingPod) {
			return cmdutil.WithCode(cmdutil.ExitInUse, err)
		}
	}
	return err
}
