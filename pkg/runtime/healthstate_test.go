package runtime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
)

func TestHealthState(t *testing.T) {
	start := time.Unix(1700000000, 0)
	plain := container.Health{Test: []string{"CMD", "x"}, Retries: 2}
	withStartup := plain
	withStartup.StartupTest, withStartup.StartupPasses = []string{"CMD", "y"}, 2
	lenient := plain
	lenient.StartPeriod = time.Minute
	short := plain
	short.MaxLogCount, short.MaxLogSize = 2, 3
	const (
		starting  = healthStarting
		healthy   = healthHealthy
		unhealthy = healthUnhealthy
	)
	for name, tc := range map[string]struct {
		health container.Health
		after  time.Duration // since the start, of every check
		codes  []int
		status []string
		streak int
		log    int
	}{
		"success_is_healthy":                       {plain, 0, []int{0}, []string{healthy}, 0, 1},
		"failures_count_up_to_the_retries":         {plain, 0, []int{1, 1, 1}, []string{starting, unhealthy, unhealthy}, 3, 3},
		"one_failure_leaves_a_healthy_one_healthy": {plain, 0, []int{0, 1}, []string{healthy, healthy}, 1, 2},
		"success_ends_the_streak":                  {plain, 0, []int{1, 1, 0, 1}, []string{starting, unhealthy, healthy, healthy}, 1, 4},
		"failures_in_the_start_period_do_not":      {lenient, time.Second, []int{1, 1, 1}, []string{starting, starting, starting}, 0, 3},
		"success_in_the_start_period_does":         {lenient, time.Second, []int{0}, []string{healthy}, 0, 1},
		"after_the_start_period_they_count":        {lenient, time.Hour, []int{1, 1}, []string{starting, unhealthy}, 2, 2},
		"the_startup_check_comes_first":            {withStartup, 0, []int{0, 1, 0, 0}, []string{starting, starting, starting, healthy}, 0, 4},
		"the_log_has_a_limit":                      {short, 0, []int{0, 0, 0}, []string{healthy, healthy, healthy}, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthState{StartedAt: start}
			for i, code := range tc.codes {
				at := start.Add(tc.after)
				s.add(&tc.health, healthResult{start: at, end: at, code: code, output: "output"})
				require.Equal(t, tc.status[i], s.Status, "check %d", i)
			}
			require.Equal(t, tc.streak, s.FailingStreak)
			require.Len(t, s.Log, tc.log)
			if tc.health.MaxLogSize > 0 {
				require.Equal(t, "out", s.Log[0].Output)
			}
		})
	}
}

func TestCheckCommand(t *testing.T) {
	require.Equal(t, []string{"/bin/sh", "-c", "a && b"}, checkCommand([]string{"CMD-SHELL", "a && b"}))
	require.Equal(t, []string{"a", "b c"}, checkCommand([]string{"CMD", "a", "b c"}))
}
