package syscmd

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
)

type fakeUpkeep struct{ did []string }

func (e *fakeUpkeep) Renumber(context.Context) error {
	e.did = append(e.did, "renumber")
	return nil
}

func (e *fakeUpkeep) Migrate(_ context.Context, newRuntime string) error {
	e.did = append(e.did, "migrate "+newRuntime)
	return nil
}

func TestUpkeep(t *testing.T) {
	env, eng := cmdtest.New(t), &fakeUpkeep{}
	renumber := NewCmdRenumber(env.Factory, func(ctx context.Context, opts *renumberOptions) error {
		opts.Engine = func(context.Context) (renumberer, error) { return eng, nil }
		return renumberRun(ctx, opts)
	})
	require.Equal(t, cmdtest.Result{}, env.Run("system", renumber))
	env = cmdtest.New(t)
	migrate := NewCmdMigrate(env.Factory, func(ctx context.Context, opts *migrateOptions) error {
		opts.Engine = func(context.Context) (migrator, error) { return eng, nil }
		return migrateRun(ctx, opts)
	})
	require.Equal(t, cmdtest.Result{}, env.Run("system", migrate, "--migrate-db", "--new-runtime", "crun"))
	require.Equal(t, []string{"renumber", "migrate crun"}, eng.did)
}
