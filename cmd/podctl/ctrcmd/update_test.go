package ctrcmd

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/pkg/container"
)

// fakeUpdater changes a configuration with one variable.
type fakeUpdater struct {
	fakeStats
	got *container.Config
}

func (e *fakeUpdater) UpdateContainer(_ context.Context, _ string, apply func(*container.Config) error) error {
	c := &container.Config{Process: container.Process{Env: []string{"A=1"}}}
	err := apply(c)
	if err == nil {
		e.got = c
	}
	return err
}

func TestUpdate(t *testing.T) {
	limit := int64(5)
	for name, tc := range map[string]struct {
		args         []string
		want         container.Config
		out, failure string
	}{
		"limits": {args: []string{"--pids-limit", "5", "a"}, out: "a\n", want: container.Config{
			Process: container.Process{Env: []string{"A=1"}}, Resources: container.Resources{PidsLimit: &limit},
		}},
		"environment_of_the_latest": {args: []string{"-l", "--unsetenv", "A", "-e", "B=2"}, out: "off\n", want: container.Config{
			Process: container.Process{Env: []string{"B=2"}},
		}},
		"restart_policy": {args: []string{"--restart", "on-failure:3", "a"}, out: "a\n", want: container.Config{
			Process:   container.Process{Env: []string{"A=1"}},
			Lifecycle: container.Lifecycle{Restart: container.RestartPolicy{Name: "on-failure", MaxRetries: 3}, RestartSet: true},
		}},
		"missing":          {args: []string{"b"}, failure: "Error: no container with name or ID \"b\" found: no such container\n"},
		"none":             {failure: "Error: update must specify a container id or name\n"},
		"latest_and_named": {args: []string{"-l", "a"}, failure: "Error: --latest and containers cannot be used together\n"},
	} {
		t.Run(name, func(t *testing.T) {
			env, eng := cmdtest.New(t), &fakeUpdater{}
			cmd := NewCmdUpdate(env.Factory, func(ctx context.Context, opts *updateOptions) error {
				opts.Engine = func(context.Context) (updater, error) { return eng, nil }
				return updateRun(ctx, opts)
			})
			got := env.Run("", cmd, tc.args...)
			require.Equal(t, tc.failure, got.Stderr)
			require.Equal(t, tc.out, got.Stdout)
			if tc.failure == "" {
				require.Equal(t, &tc.want, eng.got)
			} else {
				require.Nil(t, eng.got)
			}
		})
	}
}
