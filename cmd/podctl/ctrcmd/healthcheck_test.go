package ctrcmd

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
)

// fakeHealth finds the status in every container.
type fakeHealth struct {
	fakeStats
	status string
}

func (e fakeHealth) CheckHealth(context.Context, string) (string, error) {
	if e.status == "" {
		return "", errors.New("container a is not running")
	}
	return e.status, nil
}

func TestHealthcheckRun(t *testing.T) {
	for name, tc := range map[string]struct {
		status, container string
		out, failure      string
		code              int
	}{
		"healthy_is_silent": {status: "healthy", container: "a"},
		"unhealthy":         {status: "unhealthy", container: "a", out: "unhealthy\n", code: 1},
		"starting":          {status: "starting", container: "a", out: "starting\n", code: 1},
		"not_running":       {container: "a", failure: "Error: container a is not running\n", code: 125},
		"missing":           {container: "b", failure: "Error: unable to look up b to perform a health check: no container with name or ID \"b\" found: no such container\n", code: 125},
	} {
		t.Run(name, func(t *testing.T) {
			env := cmdtest.New(t)
			cmd := NewCmdHealthcheckRun(env.Factory, func(ctx context.Context, opts *healthcheckOptions) error {
				opts.Engine = func(context.Context) (healthChecker, error) { return fakeHealth{status: tc.status}, nil }
				return healthcheckRun(ctx, opts)
			})
			got := env.Run("healthcheck", cmd, tc.container)
			require.Equal(t, cmdtest.Result{Code: tc.code, Stdout: tc.out, Stderr: tc.failure}, got)
		})
	}
}
