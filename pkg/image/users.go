package image

import (
	"context"
	"fmt"
	"slices"
)

// ImageUsers returns the containers in the shared store that are made from the
// image and are not podctl's: podman's and buildah's.
func (s *Store) ImageUsers(ctx context.Context, imageID string) ([]string, error) {
	containers, err := s.ContainersByImage()
	if err != nil {
		return nil, err
	}
	own, err := s.InUse(ctx, imageID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(containers[imageID], func(id string) bool { return slices.Contains(own, id) }), nil
}

// ContainersByImage returns every container in the store under its image's ID.
func (s *Store) ContainersByImage() (map[string][]string, error) {
	containers, err := s.store.Containers()
	if err != nil {
		return nil, fmt.Errorf("list containers in the image store: %w", err)
	}
	byImage := map[string][]string{}
	for _, c := range containers {
		byImage[c.ImageID] = append(byImage[c.ImageID], c.ID)
	}
	return byImage, nil
}

// IsExternal returns the question "may this container be swept away as another
// tool's leftover?": it is not podctl's, and nobody has it mounted.
func (s *Store) IsExternal(ctx context.Context) func(id string) (bool, error) {
	return func(id string) (bool, error) {
		container, err := s.store.Container(id)
		if err != nil {
			return false, err
		}
		own, err := s.InUse(ctx, container.ImageID)
		if err != nil {
			return false, err
		}
		return !slices.Contains(own, id) && !s.IsMounted(id), nil
	}
}

// IsMounted counts a container whose state cannot be read as mounted: this
// question is asked before deleting.
func (s *Store) IsMounted(id string) bool {
	count, err := s.store.Mounted(id)
	return err != nil || count > 0
}
