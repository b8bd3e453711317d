package podcmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/cmd/podctl/internal/logflags"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type podLogReader interface {
	resolver
	// PodLogs hands out the lines a pod's containers wrote.
	PodLogs(ctx context.Context, podID, only string, opts engine.LogOptions, begin func(containers int), emit func(engine.LogLine) error) error
}

type logsOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (podLogReader, error)

	// Pod is a name or ID; empty for the newest.
	Pod string
	// Container is the only one to show; empty: all.
	Container string
	Flags     logflags.Flags
	Read      engine.LogOptions
}

// NewCmdLogs returns "podctl pod logs".
func NewCmdLogs(f *cmdutil.Factory, runF func(context.Context, *logsOptions) error) *cobra.Command {
	opts := &logsOptions{IO: f.IO, Engine: func(ctx context.Context) (podLogReader, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "logs [options] POD",
		Short: "Show what a pod's containers wrote",
		Long: `Show what the containers of a pod wrote, each line on the stream it was written
to and, where there are several containers, with whose it is.

Exit codes: 0 success, 125 error.`,
		Example: `podctl pod logs -f web
podctl pod logs --container front --tail 20 web`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return errors.New("requires exactly 1 arg")
			case opts.Flags.Latest && len(args) > 0:
				return errors.New("--latest and pods cannot be used together")
			case !opts.Flags.Latest && len(args) == 0:
				return errors.New("specify at least one pod name or ID to log")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if len(args) > 0 {
				opts.Pod = args[0]
			}
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
	opts.Flags.Bind(cmd, "The pod created last")
	cmd.Flags().StringVarP(&opts.Container, "container", "c", "", "Only this `container`")
	return cmd
}

func logsRun(ctx context.Context, opts *logsOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	targets, err := eng.ResolvePods(ctx, engine.Selection{Names: []string{opts.Pod}, Latest: opts.Flags.Latest})
	if err != nil {
		return err
	}
	printer := logflags.Printer{IO: opts.IO, Flags: &opts.Flags}
	begin := func(containers int) { printer.Several = containers > 1 }
	err = eng.PodLogs(ctx, targets[0].ID, opts.Container, opts.Read, begin, printer.Print)
	if opts.Container != "" && errors.Is(err, errdefs.ErrNoSuchCtr) {
		return fmt.Errorf("container %s is not in pod %s: %w", opts.Container, targets[0].Typed(), errdefs.ErrNoSuchCtr)
	}
	return err
}
