package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// withScript are our migrations and one more.
func withScript(t *testing.T, script string) fs.FS {
	t.Helper()
	all := fstest.MapFS{"migrations/9999_test.sql": {Data: []byte(script)}}
	files, err := fs.Glob(migrations, "migrations/*.sql")
	require.NoError(t, err)
	for _, name := range files {
		data, err := migrations.ReadFile(name)
		require.NoError(t, err)
		all[name] = &fstest.MapFile{Data: data}
	}
	return all
}

func version(t *testing.T, s *Store) (n int) {
	t.Helper()
	require.NoError(t, s.write.QueryRow("PRAGMA user_version").Scan(&n))
	return n
}

func copies(t *testing.T, s *Store) []string {
	t.Helper()
	found, err := filepath.Glob(s.path + ".*")
	require.NoError(t, err)
	return found
}

func TestMigrationOfAFilledDatabase(t *testing.T) {
	t.Run("keeps_the_rows_and_a_copy_of_what_was_there", func(t *testing.T) {
		s, ctx := open(t), t.Context()
		addPod(t, s, "aa", "web", 1)
		addContainer(t, s, "aa", "c1", "one", 1)
		old := version(t, s)
		require.NoError(t, s.migrate(ctx, withScript(t, "ALTER TABLE pods ADD COLUMN note TEXT NOT NULL DEFAULT 'new'; UPDATE pods SET name = 'changed'")))
		require.Equal(t, old+1, version(t, s))
		view(t, s, func(tx *Tx) {
			p, err := tx.Pod(ctx, "aa")
			require.NoError(t, err)
			require.Equal(t, "changed", p.Name)
			_, err = tx.Container(ctx, "c1")
			require.NoError(t, err)
		})

		require.Equal(t, []string{backupPath(s.path, old)}, copies(t, s))
		info, err := os.Stat(backupPath(s.path, old))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		before, err := Open(ctx, backupPath(s.path, old)) // this podctl knows the old schema
		require.NoError(t, err)
		defer before.Close()
		require.Equal(t, old, version(t, before))
		view(t, before, func(tx *Tx) {
			require.NoError(t, tx.Integrity(ctx))
			p, err := tx.Pod(ctx, "aa")
			require.NoError(t, err)
			require.Equal(t, "web", p.Name)
			c, err := tx.Container(ctx, "c1")
			require.NoError(t, err)
			require.Equal(t, "aa", c.PodID)
		})
	})
	t.Run("that_fails_changes_nothing_and_the_next_try_keeps_the_copy", func(t *testing.T) {
		s, ctx := open(t), t.Context()
		addPod(t, s, "aa", "web", 1)
		old := version(t, s)
		require.ErrorContains(t, s.migrate(ctx, withScript(t, "UPDATE pods SET name = 'changed'; SELECT nothing FROM nowhere")), "migrations/9999_test.sql")
		require.Equal(t, old, version(t, s))
		kept, err := os.Stat(backupPath(s.path, old))
		require.NoError(t, err)
		require.NoError(t, s.migrate(ctx, withScript(t, "UPDATE pods SET name = 'changed'")))
		still, err := os.Stat(backupPath(s.path, old))
		require.NoError(t, err)
		require.True(t, os.SameFile(kept, still))
		require.Len(t, copies(t, s), 1)
	})
	t.Run("that_cannot_be_copied_is_not_migrated", func(t *testing.T) {
		s := open(t)
		old := version(t, s)
		require.NoError(t, os.Mkdir(s.path+".x", 0o700))
		s.path = filepath.Join(s.path+".x", "gone", "podctl.db")
		require.ErrorContains(t, s.migrate(t.Context(), withScript(t, "SELECT 1")), "copy database before its migration")
		require.Equal(t, old, version(t, s))
	})
	t.Run("is_not_copied_when_there_is_nothing_to_migrate", func(t *testing.T) {
		s := open(t)
		require.NoError(t, s.migrate(t.Context(), migrations))
		require.Empty(t, copies(t, s))
	})
}

// TestMigrationOfEvents: what older versions recorded is still told.
func TestMigrationOfEvents(t *testing.T) {
	s, ctx := open(t), t.Context()
	for _, stmt := range []string{
		"ALTER TABLE events DROP COLUMN health_streak", "ALTER TABLE events DROP COLUMN health_log", "PRAGMA user_version=1",
		"INSERT INTO events (at, type, status, health) VALUES (1, 'container', 'health_status', 'healthy')",
	} {
		_, err := s.write.ExecContext(ctx, stmt)
		require.NoError(t, err)
	}
	require.NoError(t, s.migrate(ctx, migrations))
	view(t, s, func(tx *Tx) {
		events, err := tx.Events(ctx, EventQuery{})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Equal(t, "healthy", events[0].Health)
		require.Zero(t, events[0].HealthStreak)
		require.Empty(t, events[0].HealthLog)
	})
}
