package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/copier"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/volume"
)

// CopyOptions say how a copy into a container is written.
type CopyOptions struct {
	// Archive makes the container's user the owner of what is written. Without
	// it owners are those of the source.
	Archive bool
	// Overwrite lets a directory replace a file and the reverse.
	Overwrite bool
	// Unnamed is a tar stream of the user's: it is unpacked in a directory.
	Unnamed bool
}

// CopyFromContainer reads a path of a container, running or not, and gives what
// it is and its content, a tar stream, to the function. A relative path is below
// the container's working directory, and "/" is what is in it. Mounts of a
// container that does not run are seen as far as they are volumes and bind
// mounts. Errors: fs.ErrNotExist, ErrNoSuchCtr.
func (r *Runtime) CopyFromContainer(ctx context.Context, id, path string, to func(copier.Info, io.Reader) error) error {
	return r.withCopyRoot(ctx, id, path, func(c *container.Container, _ string, root *os.File, inside string) error {
		info, content, err := copier.Out(ctx, root, inside, copyMaps(c))
		if err != nil {
			return err
		}
		err = to(info, content)
		return errors.Join(err, content.Close())
	})
}

// FetchFromContainer is CopyFromContainer for what goes into another container: both
// may have to be kept from starting meanwhile, and no command holds two of them at a
// time. So the content is in a file that has no name, and is gone when it is closed.
func (r *Runtime) FetchFromContainer(ctx context.Context, id, path string) (info copier.Info, content io.ReadCloser, err error) {
	file, err := os.CreateTemp("", "podctl-cp-*")
	if err != nil {
		return info, nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	if err := os.Remove(file.Name()); err != nil { // nobody else needs its name
		return info, nil, err
	}
	err = r.CopyFromContainer(ctx, id, path, func(source copier.Info, stream io.Reader) error {
		info = source
		_, err := io.Copy(file, stream)
		return err
	})
	if err != nil {
		return info, nil, err
	}
	_, err = file.Seek(0, io.SeekStart)
	return info, file, err
}

// CopyToContainer writes what source describes and content holds, a tar stream
// that may be compressed, to a path of a container, running or not. Errors:
// copier.ErrNotDirectory, copier.ErrNoDirectory, fs.ErrNotExist for a parent
// that is not there, ErrNoSuchCtr.
func (r *Runtime) CopyToContainer(ctx context.Context, id, path string, source copier.Info, content io.Reader, opts CopyOptions) error {
	return r.withCopyRoot(ctx, id, path, func(c *container.Container, rootfs string, root *os.File, inside string) error {
		write := copier.Options{Overwrite: opts.Overwrite, Unnamed: opts.Unnamed, Maps: copyMaps(c)}
		if opts.Archive {
			owner, err := copyOwner(c, rootfs)
			if err != nil {
				return err
			}
			write.Chown = owner
		}
		return copier.In(ctx, root, inside, source, content, write)
	})
}

// copyMaps are the ranges of the container's user namespace.
func copyMaps(c *container.Container) copier.Maps {
	uids, gids := image.LibraryMaps(c.Config.IDMappings)
	return copier.Maps{UIDs: uids, GIDs: gids}
}

// copyOwner is the container's user, as the container sees it.
func copyOwner(c *container.Container, rootfs string) (*copier.Owner, error) {
	user, _, err := bundle.LookupUser(rootfs, c.Config.Process.User)
	if err != nil {
		return nil, err
	}
	return &copier.Owner{UID: int(user.UID), GID: int(user.GID)}, nil
}

// withCopyRoot opens the filesystem a path of a container is in, with the path as
// it is in there. rootfs is the root filesystem without mounts.
func (r *Runtime) withCopyRoot(ctx context.Context, id, path string, do func(c *container.Container, rootfs string, root *os.File, inside string) error) error {
	return r.withRootfs(ctx, id, func(c *container.Container, rootfs string) error {
		dir, path := rootfs, copyPath(c, path)
		if c.State.HasProcess() {
			// What the container sees, all its mounts included.
			dir = fmt.Sprintf("/proc/%d/root", c.Runtime.Process.PID)
		} else if source, inside, ok := r.mountedBelow(c, path); ok {
			dir, path = source, inside
		}
		root, err := os.Open(dir)
		if err != nil {
			return fmt.Errorf("open the root filesystem of container %s: %w", id, err)
		}
		defer root.Close()
		return do(c, rootfs, root, path)
	})
}

// copyPath is a path absolute in the container, with the "/" or "." at its end
// that distinguishes a directory from what is in it.
func copyPath(c *container.Container, path string) string {
	clean := path
	if !filepath.IsAbs(clean) {
		clean = filepath.Join("/", c.Config.Process.WorkDir, clean)
	}
	if clean = filepath.Clean(clean); clean == "/" {
		return "/."
	}
	switch {
	case path == "." || strings.HasSuffix(path, "/."):
		clean += "/."
	case strings.HasSuffix(path, "/"):
		clean += "/"
	}
	return clean
}

// mountedBelow finds the directory of this host that would be mounted at the
// path if the container ran. The path is not resolved for that: a link to a
// volume leads to what the image has there.
func (r *Runtime) mountedBelow(c *container.Container, path string) (source, inside string, ok bool) {
	best := ""
	better := func(destination, from string) {
		rest, found := strings.CutPrefix(path, destination)
		if found && (rest == "" || rest[0] == '/') && len(destination) > len(best) {
			best, source, inside = destination, from, rest
			if rest == "" {
				inside = "/."
			}
		}
	}
	for _, v := range c.Config.Storage.Volumes {
		better(v.Destination, filepath.Join(volume.Mountpoint(r.settings.VolumeDir, v.Name), v.SubPath))
	}
	for _, m := range c.Config.Storage.Mounts {
		if info, err := os.Stat(m.Source); m.Type == "bind" && err == nil && info.IsDir() {
			better(m.Destination, m.Source)
		}
	}
	return source, inside, best != ""
}
