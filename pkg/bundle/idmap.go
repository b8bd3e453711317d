package bundle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containers/storage/pkg/idmap"
	"github.com/containers/storage/pkg/idtools"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// idmapMount mounts source at target with its owners shifted into the ranges of
// a user namespace. A mount left by an earlier call is replaced. Errors: class
// ErrUnsupported where the file system cannot do that.
func idmapMount(source, target string, uids, gids []specs.LinuxIDMapping) error {
	if err := detach(target); err != nil {
		return err
	}
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o711); err != nil {
		return err
	}
	if !info.IsDir() { // the library makes directories
		if err := os.WriteFile(target, nil, 0o600); err != nil {
			return err
		}
	}
	pid, release, err := idmap.CreateUsernsProcess(toLibrary(uids), toLibrary(gids))
	if err != nil {
		return fmt.Errorf("make user namespace: %w", err)
	}
	defer release()
	err = idmap.CreateIDMappedMount(source, target, pid)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return fmt.Errorf("%w: the kernel or this file system cannot: %w", err, errdefs.ErrUnsupported)
	}
	return err
}

func toLibrary(maps []specs.LinuxIDMapping) (out []idtools.IDMap) {
	for _, m := range maps {
		out = append(out, idtools.IDMap{ContainerID: int(m.ContainerID), HostID: int(m.HostID), Size: int(m.Size)})
	}
	return out
}
