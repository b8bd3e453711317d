package podcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type statsReader interface {
	resolver
	// PodStats measures the running containers of pods; without IDs, of all.
	PodStats(ctx context.Context, ids []string) ([]engine.ContainerStats, error)
}

type statsOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (statsReader, error)

	Pods        []string
	All, Latest bool
	Format      string
	// NoReset keeps what is on the screen; NoStream measures once.
	NoReset, NoStream bool
}

// statsInterval is the time between two measurements.
const statsInterval = time.Second

// NewCmdStats returns "podctl pod stats".
func NewCmdStats(f *cmdutil.Factory, runF func(context.Context, *statsOptions) error) *cobra.Command {
	opts := &statsOptions{IO: f.IO, Engine: func(ctx context.Context) (statsReader, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "stats [options] [POD...]",
		Short: "Show what the containers of pods use",
		Long: `Show what the running containers of pods, by default of all pods, use of
processors, memory, network and block devices, every second until interrupted.

Exit codes: 0 success, 125 error.`,
		Example: `podctl pod stats web
podctl pod stats --no-stream --format json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Pods = args
			if opts.All && opts.Latest || len(args) > 0 && (opts.All || opts.Latest) {
				return errors.New("--all, --latest and arguments cannot be used together")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return statsRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&opts.All, "all", "a", false, "All pods")
	fs.BoolVarP(&opts.Latest, "latest", "l", false, "The pod created last")
	fs.StringVar(&opts.Format, "format", "", "Print as json or with a Go `template`")
	fs.BoolVar(&opts.NoReset, "no-reset", false, "Do not clear the screen")
	fs.BoolVar(&opts.NoStream, "no-stream", false, "Measure once")
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
	return cmdutil.Every(ctx, statsInterval, show)
}

// measure looks the pods up each time: they may come and go.
func (opts *statsOptions) measure(ctx context.Context, eng statsReader) ([]engine.ContainerStats, error) {
	if len(opts.Pods) == 0 && !opts.Latest {
		return eng.PodStats(ctx, nil)
	}
	pods, err := eng.ResolvePods(ctx, engine.Selection{Names: opts.Pods, Latest: opts.Latest})
	if err != nil {
		return nil, fmt.Errorf("unable to get list of pods: %w", err)
	}
	return eng.PodStats(ctx, engine.IDs(pods))
}

// statsRow is a container's statistics as tables, templates and JSON show them.
type statsRow struct {
	CPU           string
	MemUsage      string
	MemUsageBytes string
	Mem           string
	NetIO         string
	BlockIO       string
	PIDS          string
	Pod           string
	CID           string
	Name          string
}

func newStatsRow(s, prev engine.ContainerStats) statsRow {
	return statsRow{
		CPU:           cmdutil.Percent(s.CPUPercent(prev)),
		MemUsage:      cmdutil.AmountPair(s.Usage.Memory, s.Usage.MemoryLimit, units.HumanSize),
		MemUsageBytes: cmdutil.AmountPair(s.Usage.Memory, s.Usage.MemoryLimit, units.BytesSize),
		Mem:           cmdutil.Percent(s.MemoryPercent()),
		NetIO:         cmdutil.AmountPair(s.NetInput, s.NetOutput, units.HumanSize),
		BlockIO:       cmdutil.AmountPair(s.Usage.BlockRead, s.Usage.BlockWrite, units.HumanSize),
		PIDS:          cmdutil.Count(s.Usage.PIDs),
		Pod:           cmdutil.ShortID(s.PodID), CID: cmdutil.ShortID(s.ID), Name: s.Name,
	}
}

func (opts *statsOptions) print(stats []engine.ContainerStats, before map[string]engine.ContainerStats) error {
	rows := make([]statsRow, 0, len(stats))
	for _, s := range stats {
		rows = append(rows, newStatsRow(s, before[s.ID]))
	}
	if cmdutil.IsJSON(opts.Format) {
		return cmdutil.PrintJSON(opts.IO.Out, rows, cmdutil.JSONIndent)
	}
	if !opts.NoReset {
		if _, err := io.WriteString(opts.IO.Out, cmdutil.ClearScreen); err != nil {
			return err
		}
	}
	const no = cmdutil.Nothing
	memory := "MEM"
	switch {
	case opts.Format == "":
		memory = "MEM %"
		if len(rows) == 0 {
			rows = []statsRow{{CPU: no, MemUsage: no, Mem: no, NetIO: no, BlockIO: no, PIDS: no, Pod: no, CID: no, Name: no}}
		}
	case len(rows) == 0:
		return nil
	}
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command: "stats", Format: opts.Format, UserHeading: true,
		Default: "{{.Pod}}\t{{.CID}}\t{{.Name}}\t{{.CPU}}\t{{.MemUsage}}\t{{.Mem}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDS}}\n",
		Headers: map[string]string{
			"CPU": "CPU %", "MemUsage": "MEM USAGE/ LIMIT", "MemUsageBytes": "MEM USAGE/ LIMIT", "Mem": memory,
			"NetIO": "NET IO", "BlockIO": "BLOCK IO",
		},
	}, rows)
}
