package specflags

import (
	"errors"
	"fmt"
	"strings"

	"github.com/docker/go-units"
	"github.com/spf13/pflag"

	"github.com/podctl/podctl/pkg/container"
)

// storageFlags are those that containers and pods have in common.
type storageFlags struct {
	given
	volumes, volumesFrom    []string
	shmSize, shmSizeSystemd string
}

func (f *storageFlags) bind(fs *pflag.FlagSet) {
	f.fs = fs
	fs.StringArrayVarP(&f.volumes, "volume", "v", nil, "Mount a host path or volume: `[SRC:]DEST[:OPTS]`")
	fs.StringArrayVar(&f.volumesFrom, "volumes-from", nil, "Mount what a `container` mounts: CTR[:OPTS]")
	fs.StringVar(&f.shmSize, "shm-size", "65536k", "`Size` of /dev/shm, 0 for no limit")
	fs.StringVar(&f.shmSizeSystemd, "shm-size-systemd", "", "`Size` of the tmpfs of systemd mode, 0 for no limit")
}

func (f *storageFlags) apply(s *container.Storage, env Env) error {
	for _, text := range f.volumes {
		if err := s.AddVolume(text, env.abs); err != nil {
			return err
		}
	}
	for _, text := range f.volumesFrom {
		if err := checkVolumesFrom(text); err != nil {
			return err
		}
	}
	s.VolumesFrom = append(s.VolumesFrom, f.volumesFrom...)
	if err := f.size(&s.ShmSize, "shm-size", f.shmSize); err != nil {
		return err
	}
	return f.size(&s.ShmSizeSystemd, "shm-size-systemd", f.shmSizeSystemd)
}

func (f *storageFlags) size(field **int64, name, text string) error {
	if !f.has(name) || text == "" {
		return nil
	}
	size, err := units.RAMInBytes(text)
	if err != nil {
		return fmt.Errorf("unable to translate --%s: %w", name, err)
	}
	*field = &size
	return nil
}

func checkVolumesFrom(text string) error {
	_, options, ok := strings.Cut(text, ":")
	if !ok {
		return nil
	}
	var access, label bool
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "ro", "rw":
			if access {
				return errors.New("cannot set ro or rw options more than once")
			}
			access = true
		case "z":
			if label {
				return errors.New("cannot set :z more than once in mount options")
			}
			label = true
		default:
			return fmt.Errorf("invalid option %q specified - volumes from another container can only use z,ro,rw options", option)
		}
	}
	return nil
}
