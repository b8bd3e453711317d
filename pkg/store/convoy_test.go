package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	sqlite3 "github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"
)

// inLine starts updates that come one after another: the first is held at work
// until all the others stand behind it. It returns their errors in that order.
func inLine(t *testing.T, s *Store, updates ...func(context.Context, *Tx) error) []error {
	t.Helper()
	type result struct {
		i   int
		err error
	}
	results := make(chan result)
	begin, atWork := make(chan struct{}), make(chan struct{})
	waiting := func() int {
		s.convoy.mu.Lock()
		defer s.convoy.mu.Unlock()
		return len(s.convoy.line)
	}
	for i, update := range updates {
		go func() {
			ctx := t.Context()
			results <- result{i, s.Update(ctx, func(tx *Tx) error {
				if i == 0 {
					close(atWork)
					<-begin
				}
				return update(ctx, tx)
			})}
		}()
		if i == 0 {
			<-atWork
			continue
		}
		for deadline := time.Now().Add(10 * time.Second); waiting() < i; runtime.Gosched() {
			require.True(t, time.Now().Before(deadline), "update %d does not wait", i)
		}
	}
	close(begin)
	errs := make([]error, len(updates))
	for range updates {
		r := <-results
		errs[r.i] = r.err
	}
	return errs
}

// commits counts the commits of the writer connection.
func commits(t *testing.T, s *Store) *int {
	t.Helper()
	n := new(int)
	conn, err := s.write.Conn(t.Context())
	require.NoError(t, err)
	require.NoError(t, conn.Raw(func(c any) error {
		c.(*sqlite3.SQLiteConn).RegisterCommitHook(func() int { *n++; return 0 })
		return nil
	}))
	require.NoError(t, conn.Close())
	return n
}

func put(key string) func(context.Context, *Tx) error {
	return func(ctx context.Context, tx *Tx) error { return tx.SetMeta(ctx, key, "there") }
}

// kept are those of the keys that are in the database.
func kept(t *testing.T, s *Store, keys ...string) (out []string) {
	t.Helper()
	view(t, s, func(tx *Tx) {
		for _, k := range keys {
			v, err := tx.Meta(t.Context(), k)
			require.NoError(t, err)
			if v != "" {
				out = append(out, k)
			}
		}
	})
	return out
}

func TestUpdatesInLineShareACommit(t *testing.T) {
	s := open(t)
	n := commits(t, s)
	require.Equal(t, make([]error, 3), inLine(t, s, put("a"), put("b"), put("c")))
	require.Equal(t, []string{"a", "b", "c"}, kept(t, s, "a", "b", "c"))
	require.Equal(t, 1, *n)
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error { return put("d")(t.Context(), tx) }))
	require.Equal(t, 2, *n)
}

func TestALongLineCommitsInBetween(t *testing.T) {
	s := open(t)
	n := commits(t, s)
	updates := make([]func(context.Context, *Tx) error, convoyLength+1)
	keys := make([]string, len(updates))
	for i := range updates {
		keys[i] = fmt.Sprint(i)
		updates[i] = put(keys[i])
	}
	require.Equal(t, make([]error, len(updates)), inLine(t, s, updates...))
	require.Equal(t, keys, kept(t, s, keys...))
	require.Equal(t, 2, *n)
}

func TestAnUpdateThatFailsTakesBackItsOwn(t *testing.T) {
	failed := errors.New("no")
	fail := func(key string) func(context.Context, *Tx) error {
		return func(ctx context.Context, tx *Tx) error { return errors.Join(put(key)(ctx, tx), failed) }
	}
	for name, order := range map[string][]string{"first": {"-x", "a", "b"}, "in_the_middle": {"a", "-x", "b"}, "last": {"a", "b", "-x"}} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			updates := make([]func(context.Context, *Tx) error, len(order))
			for i, key := range order {
				updates[i] = put(key)
				if key == "-x" {
					updates[i] = fail(key)
				}
			}
			for i, err := range inLine(t, s, updates...) {
				require.Equal(t, order[i] == "-x", errors.Is(err, failed), "%s: %v", order[i], err)
				require.Equal(t, order[i] != "-x", err == nil, "%s: %v", order[i], err)
			}
			require.Equal(t, []string{"a", "b"}, kept(t, s, "a", "b", "-x"))
		})
	}
}

// A statement that ends the transaction takes the work of others with it: all of
// them are told.
func TestALostTransactionIsToldToAll(t *testing.T) {
	s := open(t)
	errs := inLine(t, s, put("a"),
		func(ctx context.Context, tx *Tx) error {
			_, err := tx.exec(ctx, "ROLLBACK")
			return errors.Join(err, errors.New("disk full"))
		},
		put("b"))
	require.ErrorContains(t, errs[0], "disk full")
	require.ErrorContains(t, errs[1], "disk full")
	require.NoError(t, errs[2])
	require.Equal(t, []string{"b"}, kept(t, s, "a", "b"))
}

func TestWaitingForTheLineCanEnd(t *testing.T) {
	s := open(t)
	impatient, leave := context.WithCancel(t.Context())
	atWork, left := make(chan struct{}), make(chan error)
	go func() {
		<-atWork
		leave()
		left <- s.Update(impatient, func(*Tx) error { return errors.New("ran") })
	}()
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
		close(atWork)
		require.ErrorIs(t, <-left, context.Canceled)
		return put("a")(t.Context(), tx)
	}))
	require.Equal(t, []string{"a"}, kept(t, s, "a"))
}

func TestAPanicLeavesTheLineInOrder(t *testing.T) {
	s := open(t)
	require.Panics(t, func() { _ = s.Update(t.Context(), func(*Tx) error { panic("at work") }) })
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error { return put("a")(t.Context(), tx) }))
	require.Equal(t, []string{"a"}, kept(t, s, "a"))
}
