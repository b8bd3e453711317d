package bundle

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	securejoin "github.com/cyphar/filepath-securejoin"
	"golang.org/x/sys/unix"
)

// openInRoot opens a path of the container's file system; its symbolic links
// mean what they mean inside.
func openInRoot(rootfs, path string, flags int) (*os.File, error) {
	handle, err := securejoin.OpenInRoot(rootfs, path)
	if err != nil {
		return nil, err
	}
	defer handle.Close()
	return securejoin.Reopen(handle, flags)
}

// readInRoot reads a regular file; one that is missing is empty.
func readInRoot(rootfs, path string) ([]byte, error) {
	f, err := openInRoot(rootfs, path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s in the root file system: %w", path, err)
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, err
	}
	const most = 64 << 20 // an image may hold anything
	return io.ReadAll(io.LimitReader(f, most))
}

// dirInRoot returns where a directory of the container's file system is on the
// host, making it if need be.
func dirInRoot(rootfs, path string, mode os.FileMode) (string, error) {
	if err := securejoin.MkdirAll(rootfs, path, mode); err != nil {
		return "", err
	}
	joined, err := securejoin.SecureJoin(rootfs, path)
	if err != nil {
		return "", err
	}
	return filepath.Clean(joined), nil
}
