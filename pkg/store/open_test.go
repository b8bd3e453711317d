package store

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// raw opens the file with the driver alone, as another program would.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

func TestOpenMakesFilesOnlyTheOwnerCanRead(t *testing.T) {
	defer unix.Umask(unix.Umask(0))
	path := filepath.Join(t.TempDir(), "a", "b", "podctl.db")
	s, err := Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error { return tx.SetMeta(t.Context(), "k", "v") }))
	dir, err := os.Stat(filepath.Dir(path))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), dir.Mode().Perm())
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		file, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), file.Mode().Perm(), name)
	}
}

func TestOpenTwiceKeepsWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "podctl.db")
	for _, want := range []string{"", "v"} {
		s, err := Open(t.Context(), path)
		require.NoError(t, err)
		require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
			got, err := tx.Meta(t.Context(), "k")
			require.NoError(t, err)
			require.Equal(t, want, got)
			return tx.SetMeta(t.Context(), "k", "v")
		}))
		require.NoError(t, s.Close())
	}
}

func TestOpenAcceptsPathsThatLookLikeURLs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b%20?x#y", "podctl.db")
	s, err := Open(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.NotZero(t, st.Size())
}

// TestOpenRefuses checks that a refused file is named, that the remedy is
// said, and that not a byte of it changes.
func TestOpenRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		prepare func(t *testing.T, path string)
		class   error
		say     []string
	}{
		"a_newer_schema": {func(t *testing.T, path string) {
			s, err := Open(t.Context(), path)
			require.NoError(t, err)
			require.NoError(t, s.Close())
			_, err = raw(t, path).Exec("PRAGMA user_version=1000")
			require.NoError(t, err)
		}, errdefs.ErrUnsupported, []string{"was written by a newer podctl (schema 1000, this one knows 2)", "use that podctl, or name another --root"}},
		"another_program's_database": {func(t *testing.T, path string) {
			_, err := raw(t, path).Exec("CREATE TABLE theirs (x)")
			require.NoError(t, err)
		}, errdefs.ErrUnsupported, []string{"is a database of another program", "move it away or name another --root"}},
		"another_program's_numbered_database_in_WAL_mode": {func(t *testing.T, path string) {
			db, err := sql.Open("sqlite3", "file:"+path)
			require.NoError(t, err)
			_, err = db.Exec("PRAGMA journal_mode=WAL; CREATE TABLE theirs (x); PRAGMA user_version=1")
			require.NoError(t, err)
			require.NoError(t, db.Close())
		}, errdefs.ErrUnsupported, []string{"is a database of another program", "move it away or name another --root"}},
		"what_is_no_database": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("no database\n", 1000)), 0o600))
		}, nil, []string{"is damaged or not a database", `it was left as it is; "podctl doctor --rebuild" makes a new one`}},
		"a_damaged_file": {func(t *testing.T, path string) {
			s, err := Open(t.Context(), path)
			require.NoError(t, err)
			require.NoError(t, s.Close())
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			require.NoError(t, err)
			_, err = f.WriteAt([]byte(strings.Repeat("x", 4096-100)), 100) // all of the first page but its header
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}, nil, []string{"is damaged or not a database", `"podctl doctor --rebuild" makes a new one`}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "podctl.db")
			tc.prepare(t, path)
			before := content(t, path)
			s, err := Open(t.Context(), path)
			if err == nil { // damage below the header shows at the first read
				err = s.View(t.Context(), func(tx *Tx) error {
					_, err := tx.Pods(t.Context())
					return err
				})
				require.NoError(t, s.Close())
			}
			require.Error(t, err)
			require.ErrorContains(t, err, path)
			for _, text := range tc.say {
				require.ErrorContains(t, err, text)
			}
			if tc.class != nil {
				require.ErrorIs(t, err, tc.class)
			}
			require.True(t, before == content(t, path), "the file must be left as it is")
		})
	}
}

func TestOpenNamesADirectoryItMayNotWrite(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Run("as_root_a_file_in_the_way", func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "file")
			require.NoError(t, os.WriteFile(file, nil, 0o600))
			_, err := Open(t.Context(), filepath.Join(file, "podctl.db"))
			require.ErrorContains(t, err, "create database directory")
			require.ErrorContains(t, err, file)
		})
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o500))
	_, err := Open(t.Context(), filepath.Join(dir, "podctl.db"))
	require.ErrorIs(t, err, os.ErrPermission)
	require.ErrorContains(t, err, dir)
}

// TestPragmas looks at two connections of each handle: what stands in the
// DSN holds for every one the pool may open.
func TestPragmas(t *testing.T) {
	s := open(t)
	for handle, db := range map[string]*sql.DB{"write": s.write, "read": s.reader()} {
		queryOnly, patience := "0", "120000"
		if handle == "read" {
			queryOnly, patience = "1", "2000"
		}
		for range 2 {
			conn, err := db.Conn(t.Context()) // held open: the next is another
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, conn.Close()) })
			for pragma, want := range map[string]string{
				"foreign_keys": "1", "journal_mode": "wal", "synchronous": "2", "busy_timeout": patience, "query_only": queryOnly,
			} {
				var got string
				require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
				require.Equal(t, want, got, "%s of %s", pragma, handle)
			}
		}
	}
}

func TestUpdateRollsBackWhatFailed(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	err := s.Update(ctx, func(tx *Tx) error {
		require.NoError(t, tx.SetMeta(ctx, "k", "v"))
		return errdefs.ErrInUse
	})
	require.ErrorIs(t, err, errdefs.ErrInUse)
	cancelled, cancel := context.WithCancel(ctx)
	err = s.Update(cancelled, func(tx *Tx) error {
		require.NoError(t, tx.SetMeta(ctx, "k", "v"))
		cancel()
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, s.View(ctx, func(tx *Tx) error {
		got, err := tx.Meta(ctx, "k")
		require.Empty(t, got)
		return err
	}))
}
