package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	sqlite3 "github.com/mattn/go-sqlite3"
)

// Who opens a database that nobody has open reads its WAL in, and holds everybody
// off meanwhile: a millisecond, unless that process is stopped just then. For as
// long as it is, nobody can change the database, so that a copy of its files is
// as good as they are. Readers, who are never to wait, take one.

// readPatience is how long a reader waits before it takes a copy.
const readPatience = 2 * time.Second

// isHeldOff reports whether SQLite gave up waiting for another process.
func isHeldOff(err error) bool {
	var se sqlite3.Error
	return errors.As(err, &se) && (se.Code == sqlite3.ErrBusy || se.Code == sqlite3.ErrProtocol)
}

// beginRead begins a read transaction whose snapshot is taken. close ends what it
// opened besides.
func (s *Store) beginRead(ctx context.Context) (tx *sql.Tx, closing func(), err error) {
	nothing := func() {}
	if !s.heldOff.Load() {
		own, err, timely := s.takeSnapshotSoon(ctx)
		if timely && !isHeldOff(err) {
			return own, nothing, err
		}
		s.heldOff.Store(true) // it need not be waited for again
	}
	db, err := s.openCopy(ctx)
	if err != nil {
		return nil, nil, err
	}
	if tx, err = takeSnapshot(ctx, db); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return tx, func() { _ = db.Close() }, nil // nothing was written
}

// takeSnapshotSoon is takeSnapshot of the database itself. Where the other process
// has not even made the WAL's index, SQLite waits longer than its busy timeout
// says; then timely is false, and it is left to itself.
func (s *Store) takeSnapshotSoon(ctx context.Context) (tx *sql.Tx, err error, timely bool) { //nolint:revive // whether there is an error to speak of
	type outcome struct {
		tx  *sql.Tx
		err error
	}
	outcomes := make(chan outcome, 1)
	go func() {
		tx, err := takeSnapshot(ctx, s.reader())
		outcomes <- outcome{tx, err}
	}()
	select {
	case o := <-outcomes:
		return o.tx, o.err, true
	case <-time.After(readPatience + readPatience/2):
		return nil, nil, false
	}
}

func takeSnapshot(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n); err != nil {
		_ = tx.Rollback() // the first error is the one
		return nil, err
	}
	return tx, nil
}

// openCopy opens a copy of the database, of which no name is left.
func (s *Store) openCopy(ctx context.Context) (*sql.DB, error) {
	dir, err := os.MkdirTemp("", "podctl-read-") // mode 0700
	if err != nil {
		return nil, fmt.Errorf("copy database %s: %w", s.path, err)
	}
	defer os.RemoveAll(dir) // what is open stays readable
	path := filepath.Join(dir, filepath.Base(s.path))
	if err := s.copyFiles(path); err != nil {
		return nil, fmt.Errorf("copy database %s: %w", s.path, err)
	}
	db := openHandle(path, url.Values{"_query_only": {"1"}, "_locking_mode": {"EXCLUSIVE"}})
	db.SetMaxOpenConns(1)
	tx, err := takeSnapshot(ctx, db) // opens the connection, which has to last
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, tx.Rollback()
}

// copyFiles copies the database and its WAL as they were at one instant.
func (s *Store) copyFiles(path string) error {
	const tries = 5
	for range tries {
		before := s.stamp()
		for _, suffix := range []string{"", "-wal"} {
			_ = os.Remove(path + suffix) // of an earlier try
			if err := copyFile(s.path+suffix, path+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err // there need not be a WAL
			}
		}
		if s.stamp() == before {
			return nil
		}
	}
	return errors.New("it changes all the time, and cannot be read")
}

// stamp changes with the database's files.
func (s *Store) stamp() (all string) {
	for _, path := range []string{s.path, s.path + "-wal"} {
		if st, err := os.Stat(path); err == nil {
			all += fmt.Sprint(st.Size(), st.ModTime().UnixNano(), " ")
		}
	}
	return all
}
