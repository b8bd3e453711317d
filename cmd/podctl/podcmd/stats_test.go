package podcmd

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// fakeStats measures one container of the pod web and none of other pods.
type fakeStats struct{ fakeEngine }

func (*fakeStats) PodStats(_ context.Context, ids []string) ([]engine.ContainerStats, error) {
	if len(ids) > 0 && ids[0] != "w1" {
		return nil, nil
	}
	start := time.Unix(1700000000, 0)
	return []engine.ContainerStats{{
		ID: "0123456789abcdef", Name: "a", PodID: "fedcba9876543210", At: start.Add(10 * time.Second), StartedAt: start,
		Usage:    engine.Usage{CPU: time.Second, Memory: 4096, MemoryLimit: 8192, BlockRead: 1000, PIDs: 3},
		NetInput: 1500, NetOutput: 2048,
	}}, nil
}

func TestStats(t *testing.T) {
	const heading = "POD           CID           NAME        CPU %       MEM USAGE/ LIMIT   MEM %       NET IO           BLOCK IO    PIDS\n"
	for name, tc := range map[string]struct {
		args         []string
		want, failed string
	}{
		"of_all_pods": {args: []string{"--no-reset"}, want: heading +
			"fedcba987654  0123456789ab  a           10.00%      4.096kB / 8.192kB  50.00%      1.5kB / 2.048kB  1kB / 0B    3\n"},
		"of_none": {args: []string{"--no-reset", "db"}, want: "" +
			"POD         CID         NAME        CPU %       MEM USAGE/ LIMIT  MEM %       NET IO      BLOCK IO    PIDS\n" +
			"--          --          --          --          --                --          --          --          --\n"},
		"clear_the_screen":      {args: []string{"--format", "{{.Name}}", "web"}, want: cmdutil.ClearScreen + "NAME\na\n"},
		"heading_above_any":     {args: []string{"--no-reset", "--format", "{{.CID}} {{.Mem}} {{.MemUsageBytes}}"}, want: "CID MEM MEM USAGE/ LIMIT\n0123456789ab 50.00% 4KiB / 8KiB\n"},
		"template_without_rows": {args: []string{"--no-reset", "--format", "{{.CID}}", "db"}, want: ""},
		"json_without_rows":     {args: []string{"--format", "json", "db"}, want: "[]\n"},
		"json": {args: []string{"--format", "json"}, want: `[
     {
          "CPU": "10.00%",
          "MemUsage": "4.096kB / 8.192kB",
          "MemUsageBytes": "4KiB / 8KiB",
          "Mem": "50.00%",
          "NetIO": "1.5kB / 2.048kB",
          "BlockIO": "1kB / 0B",
          "PIDS": "3",
          "Pod": "fedcba987654",
          "CID": "0123456789ab",
          "Name": "a"
     }
]
`},
		"missing_pod":     {args: []string{"nope"}, failed: "Error: unable to get list of pods: no pod with name or ID nope found: no such pod\n"},
		"all_and_latest":  {args: []string{"--all", "--latest"}, failed: "Error: --all, --latest and arguments cannot be used together\n"},
		"latest_and_name": {args: []string{"-l", "web"}, failed: "Error: --all, --latest and arguments cannot be used together\n"},
	} {
		t.Run(name, func(t *testing.T) {
			env := cmdtest.New(t)
			cmd := NewCmdStats(env.Factory, func(ctx context.Context, opts *statsOptions) error {
				opts.Engine = func(context.Context) (statsReader, error) { return &fakeStats{}, nil }
				return statsRun(ctx, opts)
			})
			got := env.Run("pod", cmd, append([]string{"--no-stream"}, tc.args...)...)
			require.Equal(t, tc.failed, got.Stderr)
			require.Equal(t, tc.want, got.Stdout)
			require.Equal(t, tc.failed != "", got.Code == 125)
		})
	}
}
