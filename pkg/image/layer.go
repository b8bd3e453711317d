package image

import (
	"errors"
	"fmt"

	"github.com/containers/storage"
	"github.com/containers/storage/pkg/archive"

	"github.com/podctl/podctl/pkg/errdefs"
)

// ContainerDirectory returns the directory the store keeps for container id,
// made if need be. It survives reboots and is deleted with the container.
func (s *Store) ContainerDirectory(id string) (string, error) {
	dir, err := s.store.ContainerDirectory(id)
	if err != nil {
		return "", fmt.Errorf("directory of container %s: %w", id, err)
	}
	return dir, nil
}

// ContainerRunDirectory is ContainerDirectory in the run root, which a reboot
// empties.
func (s *Store) ContainerRunDirectory(id string) (string, error) {
	dir, err := s.store.ContainerRunDirectory(id)
	if err != nil {
		return "", fmt.Errorf("run directory of container %s: %w", id, err)
	}
	return dir, nil
}

// ChangeKind is what happened to a path.
type ChangeKind string

// The kinds of changes, as podman-diff(1) prints them.
const (
	ChangeModified ChangeKind = "C"
	ChangeAdded    ChangeKind = "A"
	ChangeDeleted  ChangeKind = "D"
)

// Change is one path that differs from the image.
type Change struct {
	Kind ChangeKind
	Path string
}

// Changes returns what container id, or else the top layer of image id, changed
// of container or image base, sorted by path. An empty base is the layer below.
func (s *Store) Changes(id, base string) ([]Change, error) {
	layer, err := s.topLayer(id)
	if err != nil {
		return nil, err
	}
	below := ""
	if base != "" {
		if below, err = s.topLayer(base); err != nil {
			return nil, err
		}
	}
	changes, err := s.store.Changes(below, layer)
	if err != nil {
		return nil, fmt.Errorf("compare layer of %s: %w", id, err)
	}
	out := make([]Change, 0, len(changes))
	for _, change := range changes {
		kind := ChangeModified
		switch change.Kind {
		case archive.ChangeAdd:
			kind = ChangeAdded
		case archive.ChangeDelete:
			kind = ChangeDeleted
		}
		out = append(out, Change{Kind: kind, Path: change.Path})
	}
	return out, nil
}

// topLayer is that of a container, or else an image.
func (s *Store) topLayer(id string) (string, error) {
	if container, err := s.store.Container(id); err == nil {
		return container.LayerID, nil
	}
	img, err := s.store.Image(id)
	if err != nil {
		return "", fmt.Errorf("%s: %w", id, errdefs.ErrNotFound)
	}
	return img.TopLayer, nil
}

// MountImage mounts an image read-only and returns where. Mounts are counted:
// each needs its UnmountImage.
func (s *Store) MountImage(imageID, label string) (string, error) {
	dir, err := s.store.MountImage(imageID, nil, label)
	if err != nil {
		return "", fmt.Errorf("mount image %s: %w", imageID, Classify(err))
	}
	return dir, nil
}

// UnmountImage undoes one MountImage, or all with force, and says whether the
// image still is mounted. An image that is not mounted or unknown is no error.
func (s *Store) UnmountImage(imageID string, force bool) (still bool, err error) {
	img, err := s.store.Image(imageID)
	if errors.Is(err, storage.ErrImageUnknown) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("unmount image %s: %w", imageID, err)
	}
	count, err := s.store.Mounted(img.TopLayer)
	if err != nil {
		return false, fmt.Errorf("unmount image %s: %w", imageID, err)
	}
	if count <= 0 {
		return false, nil
	}
	still, err = s.store.UnmountImage(imageID, force)
	if err != nil {
		return still, fmt.Errorf("unmount image %s: %w", imageID, err)
	}
	return still, nil
}
