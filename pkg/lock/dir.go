package lock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/proc"
	"golang.org/x/sys/unix"
)

// noticeAfter is how long a wait may last before it is worth a word.
const noticeAfter = time.Second

// Dir is a directory of locks. Its fields are set before the first lock is
// taken and left alone afterwards.
type Dir struct {
	// OnWait is called once by a [Dir.Lock] that has waited for a second, from
	// its goroutine, with the holder as far as it can be told. Optional.
	OnWait func(name string, h Holder)
	// Timeout is how long Lock waits at most; 0 is as long as its context lasts.
	Timeout time.Duration

	path        string
	noticeAfter time.Duration
	self        func() proc.Process
}

// Open returns the directory of locks at path. Nothing is touched: the
// directory is made, with mode 0700, by the first lock that needs it.
func Open(path string) *Dir {
	return &Dir{
		path:        path,
		noticeAfter: noticeAfter,
		self: sync.OnceValue(func() proc.Process {
			// Only reports need it; without it the holder is unknown.
			p, _ := proc.Self()
			return p
		}),
	}
}

// open opens the file of name, and makes it and the directory if need be.
func (d *Dir) open(name string) (*os.File, error) {
	path, err := d.file(name)
	if err != nil {
		return nil, err
	}
	const flags = os.O_RDWR | os.O_CREATE | unix.O_NOFOLLOW | unix.O_CLOEXEC
	f, err := os.OpenFile(path, flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(d.path, 0o700); err != nil {
			return nil, err
		}
		f, err = os.OpenFile(path, flags, 0o600)
	}
	return f, err
}

// file returns the path for name, which has to be a plain file name.
func (d *Dir) file(name string) (string, error) {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return "", fmt.Errorf("lock name %q: %w", name, errdefs.ErrInvalidArgument)
	}
	return filepath.Join(d.path, name), nil
}

// current says whether f is the file its path names. The path is only looked
// at, so a link put there is not followed.
func current(f *os.File) (bool, error) {
	mine, err := f.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Lstat(f.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(mine, named), nil
}
