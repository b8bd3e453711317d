package store

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/podctl/podctl/pkg/container"
)

// Salvage reads what can be read of the containers in a damaged database: by ID,
// with run state and, where it is sound, configuration. It works on a copy; the
// file at path is not changed. What cannot be read is left out: no error.
func Salvage(ctx context.Context, path string) map[string]*container.Container {
	found := map[string]*container.Container{}
	dir, err := os.MkdirTemp(filepath.Dir(path), "salvage")
	if err != nil {
		return found
	}
	defer os.RemoveAll(dir) // a copy
	copied := filepath.Join(dir, "copy.db")
	if copyFile(path, copied) != nil {
		return found
	}
	_ = copyFile(path+"-wal", copied+"-wal") // there need not be one
	db := openHandle(copied, url.Values{"_query_only": {"1"}, "_foreign_keys": {"0"}})
	defer db.Close()                                                                   // a copy
	rows, err := db.QueryContext(ctx, "SELECT "+containerColumns+" FROM containers c") //nolint:rowserrcheck // an error ends it: those before the damage count
	if err != nil {
		return found
	}
	defer rows.Close() // read only
	for rows.Next() {
		if c, err := scanContainer(rows); err == nil {
			found[c.ID] = c
		}
	}
	return found // after an error: those before the damage
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() // read only
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}

// companions are the files SQLite keeps beside a database. They go first when it
// is moved: a log without its database does no harm, a new database beside an old
// log would.
func companions() []string { return []string{"-wal", "-shm", ""} }

// Swap puts the database at fresh, which must be closed, in the place of the one at
// path. That is kept beside it; kept is its name, "" if there was none.
func Swap(path, fresh string, now time.Time) (kept string, err error) {
	aside := fmt.Sprintf("%s.damaged-%s", path, now.UTC().Format("20060102T150405.000Z"))
	for _, suffix := range companions() {
		err := os.Rename(path+suffix, aside+suffix)
		if err != nil && !os.IsNotExist(err) {
			return kept, fmt.Errorf("move the damaged database aside: %w", err)
		}
		if err == nil && suffix == "" {
			kept = aside
		}
	}
	if err := os.Rename(fresh, path); err != nil {
		return kept, fmt.Errorf("put the new database in place: %w", err)
	}
	return kept, syncDir(path)
}
