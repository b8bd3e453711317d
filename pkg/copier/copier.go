// Package copier moves files into and out of a root filesystem whose owner is
// not trusted.
//
// A container may change a symbolic link while it is followed. So paths are
// resolved, read and written by a child process that has made the root
// filesystem its root directory before it looks at the first of them: whatever a
// link says, it stays in there. The child is this program, run again through
// reexec of containers/storage, for which main calls Register and reexec.Init; what
// it reads and writes are the tar streams of that library, and no program or library of
// the root filesystem is ever loaded.
//
// Names follow the rules of podman-cp(1): a directory is copied into one that
// exists, takes the name of one that does not, and "dir/." stands for what is in
// it.
package copier

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/containers/storage/pkg/archive"
	"github.com/containers/storage/pkg/idtools"
	"github.com/containers/storage/pkg/reexec"
)

// Info says what a copied path is.
type Info = archive.CopyInfo

// Errors of destinations; a source or a parent that is not there is
// fs.ErrNotExist.
var (
	// ErrNotDirectory: a directory cannot be copied to what is none.
	ErrNotDirectory = errors.New("destination must be a directory when copying a directory")
	// ErrNoDirectory: a stream needs a directory to be unpacked in.
	ErrNoDirectory = errors.New("destination must be a directory when copying from standard input")
)

// Options say how a copy is written.
type Options struct {
	// Chown owns all that is written, instead of the owners in the stream.
	Chown *Owner
	// Overwrite lets a directory replace a file and the reverse.
	Overwrite bool
	// Unnamed is a stream of which no Info is known: it is unpacked in the
	// destination, a directory.
	Unnamed bool
	// Maps are those of the container whose filesystem it is: IDs in streams are
	// as the container sees them. Zero for the host's own.
	Maps Maps
}

// Maps are the ranges of a user namespace.
type Maps struct{ UIDs, GIDs []idtools.IDMap }

// Owner is a user and group ID as the container sees them.
type Owner struct{ UID, GID int }

const (
	outName = "podctl-copy-out"
	inName  = "podctl-copy-in"
)

// rootFD is the descriptor of the root filesystem in a child.
const rootFD = 3

type request struct {
	Path    string
	Source  Info
	Options Options
}

// reply is the first line of a child's output. Kind is the class of Error.
type reply struct {
	Info  Info
	Error string
	Kind  string
}

const (
	kindNotExist     = "not exist"
	kindNotDirectory = "not a directory"
	kindNoDirectory  = "no directory"
)

// Out reads a path, absolute in the root filesystem that is open as root. The
// content is a tar stream that must be read to its end or closed.
func Out(ctx context.Context, root *os.File, path string, maps Maps) (Info, io.ReadCloser, error) {
	cmd, err := child(ctx, outName, root, request{Path: path, Options: Options{Maps: maps}})
	if err != nil {
		return Info{}, nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return Info{}, nil, err
	}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if err := cmd.Start(); err != nil {
		return Info{}, nil, err
	}
	content := &stream{Reader: bufio.NewReader(stdout), end: func() error {
		_ = stdout.Close() // ends a child that would write more
		return childError(cmd.Wait(), &complaint)
	}}
	answer, err := readReply(content.Reader)
	if err == nil {
		err = answer.err()
	}
	if err != nil {
		if ended := content.end(); answer == (reply{}) {
			err = errors.Join(ended, err)
		}
		return Info{}, nil, err
	}
	return answer.Info, content, nil
}

// In writes what source describes and content holds, a tar stream that may be
// compressed, to a path in the root filesystem that is open as root.
func In(ctx context.Context, root *os.File, path string, source Info, content io.Reader, opts Options) error {
	// Decompressed on this side: a decompressor may be a program, and on the
	// other side that would be one of the container.
	plain, err := archive.DecompressStream(content)
	if err != nil {
		return err
	}
	defer plain.Close()
	cmd, err := child(ctx, inName, root, request{Path: path, Source: source, Options: opts})
	if err != nil {
		return err
	}
	var output, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = plain, &output, &complaint
	err = childError(cmd.Run(), &complaint)
	answer, replyErr := readReply(bufio.NewReader(&output))
	if replyErr == nil && answer.Error != "" {
		return answer.err()
	}
	return err
}

// child is a run of this program that has the root and the request.
func child(ctx context.Context, name string, root *os.File, req request) (*exec.Cmd, error) {
	text, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	cmd := reexec.CommandContext(ctx, name, string(text))
	cmd.ExtraFiles = []*os.File{rootFD - 3: root}
	return cmd, nil
}

func childError(err error, complaint *bytes.Buffer) error {
	if err != nil && complaint.Len() > 0 {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(complaint.Bytes()))
	}
	return err
}

func readReply(r *bufio.Reader) (reply, error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return reply{}, fmt.Errorf("copy: no answer: %w", err)
	}
	var answer reply
	return answer, json.Unmarshal(line, &answer)
}

func (a reply) err() error {
	switch a.Kind {
	case kindNotExist:
		return fs.ErrNotExist
	case kindNotDirectory:
		return ErrNotDirectory
	case kindNoDirectory:
		return ErrNoDirectory
	}
	if a.Error != "" {
		return errors.New(a.Error)
	}
	return nil
}

func replyTo(info Info, err error) reply {
	answer := reply{Info: info}
	switch {
	case err == nil:
		return answer
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, archive.ErrDirNotExists):
		answer.Kind = kindNotExist
	case errors.Is(err, ErrNotDirectory):
		answer.Kind = kindNotDirectory
	case errors.Is(err, ErrNoDirectory):
		answer.Kind = kindNoDirectory
	}
	answer.Error = err.Error()
	return answer
}

// stream is a child's output; its end is the child's.
type stream struct {
	*bufio.Reader
	end func() error
}

func (s *stream) Close() error { return s.end() }

// Write is In for a path of the caller's own. The content is not trusted any
// more for that: links in it do not lead out of where it is unpacked.
func Write(ctx context.Context, path string, source Info, content io.Reader, opts Options) error {
	destination, err := findDestination(path)
	if err != nil {
		return err
	}
	dir, inside := destination.Path, "/."
	if !destination.IsDir {
		dir, inside = archive.SplitPathDirEntry(destination.Path)
		inside = archive.PreserveTrailingDotOrSeparator("/"+inside, path)
	}
	root, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return In(ctx, root, inside, source, content, opts)
}

// Read archives a path of the caller's own. Links are followed.
func Read(path string) (Info, io.ReadCloser, error) { return read(path, Maps{}) }

func read(path string, maps Maps) (Info, io.ReadCloser, error) {
	info, err := archive.CopyInfoSourcePath(path, true)
	if err != nil {
		return Info{}, nil, err
	}
	// archive.TarResource, but that it knows no ranges.
	dir, base := archive.SplitPathDirEntry(info.Path)
	content, err := archive.TarWithOptions(dir, &archive.TarOptions{
		Compression: archive.Uncompressed, IncludeFiles: []string{base}, IncludeSourceDir: true,
		RebaseNames: map[string]string{base: info.RebaseName}, UIDMaps: maps.UIDs, GIDMaps: maps.GIDs,
	})
	return info, content, err
}

func unpack(path string, source Info, content io.Reader, opts Options) error {
	destination, err := findDestination(path)
	if err != nil {
		return err
	}
	dir := destination.Path
	if opts.Unnamed {
		if !destination.IsDir {
			return ErrNoDirectory
		}
	} else {
		prepared, closer, err := prepare(source, destination, content)
		if err != nil {
			return err
		}
		defer closer.Close()
		dir, content = prepared, closer
	}
	tar := &archive.TarOptions{NoOverwriteDirNonDir: !opts.Overwrite, UIDMaps: opts.Maps.UIDs, GIDMaps: opts.Maps.GIDs}
	if opts.Chown != nil {
		tar.ChownOpts = &idtools.IDPair{UID: opts.Chown.UID, GID: opts.Chown.GID}
	}
	// A link in the archive is refused unless it stays below dir, by a look at the text.
	if err := archive.Unpack(content, filepath.Clean(dir), tar); err != nil {
		return err
	}
	// The rest of the stream is padding; who writes it must not be cut off.
	_, err = io.Copy(io.Discard, content)
	return err
}

// findDestination says what is at a path where something is to be written.
func findDestination(path string) (Info, error) {
	// The library follows a link at the end of a path, but takes one before that
	// for what is no directory.
	resolved, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		dir, base := archive.SplitPathDirEntry(path)
		if dir, err = filepath.EvalSymlinks(dir); err == nil {
			resolved = filepath.Join(dir, base)
		}
	}
	if err != nil {
		return Info{}, err
	}
	return archive.CopyInfoDestinationPath(archive.PreserveTrailingDotOrSeparator(resolved, path))
}

func prepare(source, destination Info, content io.Reader) (string, io.ReadCloser, error) {
	dir, prepared, err := archive.PrepareArchiveCopy(content, source, destination)
	if errors.Is(err, archive.ErrCannotCopyDir) {
		err = ErrNotDirectory
	}
	return dir, prepared, err
}
