package store

import (
	"context"
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

// beginRead begins a read transaction whose snapshot is taken. closing ends it.
func (s *Store) beginRead(ctx context.Context) (reader *session, closing func(), err error) {
	if !s.heldOff.Load() {
		reader, err, timely := s.takeSnapshotSoon(ctx)
		if timely && !isHeldOff(err) {
			return reader, func() { s.endRead(reader) }, err
		}
		s.heldOff.Store(true) // it need not be waited for again
	}
	return s.openCopy(ctx)
}

// endRead lets the snapshot go. It runs after a panic too.
func (s *Store) endRead(reader *session) {
	_ = reader.exec("ROLLBACK") // there is nothing to keep
	s.readers.put(reader)
}

// takeSnapshotSoon begins a transaction on the database itself. Where the other
// process has not even made the WAL's index, SQLite waits longer than its busy
// timeout says; then timely is false, and it is left to itself.
func (s *Store) takeSnapshotSoon(ctx context.Context) (_ *session, _ error, timely bool) { //nolint:revive // whether there is an error to speak of
	// No result may be called reader: a return would take it from who still needs it.
	reader, err := s.readers.take(ctx, s.reader())
	if err != nil {
		return nil, err, true
	}
	outcome, gone := make(chan error), make(chan struct{})
	defer close(gone)
	go func() {
		err := reader.takeSnapshot(ctx)
		select {
		case outcome <- err:
		case <-gone:
			s.endRead(reader)
		}
	}()
	select {
	case err := <-outcome:
		if err != nil {
			s.endRead(reader)
		}
		return reader, err, true
	case <-ctx.Done():
		return nil, ctx.Err(), true
	case <-time.After(readPatience + readPatience/2):
		return nil, nil, false
	}
}

// takeSnapshot begins a transaction, and reads: it is the first read that decides
// what all of them see.
func (c *session) takeSnapshot(ctx context.Context) error {
	if err := c.exec("BEGIN"); err != nil {
		return err
	}
	var written bool
	return c.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema)").Scan(&written)
}

// openCopy begins a read transaction on a copy of the database, of which no name is
// left.
func (s *Store) openCopy(ctx context.Context) (reader *session, closing func(), err error) {
	dir, err := os.MkdirTemp("", "podctl-read-") // mode 0700
	if err != nil {
		return nil, nil, fmt.Errorf("copy database %s: %w", s.path, err)
	}
	defer os.RemoveAll(dir) // what is open stays readable
	path := filepath.Join(dir, filepath.Base(s.path))
	if err := s.copyFiles(path); err != nil {
		return nil, nil, fmt.Errorf("copy database %s: %w", s.path, err)
	}
	db := openHandle(path, url.Values{"_query_only": {"1"}, "_locking_mode": {"EXCLUSIVE"}})
	if reader, err = newSession(ctx, db); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	closing = func() { _ = errors.Join(reader.close(), db.Close()) } // nothing was written
	if err := reader.takeSnapshot(ctx); err != nil {
		closing()
		return nil, nil, err
	}
	return reader, closing, nil
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
