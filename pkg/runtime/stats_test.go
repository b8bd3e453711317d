package runtime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/cgroupmgr"
)

func TestContainerStats(t *testing.T) {
	start := time.Unix(1700000000, 0)
	at := func(seconds int, cpu time.Duration) ContainerStats {
		return ContainerStats{
			ID: "a", At: start.Add(time.Duration(seconds) * time.Second), StartedAt: start,
			Usage: cgroupmgr.Stats{CPU: cpu, Memory: 1, MemoryLimit: 4},
		}
	}
	restarted := at(20, 5*time.Second)
	restarted.StartedAt = start.Add(10 * time.Second)
	for name, tc := range map[string]struct {
		now, before  ContainerStats
		cpu, average float64
	}{
		"first_measurement_is_since_the_start": {now: at(10, time.Second), cpu: 10, average: 10},
		"later_ones_since_the_last":            {now: at(20, 6*time.Second), before: at(10, time.Second), cpu: 50, average: 30},
		"not_across_a_restart":                 {now: restarted, before: at(10, time.Second), cpu: 50, average: 50},
		"no_time_has_passed":                   {now: at(0, time.Second), cpu: 0, average: 0},
	} {
		t.Run(name, func(t *testing.T) {
			require.InDelta(t, tc.cpu, tc.now.CPUPercent(tc.before), 1e-9)
			require.InDelta(t, tc.average, tc.now.AveragePercent(), 1e-9)
			require.InDelta(t, 25, tc.now.MemoryPercent(), 1e-9)
		})
	}
	require.Zero(t, ContainerStats{}.MemoryPercent())
}
