package ctrcmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// idFile is the file of --cidfile: it must not exist before.
type idFile struct{ file *os.File }

// newIDFile makes the file, empty, so that no other command can take it; an
// empty path makes none.
func newIDFile(path string) (*idFile, error) {
	if path == "" {
		return &idFile{}, nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("container id file exists. Ensure another container is not using it or delete %s", path)
	}
	if err != nil {
		return nil, fmt.Errorf("opening cidfile %s: %w", path, err)
	}
	return &idFile{file}, nil
}

// write ends the file with the ID in it, or without one removes it.
func (f *idFile) write(id string) error {
	if f.file == nil {
		return nil
	}
	if id == "" {
		return errors.Join(f.file.Close(), os.Remove(f.file.Name()))
	}
	if _, err := f.file.WriteString(id); err != nil {
		return errors.Join(fmt.Errorf("write container ID: %w", err), f.file.Close())
	}
	return f.file.Close()
}
