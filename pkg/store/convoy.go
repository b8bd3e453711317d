package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// A commit waits for the disk, and most of a write transaction is its commit.
// So the updates of one process that are waiting for each other share one: each
// leaves the transaction open for the next, which works on in a savepoint, and
// the last in line commits for all. None returns before its change is on disk,
// and one that fails takes back its own work and nobody else's.

// convoyLength bounds how many updates share a commit: other processes wait for
// it too.
const convoyLength = 64

// convoy is a line of updates.
type convoy struct {
	mu   sync.Mutex
	busy bool            // somebody is at work
	line []chan struct{} // closed when it is that one's turn
	open *shared         // the transaction that the one before left open
}

// shared is a transaction that several updates work on.
type shared struct {
	*session
	// leave lets other processes write.
	leave func()
	size  int
	over  chan struct{} // closed after the commit
	err   error         // of the commit
}

// await waits for this update's turn. An error means that it has none.
func (c *convoy) await(ctx context.Context) error {
	c.mu.Lock()
	if !c.busy {
		c.busy = true
		c.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	c.line = append(c.line, turn)
	c.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.line, turn); i >= 0 {
		c.line = slices.Delete(c.line, i, i+1)
		return ctx.Err()
	}
	return nil // its turn has come: the transaction may be waiting for it
}

// pass gives the turn to the next in line, together with the transaction if it
// is to go on. It reports whether there is a next one.
func (c *convoy) pass(t *shared) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.line) == 0 {
		c.busy = t != nil // then it is for the caller to commit, and pass again
		return false
	}
	c.open = t
	close(c.line[0])
	c.line = c.line[1:]
	return true
}

// take is the transaction left open, if any.
func (c *convoy) take() *shared {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.open
	c.open = nil
	return t
}

// Update runs fn in an immediate write transaction, which it may share with other
// updates of this process, and keeps fn's changes if it returns nil. When Update
// returns nil they are on disk.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	if err := s.convoy.await(ctx); err != nil {
		return err
	}
	t := s.convoy.take()
	if t == nil {
		var err error
		if t, err = s.begin(ctx); err != nil {
			s.convoy.pass(nil)
			return s.explain(err)
		}
	}
	kept := false
	defer func() {
		if !kept { // fn panicked
			t.abandon(errors.New("another update of this transaction panicked"))
			s.convoy.pass(nil)
		}
	}()
	err := s.work(ctx, t, fn)
	kept = true
	switch {
	case t.lost():
		s.convoy.pass(nil)
		return s.explain(err)
	case t.size < convoyLength && s.convoy.pass(t):
		if err == nil {
			<-t.over
			err = t.err
		}
		return s.explain(err)
	}
	t.commit()
	s.convoy.pass(nil)
	if err == nil {
		err = t.err
	}
	return s.explain(err)
}

// begin opens a transaction. It waits for those of other processes.
func (s *Store) begin(ctx context.Context) (*shared, error) {
	leave, err := s.enqueue(ctx)
	if err != nil {
		return nil, err
	}
	if s.writer == nil {
		if s.writer, err = s.openWriter(ctx); err != nil {
			leave()
			return nil, err
		}
	}
	if err := s.writer.execUntil(ctx, "BEGIN IMMEDIATE"); err != nil {
		leave()
		return nil, err
	}
	return &shared{session: s.writer, leave: leave, over: make(chan struct{})}, nil
}

func (s *Store) openWriter(ctx context.Context) (*session, error) {
	c, err := newSession(ctx, s.write)
	if err != nil {
		return nil, err
	}
	if _, err := c.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA wal_autocheckpoint=%d", walPages)); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// work runs fn and takes back what it did if it fails or ctx is over. If nothing
// can be taken back by itself, the transaction is lost.
func (s *Store) work(ctx context.Context, t *shared, fn func(*Tx) error) error {
	t.size++
	if t.size == 1 {
		err := s.run(ctx, t, fn)
		if err != nil {
			t.abandon(nil)
		}
		return err
	}
	if err := t.exec("SAVEPOINT one_update"); err != nil {
		t.abandon(err)
		return err
	}
	err := s.run(ctx, t, fn)
	if err == nil {
		if err = t.exec("RELEASE one_update"); err != nil {
			t.abandon(err)
		}
		return err
	}
	// A statement that fails for want of space or memory may have ended the
	// transaction; then there is no savepoint any more.
	if t.exec("ROLLBACK TO one_update") != nil || t.exec("RELEASE one_update") != nil {
		t.abandon(fmt.Errorf("another update ended the transaction: %w", err))
	}
	return err
}

// run runs fn unless ctx is over, before or after.
func (s *Store) run(ctx context.Context, t *shared, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := fn(&Tx{tx: t.session, now: s.now().UTC(), discardEvents: s.DiscardEvents}); err != nil {
		return err
	}
	return ctx.Err()
}

// commit ends the transaction, for all who worked on it.
func (t *shared) commit() {
	if t.err = t.exec("COMMIT"); t.err != nil {
		_ = t.exec("ROLLBACK") // it may be over already
	}
	t.end()
}

// abandon takes back the whole transaction; err is for all who worked on it.
func (t *shared) abandon(err error) {
	t.err = err
	_ = t.exec("ROLLBACK") // it may be over already
	t.end()
}

func (t *shared) end() {
	t.leave()
	close(t.over)
}

// lost reports whether the transaction is over.
func (t *shared) lost() bool {
	select {
	case <-t.over:
		return true
	default:
		return false
	}
}
