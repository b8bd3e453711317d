package ctrcmd

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/relief"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type cleaner interface {
	resolver
	// CleanupContainer finishes what the end of a process left to do.
	CleanupContainer(ctx context.Context, id string, opts engine.CleanupOptions) error
	// CleanupExecSession does so for a process that joined the container.
	CleanupExecSession(ctx context.Context, id, session string) error
}

type cleanupOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (cleaner, error)

	Targets cmdutil.Targets
	Cleanup engine.CleanupOptions
	// Session is an exec session to clean up after instead.
	Session string
}

// NewCmdCleanup returns "podctl container cleanup".
func NewCmdCleanup(f *cmdutil.Factory, runF func(context.Context, *cleanupOptions) error) *cobra.Command {
	opts := &cleanupOptions{IO: f.IO, Engine: func(ctx context.Context) (cleaner, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:    "cleanup [options] CONTAINER [CONTAINER...]",
		Short:  "Clean up after containers that ended",
		Hidden: true,
		Long: `Record how containers ended, take down their mounts and networks, and then
restart or remove them or stop their pods, as their policies say. conmon runs this at
the end of each container; a container that is gone already is no error.

Exit codes: 0 success, 125 error.`,
		Example: `podctl container cleanup --all`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.Session != "" && (opts.Targets.All || opts.Targets.Latest || len(opts.Targets.Names) != 1) {
				return errors.New("--exec needs exactly one container")
			}
			opts.Targets.Ignore = true
			if opts.Cleanup.StoppedOnly {
				// conmon calls: nobody reads what we say, and a terminal it
				// happens to share is not ours to write to.
				opts.IO.Out, f.IO.ErrOut = io.Discard, io.Discard
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return cleanupRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Containers})
	fs := cmd.Flags()
	fs.StringVar(&opts.Session, "exec", "", "Clean up after this exec `session` instead")
	fs.BoolVar(&opts.Cleanup.Remove, "rm", false, "Remove the containers afterwards")
	fs.BoolVar(&opts.Cleanup.RemoveImage, "rmi", false, "Remove their images afterwards")
	fs.BoolVar(&opts.Cleanup.StoppedOnly, "stopped-only", false, "Leave containers that run alone")
	fs.String(relief.Flag[len("--"):], "", "Do nothing while the process lives that this `file` names")
	for _, name := range []string{"stopped-only", relief.Flag[len("--"):]} {
		_ = fs.MarkHidden(name) // the flag stands above
	}
	return cmd
}

func cleanupRun(ctx context.Context, opts *cleanupOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	targets, err := cleanupTargets(ctx, opts, eng)
	if err != nil {
		return err
	}
	if opts.Cleanup.StoppedOnly && len(targets) == 0 {
		// conmon calls with an ID: what is shared with a container that was
		// removed meanwhile is still to be left tidy.
		for _, id := range opts.Targets.Names {
			targets = append(targets, engine.Target{ID: id})
		}
	}
	if opts.Targets.All {
		targets = inState(targets, container.Created, container.Initialized, container.Stopped, container.Exited, container.Unknown)
	}
	return tell(opts.IO, targets, engine.Each(ctx, targets, func(ctx context.Context, id string) error {
		if opts.Session != "" {
			return eng.CleanupExecSession(ctx, id, opts.Session)
		}
		return eng.CleanupContainer(ctx, id, opts.Cleanup)
	}))
}

// cleanupTargets are the containers selected. An exit command gives a full ID, of
// a container that may be gone: then too the engine has to know that it ran.
func cleanupTargets(ctx context.Context, opts *cleanupOptions, eng cleaner) ([]engine.Target, error) {
	if !opts.Cleanup.StoppedOnly || len(opts.Targets.Names) == 0 {
		return resolve(ctx, eng, &opts.Targets)
	}
	var targets []engine.Target
	for _, id := range opts.Targets.Names {
		targets = append(targets, engine.Target{ID: id, Given: id})
	}
	return targets, nil
}
