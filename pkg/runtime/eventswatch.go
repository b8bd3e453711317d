package runtime

import (
	"path/filepath"

	"github.com/fsnotify/fsnotify"
)

// watchDatabase tells, at least once after each, of changes to the database. It
// watches the directory, so that a log made anew is seen too. Where the kernel
// gives no watch the channel stays silent.
func (r *Runtime) watchDatabase() (changes <-chan struct{}, stop func()) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, func() {}
	}
	database := r.settings.Database()
	if err := watcher.Add(filepath.Dir(database)); err != nil {
		_ = watcher.Close()
		return nil, func() {}
	}
	// One pending signal stands for any number of writes.
	pending := make(chan struct{}, 1)
	go func() {
		for e := range watcher.Events {
			if e.Name != database && e.Name != database+"-wal" {
				continue
			}
			select {
			case pending <- struct{}{}:
			default:
			}
		}
	}()
	go func() {
		for range watcher.Errors { //nolint:revive // an overflow: the slow look will do
		}
	}()
	return pending, func() { _ = watcher.Close() }
}
