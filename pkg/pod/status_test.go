package pod

import (
	"testing"

	"github.com/podctl/podctl/pkg/container"
	"github.com/stretchr/testify/require"
)

const (
	created     = container.Created
	initialized = container.Initialized
	running     = container.Running
	paused      = container.Paused
	stopping    = container.Stopping
	stopped     = container.Stopped
	exited      = container.Exited
	removing    = container.Removing
	unknown     = container.Unknown
)

// TestStatusOf follows podman-pod-ps(1): the first row that matches counts.
func TestStatusOf(t *testing.T) {
	for name, tc := range map[string]struct {
		states []container.State
		want   Status
	}{
		"1_without_containers":                     {nil, StatusCreated},
		"2_all_run":                                {[]container.State{running, running}, StatusRunning},
		"3_one_of_them_runs":                       {[]container.State{running, exited}, StatusDegraded},
		"3_running_beats_paused":                   {[]container.State{paused, running}, StatusDegraded},
		"3_running_beats_errored":                  {[]container.State{unknown, running}, StatusDegraded},
		"4_all_paused":                             {[]container.State{paused, paused}, StatusPaused},
		"5_all_exited":                             {[]container.State{exited, exited}, StatusExited},
		"5_stopped_counts_as_exited":               {[]container.State{stopped, exited}, StatusExited},
		"6_one_exited_none_runs":                   {[]container.State{exited, created}, StatusStopped},
		"6_stopped_beats_errored":                  {[]container.State{unknown, exited}, StatusStopped},
		"7_one_unknown":                            {[]container.State{unknown, created}, StatusError},
		"7_removing_is_errored":                    {[]container.State{removing}, StatusError},
		"7_stopping_is_errored":                    {[]container.State{stopping, created}, StatusError},
		"7_errored_beats_paused":                   {[]container.State{paused, unknown}, StatusError},
		"7_a_word_nobody_knows":                    {[]container.State{"walking"}, StatusError},
		"8_created_and_initialized":                {[]container.State{created, initialized}, StatusCreated},
		"fresh_with_infra":                         {[]container.State{created}, StatusCreated},
		"infra_runs_alone":                         {[]container.State{running}, StatusRunning},
		"infra_runs_and_a_member_is_only_created":  {[]container.State{running, created}, StatusDegraded},
		"after_a_stop":                             {[]container.State{exited, exited, exited}, StatusExited},
		"stopped_then_a_container_is_created":      {[]container.State{exited, created}, StatusStopped},
		"members_paused_and_one_exited":            {[]container.State{paused, paused, exited}, StatusStopped},
		"one_paused_one_created":                   {[]container.State{paused, created}, StatusCreated},
		"one_stopping_and_nothing_else_runs":       {[]container.State{stopping}, StatusError},
		"one_stopping_and_another_exited":          {[]container.State{stopping, exited}, StatusStopped},
		"infra_runs_and_a_member_is_being_stopped": {[]container.State{running, stopping}, StatusDegraded},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, StatusOf(tc.states))
			backwards := make([]container.State, len(tc.states))
			for i, s := range tc.states {
				backwards[len(backwards)-1-i] = s
			}
			require.Equal(t, tc.want, StatusOf(backwards), "the order of containers must not matter")
		})
	}
}

func TestShares(t *testing.T) {
	c := Config{Share: []string{"ipc", "net"}}
	require.True(t, c.Shares("net"))
	require.False(t, c.Shares("pid"))
	require.False(t, new(Config).Shares("net"))
}
