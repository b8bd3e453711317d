package ctrcmd

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// fakeStats has the container a, which runs, and the container off.
type fakeStats struct{}

func (fakeStats) ResolveContainers(_ context.Context, sel engine.Selection) (found []engine.Target, err error) {
	if sel.Latest {
		return []engine.Target{{ID: "off"}}, nil
	}
	if sel.All {
		sel.Names = []string{"a", "off"}
	}
	for _, name := range sel.Names {
		if name != "a" && name != "off" {
			return nil, fmt.Errorf("no container with name or ID %q found: %w", name, errdefs.ErrNoSuchCtr)
		}
		found = append(found, engine.Target{ID: name})
	}
	return found, nil
}

func (fakeStats) ContainerStats(_ context.Context, opts engine.StatsOptions) (stats []engine.ContainerStats, err error) {
	start := time.Unix(1700000000, 0)
	ids := opts.IDs
	if len(ids) == 0 {
		ids = []string{"a"}
	}
	if opts.All {
		ids = []string{"a", "off"}
	}
	for _, id := range ids {
		s := engine.ContainerStats{ID: id + "-0123456789abcdef", Name: id, At: start.Add(10 * time.Second), StartedAt: start}
		if id == "a" {
			s.Usage = engine.Usage{CPU: time.Second, Memory: 4096, MemoryLimit: 8192, BlockRead: 1000, PIDs: 3}
		}
		stats = append(stats, s)
	}
	return stats, nil
}

func TestStats(t *testing.T) {
	const conflict = "Error: --all, --latest and containers cannot be used together\n"
	for name, tc := range map[string]struct {
		args         []string
		want, failed string
	}{
		"of_those_that_run": {want: "" +
			"ID            NAME        CPU %       MEM USAGE / LIMIT  MEM %       NET IO      BLOCK IO    PIDS        CPU TIME    AVG CPU %\n" +
			"a-0123456789  a           10.00%      4.096kB / 8.192kB  50.00%      -- / --     1kB / 0B    3           1s          10.00%\n"},
		"of_all":             {args: []string{"-a", "--format", "{{.Name}} {{.PIDS}} {{.MemUsage}}"}, want: "a 3 4.096kB / 8.192kB\noff -- -- / --\n"},
		"of_one_named":       {args: []string{"--format", "{{.Name}}", "off"}, want: "off\n"},
		"of_the_latest":      {args: []string{"--format", "{{.Name}}", "--latest"}, want: "off\n"},
		"with_full_ids":      {args: []string{"--no-trunc", "--format", "{{.ID}}"}, want: "a-0123456789abcdef\n"},
		"table_with_heading": {args: []string{"--format", "table {{.ID}} {{.UpTime}}"}, want: "ID            CPU TIME\na-0123456789  1s\n"},
		"json": {args: []string{"--format", "json"}, want: `[
 {
  "id": "a-0123456789",
  "name": "a",
  "cpu_time": "1s",
  "cpu_percent": "10.00%",
  "avg_cpu": "10.00%",
  "mem_usage": "4.096kB / 8.192kB",
  "mem_percent": "50.00%",
  "net_io": "-- / --",
  "block_io": "1kB / 0B",
  "pids": "3"
 }
]
`},
		"missing_container": {args: []string{"b"}, failed: "Error: no container with name or ID \"b\" found: no such container\n"},
		"all_and_latest":    {args: []string{"--all", "--latest"}, failed: conflict},
		"all_and_name":      {args: []string{"--all", "a"}, failed: conflict},
		"no_interval":       {args: []string{"--interval", "0"}, failed: "Error: invalid interval, must be a positive number greater zero\n"},
	} {
		t.Run(name, func(t *testing.T) {
			env := cmdtest.New(t)
			cmd := NewCmdStats(env.Factory, func(ctx context.Context, opts *statsOptions) error {
				opts.Engine = func(context.Context) (statsReader, error) { return fakeStats{}, nil }
				return statsRun(ctx, opts)
			})
			got := env.Run("", cmd, append([]string{"--no-stream"}, tc.args...)...)
			require.Equal(t, tc.failed, got.Stderr)
			require.Equal(t, tc.want, got.Stdout)
			require.Equal(t, tc.failed != "", got.Code == 125)
		})
	}
}

func TestStatsIntoAPipeAreOneTableAfterTheOther(t *testing.T) {
	env := cmdtest.New(t)
	opts := &statsOptions{IO: env.Factory.IO, Format: "{{.Name}}"}
	stats, err := fakeStats{}.ContainerStats(t.Context(), engine.StatsOptions{})
	require.NoError(t, err)
	require.NoError(t, opts.print(stats, nil))
	require.Equal(t, "a\n", env.Out.String())
}
