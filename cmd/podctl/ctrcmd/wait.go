package ctrcmd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type waiter interface {
	// WaitContainers waits for all of a selection, or the first.
	WaitContainers(ctx context.Context, sel engine.Selection, opts engine.WaitOptions) ([]engine.Wait, error)
}

type waitOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (waiter, error)

	Targets engine.Selection
	Wait    engine.WaitOptions
}

// NewCmdWait returns "podctl wait".
func NewCmdWait(f *cmdutil.Factory, runF func(context.Context, *waitOptions) error) *cobra.Command {
	opts := &waitOptions{IO: f.IO, Engine: func(ctx context.Context) (waiter, error) { return f.Engine(ctx) }}
	var (
		conditions []string
		interval   string
	)
	cmd := &cobra.Command{
		Use:   "wait [options] CONTAINER [CONTAINER...]",
		Short: "Wait for containers to end",
		Long: `Wait until containers have ended, or are in another condition, and print the
exit code of each: -1 for a condition that has none, and for a container that does
not exist and is ignored.

Conditions: created, exited, healthy, initialized, paused, removing, running,
stopped, unhealthy, unknown.

Exit codes: 0 success whatever the containers' codes, 125 error.`,
		Example: `podctl wait job
podctl wait --condition running --condition exited web`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			opts.Targets.Names = args
			if err := opts.check(cmd); err != nil {
				return err
			}
			if opts.Wait.Interval, err = parseInterval(interval); err != nil {
				return err
			}
			if opts.Wait.Conditions, err = engine.ParseConditions(conditions); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return waitRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringSliceVar(&conditions, "condition", nil, "Wait for this `condition`, or another given")
	fs.StringVarP(&interval, "interval", "i", "250ms", "How long to wait before looking again at what cannot be watched: a `duration`, or milliseconds")
	fs.BoolVar(&opts.Targets.Ignore, "ignore", false, "A container that does not exist is waited for already")
	fs.BoolVar(&opts.Wait.First, "exit-first-match", false, "Wait for one of the containers only")
	fs.BoolVarP(&opts.Targets.Latest, "latest", "l", false, "The container created last")
	return cmd
}

func (o *waitOptions) check(cmd *cobra.Command) error {
	switch {
	case o.Targets.Latest && len(o.Targets.Names) > 0:
		return errors.New("--latest and containers cannot be used together")
	case !o.Targets.Latest && len(o.Targets.Names) == 0:
		return fmt.Errorf("%q requires a name, id, or the \"--latest\" flag", cmd.CommandPath())
	}
	return nil
}

// parseInterval reads a duration; a number alone is milliseconds.
func parseInterval(text string) (time.Duration, error) {
	if ms, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(ms) * time.Millisecond, nil
	}
	return time.ParseDuration(text)
}

func waitRun(ctx context.Context, opts *waitOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	waits, err := eng.WaitContainers(ctx, opts.Targets, opts.Wait)
	errs := []error{err}
	for _, w := range waits {
		if w.Err != nil {
			errs = append(errs, w.Err)
			continue
		}
		fmt.Fprintln(opts.IO.Out, w.ExitCode)
	}
	return errors.Join(errs...)
}
