package ctrcmd

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/cmd/podctl/internal/logflags"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type logReader interface {
	// ResolveContainers finds all of a selection or fails.
	ResolveContainers(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
	// ContainerLogs hands out the lines containers wrote.
	ContainerLogs(ctx context.Context, ids []string, opts engine.LogOptions, emit func(engine.LogLine) error) error
}

type logsOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (logReader, error)

	Containers []string
	Flags      logflags.Flags
	Read       engine.LogOptions
}

// NewCmdLogs returns "podctl logs".
func NewCmdLogs(f *cmdutil.Factory, runF func(context.Context, *logsOptions) error) *cobra.Command {
	opts := &logsOptions{IO: f.IO, Engine: func(ctx context.Context) (logReader, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "logs [options] CONTAINER [CONTAINER...]",
		Short: "Show what containers wrote",
		Long: `Show what containers wrote, each line on the stream it was written to. Of several
containers each line begins with whose it is.

Exit codes: 0 success, 125 error.`,
		Example: `podctl logs -f web
podctl logs --since 10m --timestamps web db`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case opts.Flags.Latest && len(args) > 0:
				return errors.New("--latest and containers cannot be used together")
			case !opts.Flags.Latest && len(args) == 0:
				return errors.New("specify at least one container name or ID to log")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			opts.Containers = args
			if opts.Read, err = opts.Flags.Options(time.Now()); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			if opts.Read.Follow {
				f.StopSignals() // to be interrupted is how this ends
			}
			return logsRun(cmd.Context(), opts)
		},
	}
	opts.Flags.Bind(cmd, "The container created last")
	return cmd
}

func logsRun(ctx context.Context, opts *logsOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	targets, err := eng.ResolveContainers(ctx, engine.Selection{Names: opts.Containers, Latest: opts.Flags.Latest})
	if err != nil {
		return err
	}
	printer := logflags.Printer{IO: opts.IO, Flags: &opts.Flags, Several: len(targets) > 1}
	return eng.ContainerLogs(ctx, engine.IDs(targets), opts.Read, printer.Print)
}
