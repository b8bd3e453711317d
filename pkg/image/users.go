package image

import (
	"context"
	"fmt"
	"slices"

	"github.com/podctl/podctl/pkg/errdefs"
)

// ImageUsers returns the containers in the shared store that are made from the
// image and are not podctl's: podman's and buildah's.
func (s *Store) ImageUsers(ctx context.Context, imageID string) ([]string, error) {
	containers, err := s.containersByImage()
	if err != nil {
		return nil, err
	}
	own, err := s.inUse(ctx, imageID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(containers[imageID], func(id string) bool { return slices.Contains(own, id) }), nil
}

// containersByImage returns every container in the store under its image's ID.
func (s *Store) containersByImage() (map[string][]string, error) {
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

// isExternal returns the question "may this container be swept away as another
// tool's leftover?": it is not podctl's, and nobody has it mounted.
func (s *Store) isExternal(ctx context.Context) func(id string) (bool, error) {
	return func(id string) (bool, error) {
		container, err := s.store.Container(id)
		if err != nil {
			return false, err
		}
		own, err := s.inUse(ctx, container.ImageID)
		if err != nil {
			return false, err
		}
		return !slices.Contains(own, id) && !s.isMounted(id), nil
	}
}

// isMounted counts a container whose state cannot be read as mounted: this
// question is asked before deleting.
func (s *Store) isMounted(id string) bool {
	count, err := s.store.Mounted(id)
	return err != nil || count > 0
}

// inUseError is the refusal to remove an image because of a container.
func inUseError(containerID, remedy string) error {
	return fmt.Errorf("image used by %s: %w: %s", containerID, errdefs.ErrImageInUse, remedy)
}
