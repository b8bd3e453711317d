package logs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Options say what of a log is read.
type Options struct {
	// Tail is how many of the last lines; negative: all.
	Tail int
	// Since and Until bound the times of lines; zero: no bound.
	Since, Until time.Time
}

// Reader reads a log file line by line. [Reader.Close] it.
type Reader struct {
	path string
	opts Options
	file *os.File // nil as long as there is no file
	buf  *bufio.Reader
	// begun is the part of a file's line that was read so far, and partial the
	// parts of output lines, by stream.
	begun   string
	partial map[Stream]Line
	watch   *fsnotify.Watcher
}

// Open opens a log. One that does not exist is empty, and may come into being.
func Open(path string, opts Options) (*Reader, error) {
	r := &Reader{path: path, opts: opts, partial: map[Stream]Line{}}
	if err := r.open(); err != nil || r.file == nil || opts.Tail < 0 {
		return r, err
	}
	st, err := r.file.Stat()
	if err != nil {
		return r, r.fail(err)
	}
	offset, err := tailOffset(r.file, st.Size(), opts.Tail)
	if err != nil {
		return r, err
	}
	if _, err := r.file.Seek(offset, io.SeekStart); err != nil {
		return r, r.fail(err)
	}
	return r, nil
}

func (r *Reader) fail(err error) error { return fmt.Errorf("read log %s: %w", r.path, err) }

func (r *Reader) open() error {
	file, err := os.Open(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	r.file, r.buf = file, bufio.NewReaderSize(file, block)
	return nil
}

// Next returns the next whole line of output. io.EOF: there is none now, but
// there may be later.
func (r *Reader) Next() (Line, error) {
	for {
		text, err := r.readLine()
		if err != nil {
			return Line{}, err
		}
		part, ok := parseLine(text)
		if !ok {
			continue
		}
		line := r.join(part)
		if line.Partial || !r.wanted(line) {
			continue
		}
		return line, nil
	}
}

// Rest returns what processes wrote last without a newline.
func (r *Reader) Rest() []Line {
	var rest []Line
	for _, stream := range []Stream{Stdout, Stderr} {
		if line, ok := r.partial[stream]; ok && r.wanted(line) {
			rest = append(rest, line)
		}
		delete(r.partial, stream)
	}
	return rest
}

func (r *Reader) wanted(l Line) bool {
	return !l.Time.Before(r.opts.Since) && (r.opts.Until.IsZero() || !l.Time.After(r.opts.Until))
}

// join adds a part to those of its stream that came before. A line counts as
// written when its last part was.
func (r *Reader) join(part Line) Line {
	if before, ok := r.partial[part.Stream]; ok {
		part.Text = before.Text + part.Text
		delete(r.partial, part.Stream)
	}
	if part.Partial {
		r.partial[part.Stream] = part
	}
	return part
}

// readLine returns a line of the file without its newline; one that conmon has
// not written to its end yet is kept for later.
func (r *Reader) readLine() (string, error) {
	for {
		if r.file == nil {
			if err := r.open(); err != nil {
				return "", err
			}
			if r.file == nil {
				return "", io.EOF
			}
		}
		text, err := r.buf.ReadString('\n')
		r.begun += text
		switch {
		case err == nil:
			line := strings.TrimSuffix(r.begun, "\n")
			r.begun = ""
			return line, nil
		case !errors.Is(err, io.EOF):
			return "", r.fail(err)
		case !r.replaced():
			return "", io.EOF
		}
		// Whoever replaced it may have written between our last read and that.
		text, err = r.buf.ReadString('\n')
		if r.begun += text; err == nil {
			line := strings.TrimSuffix(r.begun, "\n")
			r.begun = ""
			return line, nil
		}
		r.file.Close()
		r.file, r.begun = nil, ""
	}
}

// replaced reports whether the path leads to another file now, or the file was
// cut off behind our back.
func (r *Reader) replaced() bool {
	mine, err := r.file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(r.path)
	if err != nil {
		return false // removed: there is no more
	}
	at, err := r.file.Seek(0, io.SeekCurrent)
	return !os.SameFile(mine, named) || err == nil && mine.Size() < at
}

// Watch makes [Reader.Wait] see what is written from now on. Call it before the
// reads after which to wait.
func (r *Reader) Watch() error {
	watch, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch log: %w", err)
	}
	// The directory, as the file may be replaced or not be there yet.
	if err := watch.Add(filepath.Dir(r.path)); err != nil {
		watch.Close()
		return fmt.Errorf("watch log: %w", err)
	}
	r.watch = watch
	return nil
}

// Wait returns when something was written since the last Wait, or ctx ended.
func (r *Reader) Wait(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case event, ok := <-r.watch.Events:
			if !ok || event.Name == r.path && !event.Has(fsnotify.Chmod) {
				return
			}
		case <-r.watch.Errors:
			return // events were lost: look
		}
	}
}

// Close releases the files.
func (r *Reader) Close() {
	if r.watch != nil {
		r.watch.Close()
	}
	if r.file != nil {
		r.file.Close()
	}
}
