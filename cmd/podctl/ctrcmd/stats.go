package ctrcmd

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type statsReader interface {
	// ResolveContainers finds all of a selection or fails.
	ResolveContainers(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
	// ContainerStats measures containers; without IDs those that run, or all.
	ContainerStats(ctx context.Context, opts engine.StatsOptions) ([]engine.ContainerStats, error)
}

type statsOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (statsReader, error)

	Names       []string
	All, Latest bool
	Format      string
	// Interval is the number of seconds between two measurements.
	Interval int
	// NoReset keeps what is on the screen; NoStream measures once.
	NoReset, NoStream bool
	NoTrunc           bool
}

// defaultStatsInterval is podman-stats(1)'s.
const defaultStatsInterval = 5

// NewCmdStats returns "podctl stats".
func NewCmdStats(f *cmdutil.Factory, runF func(context.Context, *statsOptions) error) *cobra.Command {
	opts := &statsOptions{IO: f.IO, Engine: func(ctx context.Context) (statsReader, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "stats [options] [CONTAINER...]",
		Short: "Show what containers use",
		Long: `Show what containers, by default those that run, use of processors, memory,
network and block devices, again and again until interrupted.

Exit codes: 0 success, 125 error.`,
		Example: `podctl stats --no-stream
podctl stats --format '{{.Name}} {{.MemUsage}}' db web`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Names = args
			if opts.All && opts.Latest || len(args) > 0 && (opts.All || opts.Latest) {
				return errors.New("--all, --latest and containers cannot be used together")
			}
			if opts.Interval < 1 {
				return errors.New("invalid interval, must be a positive number greater zero")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return statsRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&opts.All, "all", "a", false, "Containers in any state")
	fs.StringVar(&opts.Format, "format", "", "Print as json or with a Go `template`")
	fs.IntVarP(&opts.Interval, "interval", "i", defaultStatsInterval, "`Seconds` between two measurements")
	fs.BoolVarP(&opts.Latest, "latest", "l", false, "The container created last")
	fs.BoolVar(&opts.NoReset, "no-reset", false, "Do not clear the screen")
	fs.BoolVar(&opts.NoStream, "no-stream", false, "Measure once")
	fs.BoolVar(&opts.NoTrunc, "no-trunc", false, "Do not shorten IDs")
	return cmd
}

func statsRun(ctx context.Context, opts *statsOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	before := map[string]engine.ContainerStats{}
	show := func() error {
		stats, err := opts.measure(ctx, eng)
		if err != nil {
			return err
		}
		err = opts.print(stats, before)
		clear(before)
		for _, s := range stats {
			before[s.ID] = s
		}
		return err
	}
	if opts.NoStream {
		return show()
	}
	return cmdutil.Every(ctx, time.Duration(opts.Interval)*time.Second, show)
}

// measure looks the containers up each time: they may come and go.
func (opts *statsOptions) measure(ctx context.Context, eng statsReader) ([]engine.ContainerStats, error) {
	if len(opts.Names) == 0 && !opts.Latest {
		return eng.ContainerStats(ctx, engine.StatsOptions{All: opts.All})
	}
	found, err := eng.ResolveContainers(ctx, engine.Selection{Names: opts.Names, Latest: opts.Latest})
	if err != nil {
		return nil, err
	}
	return eng.ContainerStats(ctx, engine.StatsOptions{IDs: engine.IDs(found)})
}

func (opts *statsOptions) print(stats []engine.ContainerStats, before map[string]engine.ContainerStats) error {
	rows := make([]statsRow, 0, len(stats))
	for _, s := range stats {
		rows = append(rows, newStatsRow(s, before[s.ID], !opts.NoTrunc))
	}
	if cmdutil.IsJSON(opts.Format) {
		return cmdutil.PrintJSON(opts.IO.Out, statsJSONOf(rows), statsIndent)
	}
	if !opts.NoReset && !opts.NoStream && opts.IO.OutIsTerminal() {
		if _, err := io.WriteString(opts.IO.Out, cmdutil.ClearScreen); err != nil {
			return err
		}
	}
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command: "stats", Format: opts.Format, Default: statsColumns, Headers: statsHeaders(),
	}, rows)
}
