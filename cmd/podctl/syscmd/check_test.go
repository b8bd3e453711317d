package syscmd

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/pkg/image"
)

type fakeChecker struct {
	damage   []string
	lasting  bool // what is removed comes back
	asked    image.CheckOptions
	repaired []bool
}

func (e *fakeChecker) CheckStorage(_ context.Context, opts image.CheckOptions) ([]string, error) {
	e.asked = opts
	return e.damage, nil
}

func (e *fakeChecker) RepairStorage(_ context.Context, opts image.CheckOptions, containers bool) ([]string, error) {
	e.repaired = append(e.repaired, containers)
	found := e.damage
	if !e.lasting {
		e.damage = nil
	}
	e.asked = opts
	return found, nil
}

func TestCheckStorage(t *testing.T) {
	const line = "layer aa: it is gone"
	for name, tc := range map[string]struct {
		args     []string
		eng      fakeChecker
		repaired []bool
		asked    image.CheckOptions
		want     cmdtest.Result
	}{
		"whole":        {asked: image.CheckOptions{MaxAge: 24 * time.Hour}},
		"quick_by_age": {args: []string{"-q", "-m", "1h"}, asked: image.CheckOptions{Quick: true, MaxAge: time.Hour}},
		"damaged": {
			eng: fakeChecker{damage: []string{line}}, asked: image.CheckOptions{MaxAge: 24 * time.Hour},
			want: cmdtest.Result{Code: 125, Stdout: line + "\n", Stderr: "Error: damage detected in local storage\n"},
		},
		"repaired": {
			args: []string{"--repair"}, eng: fakeChecker{damage: []string{line}}, asked: image.CheckOptions{MaxAge: 24 * time.Hour},
			repaired: []bool{false}, want: cmdtest.Result{Stdout: line + "\n"},
		},
		"in_vain": {
			args: []string{"--force"}, eng: fakeChecker{damage: []string{line}, lasting: true}, asked: image.CheckOptions{MaxAge: 24 * time.Hour},
			repaired: []bool{true},
			want:     cmdtest.Result{Code: 125, Stdout: line + "\n", Stderr: "Error: damage in local storage still present after repair attempt\n"},
		},
		"arguments": {args: []string{"x"}, want: cmdtest.Result{Code: 125, Stderr: "Error: `podctl system check` takes no arguments\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			env := cmdtest.New(t)
			got := env.Run("system", NewCmdCheck(env.Factory, func(ctx context.Context, opts *checkOptions) error {
				opts.Engine = func(context.Context) (storageChecker, error) { return &tc.eng, nil }
				return checkRun(ctx, opts)
			}), tc.args...)
			require.Equal(t, tc.want, got)
			require.Equal(t, tc.repaired, tc.eng.repaired)
			require.Equal(t, tc.asked, tc.eng.asked)
		})
	}
}
