package store

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/stretchr/testify/require"
)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(context.Background(), filepath.Join(t.TempDir(), "d", "podctl.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestSchemaKeepsDependenciesAndMembership(t *testing.T) {
	ctx := context.Background()
	s := open(t)
	require.NoError(t, s.Update(ctx, func(tx *Tx) error {
		p := &pod.Pod{ID: "aa", Name: "web", State: pod.Ready, Config: &pod.Config{Labels: map[string]string{"a": "b"}}, CreatedAt: tx.Now()}
		require.NoError(t, tx.InsertPod(ctx, p))
		for _, c := range []*container.Container{
			{ID: "c1", Name: "one", PodID: "aa", State: container.Created, Config: &container.Config{}},
			{ID: "c2", Name: "two", PodID: "aa", State: container.Created, Config: &container.Config{}, DependsOn: []string{"c1"}},
		} {
			require.NoError(t, tx.InsertContainer(ctx, c))
		}
		return nil
	}))
	err := s.Update(ctx, func(tx *Tx) error { return tx.DeleteContainer(ctx, "c1") })
	require.ErrorIs(t, err, errdefs.ErrInUse)
	require.ErrorContains(t, err, "container c1 has dependent containers which must be removed before it: c2: container already exists")
	require.ErrorIs(t, s.Update(ctx, func(tx *Tx) error { return tx.DeletePod(ctx, "aa") }), errdefs.ErrInUse)
	require.NoError(t, s.View(ctx, func(tx *Tx) error {
		sum, err := tx.PodSummaries(ctx, "")
		require.NoError(t, err)
		require.Len(t, sum, 1)
		require.Len(t, sum[0].Containers, 2)
		require.Equal(t, map[string]string{"a": "b"}, sum[0].Labels)
		cs, err := tx.PodContainers(ctx, "aa")
		require.NoError(t, err)
		require.Equal(t, []string{"c1"}, cs[1].DependsOn)
		return nil
	}))
	require.Error(t, s.View(ctx, func(tx *Tx) error { return tx.DeletePod(ctx, "aa") }), "a view must not write")
}
