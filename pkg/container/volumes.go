package container

import (
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/containers/common/pkg/parse"

	"github.com/podctl/podctl/pkg/errdefs"
)

// AddVolume adds what [SRC:]DEST[:OPTS] says. A source that starts with / or . is a
// path of the host, which abs makes absolute, any other a named volume; without one
// it is anonymous. [errdefs.ErrDuplicateDest] if the destination is taken.
func (s *Storage) AddVolume(text string, abs func(path string) string) error {
	parts := strings.Split(text, ":")
	if len(parts) > 3 {
		return fmt.Errorf("%s: incorrect volume format, should be [host-dir:]ctr-dir[:option]", text)
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
		return s.AddMount(bindOrOverlay(abs(source), destination, options))
	}
	return s.AddVolumeMount(VolumeMount{
		Name: source, Destination: destination, Options: options, Anonymous: source == "",
	})
}

// bindOrOverlay returns a bind mount, or with the option O an overlay over
// the source.
func bindOrOverlay(source, destination string, options []string) Mount {
	mount := Mount{Type: "bind", Source: source, Destination: destination}
	for _, option := range options {
		if option == "O" {
			mount.Type = "overlay"
			continue
		}
		mount.Options = append(mount.Options, option)
	}
	return mount
}

// AddMount adds a mount to a destination that is free. The very same mount twice
// counts once.
func (s *Storage) AddMount(mount Mount) error {
	if mount.Destination != "" {
		mount.Destination = path.Clean(mount.Destination)
		if slices.ContainsFunc(s.Mounts, func(m Mount) bool { return reflect.DeepEqual(m, mount) }) {
			return nil
		}
		if err := s.destinationFree(mount.Destination); err != nil {
			return err
		}
	}
	s.Mounts = append(s.Mounts, mount)
	return nil
}

// AddVolumeMount is AddMount for a volume.
func (s *Storage) AddVolumeMount(volume VolumeMount) error {
	volume.Destination = path.Clean(volume.Destination)
	if slices.ContainsFunc(s.Volumes, func(v VolumeMount) bool { return reflect.DeepEqual(v, volume) }) {
		return nil
	}
	if err := s.destinationFree(volume.Destination); err != nil {
		return err
	}
	s.Volumes = append(s.Volumes, volume)
	return nil
}

// Has reports whether something is mounted on that path, which is clean.
func (s *Storage) Has(destination string) bool {
	return slices.ContainsFunc(s.Mounts, func(m Mount) bool { return m.Destination == destination }) ||
		slices.ContainsFunc(s.Volumes, func(v VolumeMount) bool { return v.Destination == destination })
}

func (s *Storage) destinationFree(destination string) error {
	if s.Has(destination) {
		return fmt.Errorf("%s: %w", destination, errdefs.ErrDuplicateDest)
	}
	return nil
}
