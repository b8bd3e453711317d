package lock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/podctl/podctl/pkg/proc"
	"golang.org/x/sys/unix"
)

// Holder is who holds a lock.
type Holder struct {
	Name string
	// PID is 0, and the rest empty, when the lock is held but the file does not
	// name a process that is alive: the holder is just taking it, or is in
	// another PID namespace.
	PID     int
	Cmdline string
	Since   time.Time // UTC
}

// describe says who holds the lock, for an error or a message.
func (h Holder) describe() string {
	if h.PID == 0 {
		return "an unknown process"
	}
	text := fmt.Sprintf("process %d", h.PID)
	if h.Cmdline != "" {
		text += " (" + h.Cmdline + ")"
	}
	return text + " since " + h.Since.Format(time.RFC3339)
}

// record is what a holder writes into the file it has locked.
type record struct {
	proc.Process
	Since time.Time `json:"since"`
}

// maxRecord is more than a record takes; what is longer is none.
const maxRecord = 4096

// writeHolder says in f that self holds it. The lock is as good without, so a
// full disk must not keep anyone from working.
func writeHolder(f *os.File, self proc.Process) {
	data, err := json.Marshal(record{Process: self, Since: time.Now().UTC()})
	if err != nil {
		return
	}
	clearHolder(f)
	_, _ = f.WriteAt(append(data, '\n'), 0)
}

// clearHolder empties f, for the next holder not to be taken for this one
// before it has written its own name.
func clearHolder(f *os.File) { _ = f.Truncate(0) }

// Holders returns who holds the locks of the directory now, sorted by name.
// It takes none, and asks the kernel for each.
func (d *Dir) Holders() ([]Holder, error) {
	entries, err := os.ReadDir(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list locks: %w", err)
	}
	var out []Holder
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		h, held, err := d.probe(e.Name())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("probe lock %s: %w", e.Name(), err)
		}
		if held {
			out = append(out, h)
		}
	}
	return out, nil
}

// holder returns who holds name, for a report: unknown if nobody can be named.
func (d *Dir) holder(name string) Holder {
	h, held, err := d.probe(name)
	if err != nil || !held {
		return Holder{Name: name}
	}
	return h
}

// probe asks who holds name; false if nobody does.
func (d *Dir) probe(name string) (Holder, bool, error) {
	h := Holder{Name: name}
	f, err := os.OpenFile(filepath.Join(d.path, name), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return h, false, err
	}
	defer f.Close()
	held, err := taken(f)
	if err != nil || !held {
		return h, false, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil {
		return h, false, err
	}
	var r record
	if json.Unmarshal(data, &r) == nil && r.Alive() {
		h.PID, h.Cmdline, h.Since = r.PID, proc.Cmdline(r.PID), r.Since
	}
	return h, true, nil
}
