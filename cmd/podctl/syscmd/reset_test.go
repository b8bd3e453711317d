package syscmd

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/pkg/settings"
)

type fakeResetter struct{ resets int }

func (e *fakeResetter) ResetSystem(context.Context) error {
	e.resets++
	return errors.New("something is busy")
}

func (e *fakeResetter) Settings() *settings.Settings { return &settings.Settings{GraphRoot: "/graph"} }

func TestReset(t *testing.T) {
	for name, tc := range map[string]struct {
		args         []string
		in           string
		resets, code int
		stderr       string
	}{
		"forced_succeeds_whatever_is_left": {args: []string{"-f"}, resets: 1},
		"confirmed":                        {in: "yes\n", resets: 1},
		"declined":                         {in: "no\n"},
		"unanswered":                       {code: 1, stderr: "Error: EOF\n"},
	} {
		t.Run(name, func(t *testing.T) {
			env, eng := cmdtest.New(t), &fakeResetter{}
			env.In.WriteString(tc.in)
			cmd := NewCmdReset(env.Factory, func(ctx context.Context, opts *resetOptions) error {
				opts.Engine = func(context.Context) (resetter, error) { return eng, nil }
				return resetRun(ctx, opts)
			})
			got := env.Run("system", cmd, tc.args...)
			require.Equal(t, tc.code, got.Code)
			require.Equal(t, tc.resets, eng.resets)
			require.Contains(t, got.Stderr, tc.stderr)
			if len(tc.args) == 0 {
				require.Contains(t, got.Stdout, "- the contents of the graph root: \"/graph\"\n\nAre you sure you want to continue? [y/N] ")
			}
		})
	}
}
