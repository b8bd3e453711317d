package oci

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/relief"
)

// Exit is how a container or an exec session ended.
type Exit struct {
	// Code is the exit code; 128+N for a process killed by signal N.
	Code int
	// At is when conmon wrote it down.
	At time.Time
	// OOMKilled says that the kernel killed a process of the container for
	// memory. Always false for exec sessions.
	OOMKilled bool
}

// ExitStatus reads a container's exit file; ok is false if there is none.
func (r *Runtime) ExitStatus(id string) (exit Exit, ok bool, err error) {
	exit, ok, err = ReadExitFile(filepath.Join(r.cfg.ExitDir, id))
	if ok && r.cfg.PersistDir != "" {
		_, statErr := os.Stat(filepath.Join(r.persistDir(id), "oom"))
		exit.OOMKilled = statErr == nil
	}
	return exit, ok, err
}

// WaitExit waits until the container's exit file is there. conmon writes it; if
// conmon ends without, as only one that was killed does, that is
// errdefs.ErrConmonDead. The zero conmon is not watched.
func (r *Runtime) WaitExit(ctx context.Context, id string, conmon proc.Process) (Exit, error) {
	if err := os.MkdirAll(r.cfg.ExitDir, 0o700); err != nil {
		return Exit{}, fmt.Errorf("make exit file directory: %w", err)
	}
	w := exitWait{dir: r.cfg.ExitDir, name: id, conmon: conmon}
	w.read = func() (Exit, bool, error) { return r.ExitStatus(id) }
	return w.wait(ctx)
}

// exitWait waits for the exit file dir/name.
type exitWait struct {
	dir, name string
	conmon    proc.Process
	// read finds the exit if the file is there.
	read func() (Exit, bool, error)
}

// wait reads each time something happens to the file, until there is an exit.
func (w exitWait) wait(ctx context.Context) (Exit, error) {
	if exit, ok, err := w.read(); ok || err != nil {
		return exit, err
	}
	watch, err := fsnotify.NewWatcher()
	if err != nil {
		return Exit{}, fmt.Errorf("watch exit files: %w", err)
	}
	defer watch.Close()
	if err := watch.Add(w.dir); err != nil {
		return Exit{}, fmt.Errorf("watch exit files in %s: %w", w.dir, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gone := w.conmonGone(ctx)
	for last := false; ; {
		// Read after the watch is set, or an exit in between is missed; and
		// once more after conmon has gone, as it may have written before.
		if exit, ok, err := w.read(); ok || err != nil {
			return exit, err
		}
		if last {
			return Exit{}, fmt.Errorf("wait for exit of %s: %w", w.name, errdefs.ErrConmonDead)
		}
		if last, err = w.awaitChange(ctx, watch, gone); err != nil {
			return Exit{}, err
		}
	}
}

// conmonGone returns a channel that is closed when conmon has ended.
func (w exitWait) conmonGone(ctx context.Context) <-chan struct{} {
	if w.conmon == (proc.Process{}) {
		return nil
	}
	gone := make(chan struct{})
	go func() {
		if w.conmon.Wait(ctx) == nil {
			close(gone)
		}
	}()
	return gone
}

// awaitChange returns once something happened to the file, events were lost,
// or conmon has gone.
func (w exitWait) awaitChange(ctx context.Context, watch *fsnotify.Watcher, gone <-chan struct{}) (conmonGone bool, err error) {
	path := filepath.Join(w.dir, w.name)
	for {
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-gone:
			return true, nil
		case event := <-watch.Events:
			if event.Name == path {
				return false, nil
			}
		case err := <-watch.Errors:
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				return false, nil
			}
			return false, fmt.Errorf("watch exit files: %w", err)
		}
	}
}

// RemoveFiles removes a container's exit file and what conmon recorded about
// it. Idempotent. To be called before a container is created again: an old exit
// file would say that it has ended.
func (r *Runtime) RemoveFiles(id string) error {
	path := filepath.Join(r.cfg.ExitDir, id)
	// conmon writes ID.XXXXXX first and renames it; one that is killed in between
	// leaves it. The pattern is well-formed.
	unfinished, _ := filepath.Glob(path + ".*")
	var err error
	for _, file := range append(unfinished, path) {
		if rmErr := os.Remove(file); rmErr != nil && !errors.Is(rmErr, fs.ErrNotExist) {
			err = errors.Join(err, rmErr)
		}
	}
	if r.cfg.PersistDir != "" {
		err = errors.Join(err, os.RemoveAll(r.persistDir(id)))
	}
	return err
}

// Relieve spares the exit command of a container all work while that process
// lives and is not stopped: it deals with the end itself. The zero process takes
// it back. It is forgotten when the container is created again.
func (r *Runtime) Relieve(id string, by proc.Process) error {
	if r.cfg.PersistDir == "" {
		return nil
	}
	if by == (proc.Process{}) {
		if err := os.Remove(r.reliefFile(id)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return relief.Write(r.reliefFile(id), by.PID, by.StartTime)
}

// RelievedBy reports whether that process is the one of the last [Runtime.Relieve].
func (r *Runtime) RelievedBy(id string, by proc.Process) bool {
	return r.cfg.PersistDir != "" && relief.Names(r.reliefFile(id), by.PID, by.StartTime)
}

func (r *Runtime) reliefFile(id string) string { return filepath.Join(r.persistDir(id), "relief") }

func (r *Runtime) persistDir(id string) string { return filepath.Join(r.cfg.PersistDir, id) }

// ReadExitFile reads an exit file; ok is false if there is none, and then, or if
// it cannot be read, as while it is being written, there is no exit.
func ReadExitFile(path string) (exit Exit, ok bool, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Exit{}, false, nil
	}
	if err != nil {
		return Exit{}, false, fmt.Errorf("open exit file: %w", err)
	}
	defer file.Close()
	// Content and time are taken from one open file: the path may be replaced.
	info, err := file.Stat()
	if err != nil {
		return Exit{}, false, fmt.Errorf("stat exit file: %w", err)
	}
	var text [32]byte
	n, _ := file.Read(text[:])
	code, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return Exit{}, false, fmt.Errorf("read exit file %s: %w", path, err)
	}
	return Exit{Code: code, At: info.ModTime()}, true, nil
}
