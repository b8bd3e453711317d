package store

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// idleReader is the session the next read works with.
func idleReader(t *testing.T, s *Store) *session {
	t.Helper()
	for range readers {
		c := <-s.readers
		s.readers.put(c)
		if c != nil {
			return c
		}
	}
	t.Fatal("nothing was read")
	return nil
}

func TestAStatementIsPreparedOnce(t *testing.T) {
	s := open(t)
	addPod(t, s, "aa", "web", 1)
	look := func() {
		for range readers { // whichever has its turn
			view(t, s, func(tx *Tx) {
				_, err := tx.Pod(t.Context(), "aa")
				require.NoError(t, err)
			})
		}
	}
	look()
	reading, writing := len(idleReader(t, s).prepared), len(s.writer.prepared)
	look()
	addPod(t, s, "bb", "db", 2)
	require.Len(t, idleReader(t, s).prepared, reading)
	require.Len(t, s.writer.prepared, writing)
}

// TestReadsWaitForEachOther: more reads at a time than there are connections.
func TestReadsWaitForEachOther(t *testing.T) {
	s := open(t)
	addPod(t, s, "aa", "web", 1)
	entered, leave, over := make(chan struct{}), make(chan struct{}), make(chan error, readers+1)
	for range readers + 1 {
		go func() {
			over <- s.View(context.Background(), func(*Tx) error {
				entered <- struct{}{}
				<-leave
				return nil
			})
		}()
	}
	for range readers {
		<-entered
	}
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.View(soon, func(*Tx) error { return nil }), context.DeadlineExceeded)
	close(leave)
	<-entered // the last one's turn
	for range readers + 1 {
		require.NoError(t, <-over)
	}
}

func TestAReadTakesNoPartOfAChange(t *testing.T) {
	s, ctx := open(t), t.Context()
	addPod(t, s, "aa", "web", 1)
	for range 2 { // with statements that are new, and with the same again
		view(t, s, func(tx *Tx) {
			before, err := tx.Pods(ctx)
			require.NoError(t, err)
			done := make(chan struct{})
			go func() {
				defer close(done)
				addPod(t, s, "id"+string(rune('a'+len(before))), "name"+string(rune('a'+len(before))), int64(len(before)+1))
			}()
			<-done
			after, err := tx.Pods(ctx)
			require.NoError(t, err)
			require.Len(t, after, len(before))
		})
	}
	view(t, s, func(tx *Tx) {
		pods, err := tx.Pods(ctx)
		require.NoError(t, err)
		require.Len(t, pods, 3)
	})
}

func TestAFailingStatementFailsEachTime(t *testing.T) {
	s, ctx := open(t), t.Context()
	for range 2 {
		err := s.Update(ctx, func(tx *Tx) error {
			_, err := tx.exec(ctx, "INSERT INTO nowhere VALUES (1)")
			return err
		})
		require.ErrorContains(t, err, "no such table")
		view(t, s, func(tx *Tx) {
			var n int
			require.ErrorContains(t, tx.tx.QueryRowContext(ctx, "SELECT x FROM nowhere").Scan(&n), "no such table")
			require.ErrorIs(t, tx.tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'none'").Scan(&n), sql.ErrNoRows)
		})
	}
}
