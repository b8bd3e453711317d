package ctrcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/copier"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type ctrCopier interface {
	resolver
	// CopyFromContainer gives the function what a path is and its content.
	CopyFromContainer(ctx context.Context, id, path string, to func(copier.Info, io.Reader) error) error
	// FetchFromContainer returns the same, to be read when the container is left alone.
	FetchFromContainer(ctx context.Context, id, path string) (copier.Info, io.ReadCloser, error)
	// CopyToContainer writes content, a tar stream, to a path.
	CopyToContainer(ctx context.Context, id, path string, source copier.Info, content io.Reader, opts engine.CopyOptions) error
}

// copyEnd is the source or destination of a copy.
type copyEnd struct {
	// Container is a name or ID, "" for a path of this host.
	Container string
	// Path is "-" for standard input or output.
	Path string
}

type copyOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (ctrCopier, error)

	From, To copyEnd
	Copy     engine.CopyOptions
}

// NewCmdCopy returns "podctl cp".
func NewCmdCopy(f *cmdutil.Factory, runF func(context.Context, *copyOptions) error) *cobra.Command {
	opts := &copyOptions{IO: f.IO, Engine: func(ctx context.Context) (ctrCopier, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "cp [options] [CONTAINER:]SOURCE [CONTAINER:]DESTINATION",
		Short: "Copy files between containers and this host",
		Long: `Copy a file or directory into a container, out of one, or between two. They need
not run. A path of a container that is not absolute is below its working directory.

A directory is copied into one that exists and takes the name of one that does not;
DIRECTORY/. is what is in it. "-" is a tar archive on standard input, to be unpacked
in a directory, or on standard output.

Exit codes: 0 success, 125 error.`,
		Example: `podctl cp ./site web:/usr/share/nginx/html
podctl cp web:/var/log/nginx - | tar -x
podctl cp one:/etc/hosts two:/tmp`,
		Args: cmdutil.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.From, opts.To = parseCopyEnd(args[0]), parseCopyEnd(args[1])
			if err := opts.check(args); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return copyRun(cmd.Context(), opts)
		},
	}
	set := cmd.Flags()
	set.BoolVarP(&opts.Copy.Archive, "archive", "a", true, "Give what is copied into a container to the container's user")
	set.BoolVar(&opts.Copy.Overwrite, "overwrite", false, "Let a directory replace a file, and a file a directory")
	return cmd
}

// parseCopyEnd splits CONTAINER:PATH. What begins like a path is one, colon or
// not: no container has such a name.
func parseCopyEnd(arg string) copyEnd {
	name, path, found := strings.Cut(arg, ":")
	if !found || name == "" || strings.ContainsAny(name[:1], "./") || strings.Contains(name, "/") {
		return copyEnd{Path: arg}
	}
	return copyEnd{Container: name, Path: path}
}

func (e copyEnd) isStream() bool { return e.Container == "" && e.Path == "-" }

// missing says of a path that is not there where that is.
func (e copyEnd) missing(err error) error {
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case e.Container == "":
		return fmt.Errorf("%q could not be found on the host: %w", e.Path, syscall.ENOENT)
	}
	return fmt.Errorf("%q could not be found on container %s: %w", e.Path, e.Container, syscall.ENOENT)
}

func (opts *copyOptions) check(args []string) error {
	if opts.From.Container == "" && opts.To.Container == "" {
		return fmt.Errorf("invalid arguments %q, %q: one of them must be CONTAINER:PATH", args[0], args[1])
	}
	for _, end := range []copyEnd{opts.From, opts.To} {
		if end.Path == "" {
			return fmt.Errorf("invalid arguments %q, %q: you must specify paths", args[0], args[1])
		}
	}
	if opts.To.isStream() && opts.IO.OutIsTerminal() {
		return errors.New("refusing to copy an archive to a terminal: redirect standard output")
	}
	return nil
}

func copyRun(ctx context.Context, opts *copyOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, end := range []copyEnd{opts.From, opts.To} {
		if end.Container != "" {
			names = append(names, end.Container)
		}
	}
	found, err := eng.ResolveContainers(ctx, engine.Selection{Names: names, Mend: true})
	if err != nil {
		return err
	}
	ids := map[string]string{}
	for _, t := range found {
		ids[t.Typed()] = t.ID
	}
	from, to := ids[opts.From.Container], ids[opts.To.Container]
	switch {
	case from == "":
		return copyIn(ctx, eng, opts, to)
	case to == "":
		return copyOut(ctx, eng, opts, from)
	}
	return copyAcross(ctx, eng, opts, from, to)
}

func copyIn(ctx context.Context, eng ctrCopier, opts *copyOptions, to string) error {
	if opts.From.isStream() {
		opts.Copy.Unnamed = true
		return opts.To.missing(eng.CopyToContainer(ctx, to, opts.To.Path, copier.Info{}, opts.IO.In, opts.Copy))
	}
	path, err := hostPath(opts.From.Path)
	if err != nil {
		return err
	}
	info, content, err := copier.Read(path)
	if err != nil {
		return opts.From.missing(err)
	}
	defer content.Close()
	return opts.To.missing(eng.CopyToContainer(ctx, to, opts.To.Path, info, content, opts.Copy))
}

func copyOut(ctx context.Context, eng ctrCopier, opts *copyOptions, from string) error {
	var written error
	err := eng.CopyFromContainer(ctx, from, opts.From.Path, func(info copier.Info, content io.Reader) error {
		written = writeHere(ctx, opts, info, content)
		return written
	})
	if written != nil {
		return opts.To.missing(written)
	}
	return opts.From.missing(err)
}

// writeHere writes to a path of this host or to standard output.
func writeHere(ctx context.Context, opts *copyOptions, info copier.Info, content io.Reader) error {
	if opts.To.isStream() {
		_, err := io.Copy(opts.IO.Out, content)
		return err
	}
	path, err := hostPath(opts.To.Path)
	if err != nil {
		return err
	}
	owner := &copier.Owner{UID: os.Getuid(), GID: os.Getgid()}
	return copier.Write(ctx, path, info, content, copier.Options{Chown: owner, Overwrite: opts.Copy.Overwrite})
}

func copyAcross(ctx context.Context, eng ctrCopier, opts *copyOptions, from, to string) error {
	info, content, err := eng.FetchFromContainer(ctx, from, opts.From.Path)
	if err != nil {
		return opts.From.missing(err)
	}
	defer content.Close()
	return opts.To.missing(eng.CopyToContainer(ctx, to, opts.To.Path, info, content, opts.Copy))
}

// hostPath makes a path absolute and keeps the "/" or "/." at its end.
func hostPath(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	switch {
	case absolute == "/", path == ".", strings.HasSuffix(path, "/."):
		return strings.TrimSuffix(absolute, "/") + "/.", nil
	case strings.HasSuffix(path, "/"):
		return absolute + "/", nil
	}
	return absolute, nil
}
