package specflags

import (
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/containers/common/pkg/parse"
	"github.com/docker/go-units"
	"github.com/spf13/pflag"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
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
		if err := addVolume(s, text, env); err != nil {
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
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "ro", "rw", "z":
		default:
			return fmt.Errorf("invalid option %q specified - volumes from another container can only use z,ro,rw options", option)
		}
	}
	return nil
}

// addVolume reads [SRC:]DEST[:OPTS]. A source that starts with / or . is a
// path of the host, any other a named volume; without one it is anonymous.
func addVolume(s *container.Storage, text string, env Env) error {
	parts := strings.Split(text, ":")
	if len(parts) > 3 {
		return fmt.Errorf("incorrect volume format, should be [host-dir:]ctr-dir[:option]: %s", text)
	}
	source, destination := "", parts[0]
	if len(parts) > 1 {
		source, destination = parts[0], parts[1]
		if source == "" {
			return errors.New("host directory cannot be empty")
		}
	}
	if err := parse.ValidateVolumeCtrDir(destination); err != nil {
		return err
	}
	var options []string
	if len(parts) == 3 {
		var err error
		if options, err = parse.ValidateVolumeOpts(strings.Split(parts[2], ",")); err != nil {
			return err
		}
	}
	if strings.HasPrefix(source, "/") || strings.HasPrefix(source, ".") {
		return addMount(s, bindOrOverlay(env.abs(source), destination, options))
	}
	return addVolumeMount(s, container.VolumeMount{
		Name: source, Destination: destination, Options: options, Anonymous: source == "",
	})
}

// bindOrOverlay returns a bind mount, or with the option O an overlay over
// the source.
func bindOrOverlay(source, destination string, options []string) container.Mount {
	mount := container.Mount{Type: "bind", Source: source, Destination: destination}
	for _, option := range options {
		if option == "O" {
			mount.Type = "overlay"
			continue
		}
		mount.Options = append(mount.Options, option)
	}
	return mount
}

// addMount and addVolumeMount refuse a destination that is taken, unless it is
// by the very same: that counts once.

func addMount(s *container.Storage, mount container.Mount) error {
	if mount.Destination != "" {
		mount.Destination = path.Clean(mount.Destination)
		if slices.ContainsFunc(s.Mounts, func(m container.Mount) bool { return reflect.DeepEqual(m, mount) }) {
			return nil
		}
		if err := destinationFree(s, mount.Destination); err != nil {
			return err
		}
	}
	s.Mounts = append(s.Mounts, mount)
	return nil
}

func addVolumeMount(s *container.Storage, volume container.VolumeMount) error {
	volume.Destination = path.Clean(volume.Destination)
	if slices.ContainsFunc(s.Volumes, func(v container.VolumeMount) bool { return reflect.DeepEqual(v, volume) }) {
		return nil
	}
	if err := destinationFree(s, volume.Destination); err != nil {
		return err
	}
	s.Volumes = append(s.Volumes, volume)
	return nil
}

func destinationFree(s *container.Storage, destination string) error {
	for _, mount := range s.Mounts {
		if mount.Destination == destination {
			return fmt.Errorf("%s: %w", destination, errdefs.ErrDuplicateDest)
		}
	}
	for _, volume := range s.Volumes {
		if volume.Destination == destination {
			return fmt.Errorf("%s: %w", destination, errdefs.ErrDuplicateDest)
		}
	}
	return nil
}
