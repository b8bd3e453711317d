package main

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	_ "github.com/mattn/go-sqlite3" // the driver
)

// cgroups finds those of podctl's. The parent of all pods' stays.
func (h *host) cgroups() error {
	inside := regexp.MustCompile(`/podctl[-_]`)
	return filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() != "podctl_parent" && inside.MatchString(path) {
			h.add("cgroup", path)
		}
		return nil //nolint:nilerr // it has gone
	})
}

// files finds whatever is called after an ID, volumes, and exit files.
func (h *host) files() error {
	id := regexp.MustCompile(`[0-9a-f]{64}`)
	tops, err := filepath.Glob(filepath.Join(h.root, "*-containers"))
	if err != nil {
		return err
	}
	for _, top := range append(tops, filepath.Join(h.root, "podctl"), h.runRoot, h.tmpDir) {
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return nil // it has gone, or is not for us to see
			case !id.MatchString(d.Name()):
				return nil
			}
			h.add("file", path)
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, dir := range []string{filepath.Join(h.root, "volumes"), filepath.Join(h.tmpDir, "exits")} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			h.add("file", filepath.Join(dir, e.Name()))
		}
	}
	return nil
}

// history is in the names of the tables whose rows stay: events, the IDs that may not
// be used again, and what is known of the host.
var history = regexp.MustCompile(`^ids$|^sqlite_|event|meta|boot|exit|config|used`)

// rows counts those of objects.
func (h *host) rows() error {
	database := filepath.Join(h.root, "podctl", "podctl.db")
	if _, err := os.Stat(database); err != nil {
		return nil //nolint:nilerr // there is none
	}
	db, err := sql.Open("sqlite3", "file:"+database+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		return err
	}
	defer db.Close()
	names, err := tables(db)
	if err != nil {
		return fmt.Errorf("%s: %w", database, err)
	}
	for _, name := range names {
		var n int
		if err := db.QueryRow(`SELECT count(*) FROM "` + strings.ReplaceAll(name, `"`, `""`) + `"`).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			h.add("rows", fmt.Sprintf("%s: %d", name, n))
		}
	}
	return nil
}

// tables names those of objects.
func tables(db *sql.DB) (names []string, err error) {
	rows, err := db.Query("SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		if !history.MatchString(name) {
			names = append(names, name)
		}
	}
	return names, rows.Err()
}
