package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sqlite3 "github.com/mattn/go-sqlite3" // also registers the driver
	"github.com/podctl/podctl/pkg/errdefs"
	"golang.org/x/sys/unix"
)

//go:embed migrations/*.sql
var migrations embed.FS

// busyTimeout is how long SQLite waits for another process's write transaction.
// Transactions last microseconds and hold no other resource, so only a stopped
// process (SIGSTOP inside a commit) can make anyone wait this long.
const busyTimeout = 2 * time.Minute

// walPages is when SQLite copies the WAL back into the database: 256 pages of
// 4 KiB keep the recovery at the next open well under a millisecond.
const walPages = 256

// ErrDamaged marks the error of a database file that SQLite cannot read.
var ErrDamaged = errors.New("damaged database")

// damagedError is of the class ErrDamaged without its words.
type damagedError struct{ error }

func (e damagedError) Unwrap() error        { return e.error }
func (e damagedError) Is(target error) bool { return target == ErrDamaged }

// Store is the database. It is safe for concurrent use.
type Store struct {
	// DiscardEvents makes AddEvent do nothing: the user wants no events kept. Set
	// before the first use.
	DiscardEvents bool

	path   string
	write  *sql.DB
	writer *session // whose turn it is in the convoy has it; nil before the first update
	convoy convoy
	now    func() time.Time
	queue  *os.File // the database's directory, for enqueue

	readOnce sync.Once
	read     *sql.DB
	readers  pool
	heldOff  atomic.Bool // by a process that was stopped (frozen.go)
}

// Open opens the database file at path, creates it and its directory when
// missing, and brings its schema up to date. The error says which file and what
// to do; a file that is not a podctl database of this or an older version is
// left untouched.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create database directory: %w", err)
	}
	if err := refuseNetworkFS(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	if err := refuseRollbackJournal(path); err != nil {
		return nil, err
	}
	leaveDirectories()
	s := &Store{path: path, now: time.Now, readers: newPool(readers)}
	s.write = openHandle(path, url.Values{"_txlock": {"immediate"}})
	if err := s.prepare(ctx); err != nil {
		_ = s.write.Close()
		return nil, s.explain(err)
	}
	return s, nil
}

// prepare brings the database to our schema. Processes that find none make it one
// after the other: SQLite does not wait for another that switches it to WAL, but
// says that it is locked; nor for one that recovers a log, which is soon over.
func (s *Store) prepare(ctx context.Context) error {
	if st, err := os.Stat(s.path); err == nil && st.Size() == 0 {
		leave, err := s.enqueue(ctx)
		if err != nil {
			return err
		}
		defer leave()
	}
	for deadline := time.Now().Add(busyTimeout); ; {
		err := s.migrate(ctx, migrations)
		if !isHeldOff(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// retryPause is the time between two tries to open a database.
const retryPause = 10 * time.Millisecond

// createPrivate makes an empty file of mode 0600 unless there is one: SQLite
// would create it with the umask's mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	return f.Close()
}

// refuseRollbackJournal refuses, before SQLite may switch it to WAL and so change
// it, a database that is not in WAL mode: ours always is. The two bytes are
// those of https://www.sqlite.org/fileformat.html, section 1.3.3.
func refuseRollbackJournal(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer f.Close() // nothing was written
	const magic, walVersion = "SQLite format 3\x00", 2
	header := make([]byte, len(magic)+4)
	n, err := f.ReadAt(header, 0)
	if n == len(header) && string(header[:len(magic)]) == magic && header[18] != walVersion && header[19] != walVersion {
		return foreignError(path)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read database: %w", err)
	}
	return nil
}

func openHandle(path string, extra url.Values) *sql.DB {
	v := url.Values{
		"_busy_timeout": {fmt.Sprint(busyTimeout.Milliseconds())},
		"_foreign_keys": {"1"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"mode":          {"rw"},
	}
	for k, vals := range extra {
		v[k] = vals
	}
	// sql.Open only fails for an unknown driver name.
	db, _ := sql.Open("sqlite3", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: v.Encode()}).String())
	return db
}

// reader opens the query_only handle at the first read.
func (s *Store) reader() *sql.DB {
	s.readOnce.Do(func() {
		s.read = openHandle(s.path, url.Values{"_query_only": {"1"}, "_busy_timeout": {fmt.Sprint(readPatience.Milliseconds())}})
		s.read.SetMaxOpenConns(readers)
	})
	return s.read
}

// Path is the database file.
func (s *Store) Path() string { return s.path }

// Close closes the handles, with a checkpoint. Commands do not call it (see the
// package comment); tests do.
func (s *Store) Close() error {
	err := s.readers.close()
	if s.writer != nil {
		err = errors.Join(err, s.writer.close())
		s.writer = nil
	}
	err = errors.Join(err, s.write.Close())
	if s.queue != nil {
		err = errors.Join(err, s.queue.Close())
		s.queue = nil
	}
	if s.read != nil {
		err = errors.Join(err, s.read.Close())
	}
	return err
}

// Tx is one transaction. Its methods are valid until the function it was
// passed to returns.
type Tx struct {
	tx            *session
	now           time.Time
	discardEvents bool
}

// Now is the transaction's instant, in UTC.
func (tx *Tx) Now() time.Time { return tx.now }

// View runs fn in one read transaction: one snapshot, no lock, no write. Its error
// is the context's if that ended meanwhile.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	reader, closing, err := s.beginRead(ctx)
	if err != nil {
		return s.explain(err)
	}
	defer closing()
	if err = fn(&Tx{tx: reader, now: s.now().UTC(), discardEvents: s.DiscardEvents}); err == nil {
		err = ctx.Err()
	}
	return s.explain(err)
}

// refuseForeign keeps us from adding our tables to somebody else's database.
func refuseForeign(ctx context.Context, tx *sql.Tx, path string) error {
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return foreignError(path)
	}
	return nil
}

func foreignError(path string) error {
	return fmt.Errorf("%s is a database of another program: move it away or name another --root: %w", path, errdefs.ErrUnsupported)
}

// explain turns the driver's codes into errors that name the file and the remedy.
func (s *Store) explain(err error) error {
	var se sqlite3.Error
	if !errors.As(err, &se) {
		return err
	}
	switch se.Code {
	case sqlite3.ErrNotADB, sqlite3.ErrCorrupt:
		return damagedError{fmt.Errorf("database %s is damaged or not a database (%w): it was left as it is; \"podctl doctor --rebuild\" makes a new one from what is on this host and keeps this one aside", s.path, err)}
	case sqlite3.ErrFull:
		return fmt.Errorf("write database %s: no space left on device: free some space and run the command again (%w)", s.path, err)
	case sqlite3.ErrCantOpen, sqlite3.ErrPerm, sqlite3.ErrReadonly:
		return fmt.Errorf("database %s cannot be opened for writing: %w", s.path, err)
	case sqlite3.ErrIoErr:
		return fmt.Errorf("database %s: %w", s.path, err)
	}
	return err
}

// networkFS are the magic numbers (statfs(2)) of file systems on which the WAL's
// shared memory or POSIX locks do not work between hosts.
var networkFS = map[int64]string{
	unix.NFS_SUPER_MAGIC:  "nfs",
	unix.SMB_SUPER_MAGIC:  "smb",
	unix.SMB2_SUPER_MAGIC: "smb2",
	unix.CIFS_SUPER_MAGIC: "cifs",
	unix.AFS_SUPER_MAGIC:  "afs",
	unix.CEPH_SUPER_MAGIC: "ceph",
	unix.CODA_SUPER_MAGIC: "coda",
	unix.NCP_SUPER_MAGIC:  "ncp",
	unix.V9FS_MAGIC:       "9p",
}

func refuseNetworkFS(dir string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("examine file system of %s: %w", dir, err)
	}
	if name, ok := networkFS[int64(st.Type)]; ok {
		return fmt.Errorf("database directory %s is on a network file system (%s), where its locks do not work: name a local directory with --root: %w",
			dir, name, errdefs.ErrUnsupported)
	}
	return nil
}

// isConstraint reports whether err is a violated constraint of the given kind.
func isConstraint(err error, codes ...sqlite3.ErrNoExtended) bool {
	var se sqlite3.Error
	if !errors.As(err, &se) {
		return false
	}
	for _, c := range codes {
		if se.ExtendedCode == c {
			return true
		}
	}
	return false
}

// isUnique reports whether err is a violated uniqueness of the given column,
// named "table.column"; "" means any.
func isUnique(err error, column string) bool {
	return isConstraint(err, sqlite3.ErrConstraintUnique, sqlite3.ErrConstraintPrimaryKey) &&
		(column == "" || strings.Contains(err.Error(), column))
}

// isForeignKey reports whether err is a violated reference.
func isForeignKey(err error) bool {
	return isConstraint(err, sqlite3.ErrConstraintForeignKey, sqlite3.ErrConstraintTrigger)
}
