package store

/*
// The beginning of what https://www.sqlite.org/c3ref/vfs.html describes, which
// SQLite keeps compatible; its header is not among what building needs.
struct vfs {
	int version, os_file_size, max_pathname;
	struct vfs *next;
	const char *name;
	void *app_data;
	void (*methods[12])(void);
	void (*current_time_int64)(void);
	int (*set_system_call)(struct vfs *, const char *, void (*)(void));
};

// Weak: it is in the object file of another package.
extern struct vfs *sqlite3_vfs_find(const char *) __attribute__((weak));

static int open_no_directory(const char *path, int *fd) {
	(void)path;
	*fd = -1;
	return 14; // SQLITE_CANTOPEN, after which SQLite does without
}

static int leave_directories(void) {
	struct vfs *unix_vfs = sqlite3_vfs_find ? sqlite3_vfs_find("unix") : 0;
	if (!unix_vfs || unix_vfs->version < 3)
		return 1;
	return unix_vfs->set_system_call(unix_vfs, "openDirectory", (void (*)(void))open_no_directory);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// SQLite syncs the WAL's directory at the first commit of each process, for it
// cannot tell whether it made the file: a sync for nothing at every command that
// writes. This ends that, and syncNewWAL takes its place. If it cannot be ended,
// nothing is lost but time.
var leaveDirectories = sync.OnceFunc(func() { C.leave_directories() })

// syncNewWAL syncs the directory if no transaction was ever committed to the WAL:
// it may have been made just now, and its name not be on disk. To be called when
// the database is open, so that nobody removes the file, and before the first
// transaction; so who finds one committed knows that this was done before it.
func syncNewWAL(path string) error {
	info, err := os.Stat(path + "-wal")
	if err == nil && info.Size() > 0 {
		return nil
	}
	return syncDir(path)
}

// syncDir puts on disk which files are in the directory that path is in.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("open database directory: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("sync database directory: %w", err)
	}
	return nil
}
