package store

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReaderDoesNotWaitForWhoIsStopped: the other process keeps everybody out, as
// one does that is stopped while it reads the WAL in.
func TestReaderDoesNotWaitForWhoIsStopped(t *testing.T) {
	s, ctx := open(t), t.Context()
	addPod(t, s, "aa", "web", 1)
	require.NoError(t, s.Close())

	stopped, err := sql.Open("sqlite3", "file:"+s.path+"?_locking_mode=EXCLUSIVE&_txlock=exclusive")
	require.NoError(t, err)
	defer stopped.Close()
	tx, err := stopped.BeginTx(ctx, nil)
	require.NoError(t, err)

	reader, err := Open(ctx, s.path)
	require.NoError(t, err)
	defer reader.Close()
	names := func() (names []string) {
		view(t, reader, func(tx *Tx) {
			pods, err := tx.Pods(ctx)
			require.NoError(t, err)
			for _, p := range pods {
				names = append(names, p.Name)
			}
		})
		return names
	}
	require.Equal(t, []string{"web"}, names())
	require.NoError(t, tx.Rollback())
	require.NoError(t, stopped.Close())
	addPod(t, reader, "bb", "db", 2)
	require.Equal(t, []string{"web", "db"}, names())
}

// TestReadGivenUp: who no longer waits for a snapshot leaves it to itself, and the
// session is there for the next.
func TestReadGivenUp(t *testing.T) {
	s := open(t)
	for range 500 {
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		if err := s.View(ctx, func(*Tx) error { return nil }); err != nil {
			require.ErrorIs(t, err, context.Canceled)
		}
	}
	for range readers {
		_, err := s.readers.take(t.Context(), s.reader())
		require.NoError(t, err)
	}
}
