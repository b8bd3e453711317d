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
	exit, ok, err = readExitFile(filepath.Join(r.cfg.ExitDir, id))
	if ok && r.cfg.PersistDir != "" {
		_, statErr := os.Stat(filepath.Join(r.persistDir(id), "oom"))
		exit.OOMKilled = statErr == nil
	}
	return exit, ok, err
}

// WaitExit waits until the container's exit file is there. It does not notice
// that conmon was killed and will never write it: a caller who can tell cancels
// the context.
func (r *Runtime) WaitExit(ctx context.Context, id string) (Exit, error) {
	if err := os.MkdirAll(r.cfg.ExitDir, 0o700); err != nil {
		return Exit{}, fmt.Errorf("make exit file directory: %w", err)
	}
	return waitExitFile(ctx, r.cfg.ExitDir, id, func() (Exit, bool, error) { return r.ExitStatus(id) })
}

// waitExitFile calls read until it finds an exit, each time something happens
// to dir/name.
func waitExitFile(ctx context.Context, dir, name string, read func() (Exit, bool, error)) (Exit, error) {
	if exit, ok, err := read(); ok || err != nil {
		return exit, err
	}
	watch, err := fsnotify.NewWatcher()
	if err != nil {
		return Exit{}, fmt.Errorf("watch exit files: %w", err)
	}
	defer watch.Close()
	if err := watch.Add(dir); err != nil {
		return Exit{}, fmt.Errorf("watch exit files in %s: %w", dir, err)
	}
	for {
		// Read after the watch is set, or an exit in between is missed.
		if exit, ok, err := read(); ok || err != nil {
			return exit, err
		}
		if err := awaitChange(ctx, watch, filepath.Join(dir, name)); err != nil {
			return Exit{}, err
		}
	}
}

// awaitChange returns once something happened to path, or events were lost.
func awaitChange(ctx context.Context, watch *fsnotify.Watcher, path string) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case event := <-watch.Events:
			if event.Name == path {
				return nil
			}
		case err := <-watch.Errors:
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				return nil
			}
			return fmt.Errorf("watch exit files: %w", err)
		}
	}
}

// RemoveFiles removes a container's exit file and what conmon recorded about
// it. Idempotent. To be called before a container is created again: an old exit
// file would say that it has ended.
func (r *Runtime) RemoveFiles(id string) error {
	err := os.Remove(filepath.Join(r.cfg.ExitDir, id))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if r.cfg.PersistDir != "" {
		err = errors.Join(err, os.RemoveAll(r.persistDir(id)))
	}
	return err
}

func (r *Runtime) persistDir(id string) string { return filepath.Join(r.cfg.PersistDir, id) }

// readExitFile reads an exit file; ok is false if there is none.
func readExitFile(path string) (exit Exit, ok bool, err error) {
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
