package store

import (
	"testing"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/stretchr/testify/require"
)

func TestDangling(t *testing.T) {
	s, ctx := open(t), t.Context()
	addContainer(t, s, "", "c1", "one", 1)
	addContainer(t, s, "", "c2", "two", 2, "c1")
	breakRows(t, s,
		"INSERT INTO container_volumes VALUES ('c1', 'lost')",
		"INSERT INTO container_networks VALUES ('gone', 'net')",
		"INSERT INTO container_deps VALUES ('gone', 'c1'), ('c1', 'gone')")
	update(t, s, func(tx *Tx) {
		found, err := tx.Dangling(ctx)
		require.NoError(t, err)
		require.Equal(t, []Dangling{
			{Table: "container_deps", Owner: "gone", Target: "c1", Missing: "gone"},
			{Table: "container_networks", Owner: "gone", Target: "net", Missing: "gone"},
			{Table: "container_volumes", Owner: "c1", Target: "lost", Missing: "lost"},
		}, found)
		require.NoError(t, tx.DropDangling(ctx))
		found, err = tx.Dangling(ctx)
		require.NoError(t, err)
		require.Empty(t, found)
		require.NoError(t, tx.SetDependencies(ctx, "c1", nil))
		c, err := tx.Container(ctx, "c2")
		require.NoError(t, err)
		require.Equal(t, []string{"c1"}, c.DependsOn)
	})
}

func TestRestoreLostRows(t *testing.T) {
	s, ctx := open(t), t.Context()
	addPod(t, s, "aa", "web", 1)
	addContainer(t, s, "aa", "c1", "one", 1)
	addContainer(t, s, "aa", "c2", "two", 2, "c1")
	var p *pod.Pod
	var c1, c2 *container.Container
	view(t, s, func(tx *Tx) {
		var err error
		p, err = tx.Pod(ctx, "aa")
		require.NoError(t, err)
		c1, err = tx.Container(ctx, "c1")
		require.NoError(t, err)
		c2, err = tx.Container(ctx, "c2")
		require.NoError(t, err)
	})
	breakRows(t, s, "DELETE FROM containers", "DELETE FROM pods")
	c1.State, c1.Runtime.Exited, c1.Runtime.ExitCode = container.Exited, true, 7
	update(t, s, func(tx *Tx) {
		used, err := tx.IDUsed(ctx, "c1")
		require.NoError(t, err)
		require.True(t, used)
		require.NoError(t, tx.RestorePod(ctx, p))
		require.NoError(t, tx.RestoreContainer(ctx, c1))
		require.NoError(t, tx.RestoreContainer(ctx, c2))
	})
	view(t, s, func(tx *Tx) {
		got, err := tx.Container(ctx, "c1")
		require.NoError(t, err)
		require.Equal(t, c1, got)
		got, err = tx.Container(ctx, "c2")
		require.NoError(t, err)
		require.Equal(t, []string{"c1"}, got.DependsOn)
		used, err := tx.IDUsed(ctx, "c2")
		require.NoError(t, err)
		require.True(t, used)
	})
	require.Error(t, s.Update(ctx, func(tx *Tx) error { return tx.RestorePod(ctx, p) }), "a row that is there is not replaced")
}
