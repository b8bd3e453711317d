package store

import (
	"context"
	"database/sql"
	"errors"
)

// session is a connection with the statements that were run on it. SQLite takes
// longer to read and plan a statement than to run it, and a command runs the same
// few over and over. It is for one transaction at a time, and for statements whose
// rows are read to the end before the same one is run again.
//
// A context that ends does not interrupt a statement: SQLite would take back the
// transaction with it, the work of others included (convoy.go). What may take long
// is to begin one.
type session struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

func newSession(ctx context.Context, db *sql.DB) (*session, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, prepared: map[string]*sql.Stmt{}}, nil
}

// statement is the query, a single one, prepared.
func (c *session) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := c.prepared[query]; ok {
		return stmt, nil
	}
	stmt, err := c.conn.PrepareContext(ctx, query)
	if err == nil {
		c.prepared[query] = stmt
	}
	return stmt, err
}

func (c *session) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = context.WithoutCancel(ctx)
	stmt, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

func (c *session) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx = context.WithoutCancel(ctx)
	stmt, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (c *session) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx = context.WithoutCancel(ctx)
	stmt, err := c.statement(ctx, query)
	if err != nil {
		return c.conn.QueryRowContext(ctx, query, args...) // fails likewise, in the row
	}
	return stmt.QueryRowContext(ctx, args...)
}

// exec runs a statement without arguments.
func (c *session) exec(stmt string) error {
	_, err := c.ExecContext(context.Background(), stmt)
	return err
}

// execUntil is exec until ctx ends, for what waits for other processes.
func (c *session) execUntil(ctx context.Context, query string) error {
	stmt, err := c.statement(ctx, query)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(ctx)
	return err
}

// close gives the connection back to its handle.
func (c *session) close() (err error) {
	for _, stmt := range c.prepared {
		err = errors.Join(err, stmt.Close()) // nobody else does: with one left SQLite keeps its files open
	}
	return errors.Join(err, c.conn.Close())
}

// readers is how many read transactions of a process there are at a time.
const readers = 2

// pool is as many sessions as it has room for; nil stands for one that is not open.
type pool chan *session

func newPool(size int) pool {
	p := make(pool, size)
	for range size {
		p <- nil
	}
	return p
}

// take waits for a session that nobody works on, and opens it on db the first time.
func (p pool) take(ctx context.Context, db *sql.DB) (*session, error) {
	select {
	case c := <-p:
		if c != nil {
			return c, nil
		}
		c, err := newSession(ctx, db)
		if err != nil {
			p <- nil
		}
		return c, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// put gives a session back.
func (p pool) put(c *session) { p <- c }

// close closes the sessions that nobody works on.
func (p pool) close() (err error) {
	for range cap(p) {
		select {
		case c := <-p:
			if c != nil {
				err = errors.Join(err, c.close())
			}
		default:
		}
	}
	return err
}
