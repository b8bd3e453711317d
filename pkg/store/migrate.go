package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	sqlite3 "github.com/mattn/go-sqlite3"

	"github.com/podctl/podctl/pkg/errdefs"
)

// migrate applies the migrations above user_version, each in its own transaction
// together with the new user_version. Before it changes a database that exists it
// copies it: a podctl of the older version can go back to the copy.
func (s *Store) migrate(ctx context.Context, scripts fs.FS) error {
	files, err := fs.Glob(scripts, "migrations/*.sql")
	if err != nil {
		return err
	}
	have, ours, err := s.version(ctx)
	if err != nil {
		return err
	}
	if have > 0 && !ours {
		return foreignError(s.path) // others number their schemas too
	}
	if have > len(files) {
		return fmt.Errorf("database %s was written by a newer podctl (schema %d, this one knows %d): use that podctl, or name another --root: %w",
			s.path, have, len(files), errdefs.ErrUnsupported)
	}
	if have > 0 && have < len(files) {
		if err := s.backUp(ctx, have); err != nil {
			return err
		}
	}
	if err := syncNewWAL(s.path); err != nil {
		return err
	}
	for have < len(files) {
		if have, err = s.migrateOnce(ctx, scripts, files); err != nil {
			return err
		}
	}
	return nil
}

// version reads the schema's version, and whether it is one of ours. A database
// that is there is only read, which waits for nobody.
func (s *Store) version(ctx context.Context) (have int, ours bool, err error) {
	const query = "SELECT user_version, EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'container_deps') FROM pragma_user_version"
	if st, statErr := os.Stat(s.path); statErr == nil && st.Size() > 0 {
		err = s.View(ctx, func(tx *Tx) error { return tx.tx.QueryRowContext(ctx, query).Scan(&have, &ours) })
	} else {
		err = s.write.QueryRowContext(ctx, query).Scan(&have, &ours)
	}
	return have, ours, err
}

// migrateOnce reads the version again inside the write transaction: another
// process may have migrated in the meantime.
func (s *Store) migrateOnce(ctx context.Context, scripts fs.FS, files []string) (int, error) {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	var have int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return 0, err
	}
	if have >= len(files) {
		return have, nil
	}
	script, err := fs.ReadFile(scripts, files[have])
	if err != nil {
		return 0, err
	}
	if have == 0 {
		if err := refuseForeign(ctx, tx, s.path); err != nil {
			return 0, err
		}
	}
	if _, err := tx.ExecContext(ctx, string(script)); err != nil {
		return 0, fmt.Errorf("migrate %s with %s: %w", s.path, files[have], err)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version=%d", have+1)); err != nil {
		return 0, err
	}
	return have + 1, tx.Commit()
}

// backupPath is where a database of a schema version is kept when it is migrated.
func backupPath(path string, version int) string { return fmt.Sprintf("%s.before-%d", path, version+1) }

// backUp copies the database, as the last transaction left it, beside it, with
// SQLite's backup API: readers and writers go on meanwhile. The copy appears whole
// or not at all, and is synced. One that is there already is kept: it is older,
// from a migration that was cut off, and so as good.
func (s *Store) backUp(ctx context.Context, version int) error {
	target := backupPath(s.path, version)
	if _, err := os.Stat(target); err == nil {
		return nil
	}
	partial, err := os.CreateTemp(filepath.Dir(target), filepath.Base(target)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("copy database before its migration: %w", err)
	}
	defer os.Remove(partial.Name()) // renamed, or worth nothing
	defer partial.Close()           // synced
	if err := s.copyTo(ctx, partial.Name()); err != nil {
		return fmt.Errorf("copy database %s before its migration: %w", s.path, err)
	}
	if err := errors.Join(partial.Sync(), os.Rename(partial.Name(), target), syncDir(target)); err != nil {
		return fmt.Errorf("copy database %s before its migration: %w", s.path, err)
	}
	return nil
}

// copyTo copies the database into the empty file at path.
func (s *Store) copyTo(ctx context.Context, path string) error {
	driver := &sqlite3.SQLiteDriver{}
	opened, err := driver.Open("file:" + path + "?_journal_mode=DELETE")
	if err != nil {
		return err
	}
	target, ok := opened.(*sqlite3.SQLiteConn)
	if !ok {
		return fmt.Errorf("the driver opened a %T: %w", opened, errdefs.ErrUnsupported)
	}
	source, err := s.write.Conn(ctx)
	if err != nil {
		return errors.Join(err, target.Close())
	}
	defer source.Close()
	err = source.Raw(func(c any) error {
		from, ok := c.(*sqlite3.SQLiteConn)
		if !ok {
			return fmt.Errorf("the driver opened a %T: %w", c, errdefs.ErrUnsupported)
		}
		backup, err := target.Backup("main", from, "main")
		if err != nil {
			return err
		}
		const allPages = -1
		_, err = backup.Step(allPages)
		return errors.Join(err, backup.Finish())
	})
	return errors.Join(err, target.Close())
}
