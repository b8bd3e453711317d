package syscmd

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/event"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type eventSource interface {
	// Events hands events to emit, in the order they happened, and with
	// opts.Stream those to come until the context ends, which is no error.
	Events(ctx context.Context, opts engine.EventOptions, emit func(event.Event) error) error
}

type eventsOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (eventSource, error)

	Events  engine.EventOptions
	Format  string
	NoTrunc bool
}

// NewCmdEvents returns "podctl events".
func NewCmdEvents(f *cmdutil.Factory, runF func(context.Context, *eventsOptions) error) *cobra.Command {
	opts := &eventsOptions{IO: f.IO, Engine: func(ctx context.Context) (eventSource, error) { return f.Engine(ctx) }}
	var since, until string
	cmd := &cobra.Command{
		Use:   "events [options]",
		Short: "Show what happens to pods, containers, images, networks and volumes",
		Long: `Show events as they happen, or those of a time span.

Times are RFC 3339, dates, Unix times, or durations: ago for --since, from now for --until.
Filters: container, pod, image, volume, event (or status), type, label.

Exit codes: 0 success, 125 error.`,
		Example: `podctl events --filter pod=web
podctl events --since 1h --stream=false --format json`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			now := time.Now()
			var err error
			if opts.Events.Since, err = eventTime("since", since, now, cmdutil.Past); err != nil {
				return err
			}
			if opts.Events.Until, err = eventTime("until", until, now, cmdutil.Future); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return eventsRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVarP(&opts.Events.Filters, "filter", "f", nil, "Show only events that match this `filter`")
	fs.StringVar(&opts.Format, "format", "", "Print as json or with a Go `template`")
	fs.BoolVar(&opts.NoTrunc, "no-trunc", true, "Do not shorten IDs")
	fs.StringVar(&since, "since", "", "Show events from this `time` on")
	fs.BoolVar(&opts.Events.Stream, "stream", true, "Wait for further events")
	fs.StringVar(&until, "until", "", "Show events up to this `time`")
	return cmd
}

func eventTime(flag, value string, now time.Time, direction cmdutil.Direction) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	t, err := cmdutil.ParseTime(value, now, direction)
	if err != nil {
		return t, fmt.Errorf("unable to convert %s time of %s: %w", flag, value, err)
	}
	return t, nil
}

func eventsRun(ctx context.Context, opts *eventsOptions) error {
	// A template that cannot be is told before an event comes, not with it.
	if err := opts.print(io.Discard, event.Event{}); err != nil {
		return err
	}
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	return eng.Events(ctx, opts.Events, func(e event.Event) error { return opts.print(opts.IO.Out, e) })
}

func (opts *eventsOptions) print(out io.Writer, e event.Event) error {
	if !opts.NoTrunc {
		e = e.Truncated()
	}
	if opts.Format == "" {
		_, err := fmt.Fprintln(out, e.Line())
		return err
	}
	return cmdutil.RenderOne(out, "events", opts.Format, "", 0, e.Report())
}
