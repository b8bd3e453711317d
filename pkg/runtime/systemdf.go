package runtime

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/containers/storage/pkg/directory"

	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/volume"
)

// DiskUsage is the space podctl's objects take, in bytes.
type DiskUsage struct {
	// Images are all names of all images; ImagesSize is the space their layers
	// take together, shared ones counted once.
	Images     []image.Usage
	ImagesSize int64
	Containers []ContainerListing // with Size
	Volumes    []VolumeUsage
}

// VolumeUsage is the space of one volume.
type VolumeUsage struct {
	Name string
	// Links is how many containers have the volume.
	Links int
	Size  int64
}

// DiskUsage measures images, containers and volumes.
func (r *Runtime) DiskUsage(ctx context.Context) (DiskUsage, error) {
	var d DiskUsage
	images, err := r.library()
	if err != nil {
		return d, err
	}
	if d.Images, d.ImagesSize, err = images.DiskUsage(ctx); err != nil {
		return d, err
	}
	if d.Containers, err = r.ListContainers(ctx, ContainerListOptions{All: true, Size: true}); err != nil {
		return d, err
	}
	list, err := r.ListVolumes(ctx, nil)
	if err != nil {
		return d, err
	}
	for _, v := range list {
		size, err := volumeSize(v)
		if err != nil {
			return d, err
		}
		d.Volumes = append(d.Volumes, VolumeUsage{Name: v.Name, Links: len(v.Users), Size: size})
	}
	return d, nil
}

// volumeSize is what a volume's directory takes; one that is gone takes nothing.
func volumeSize(v volume.Status) (int64, error) {
	if v.Mountpoint == "" {
		return 0, nil
	}
	if _, err := os.Lstat(v.Mountpoint); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return directory.Size(v.Mountpoint)
}

// volumeSizes are the sizes of all volumes by name.
func (r *Runtime) volumeSizes(ctx context.Context) (map[string]int64, error) {
	list, err := r.ListVolumes(ctx, nil)
	if err != nil {
		return nil, err
	}
	sizes := make(map[string]int64, len(list))
	for _, v := range list {
		if sizes[v.Name], err = volumeSize(v); err != nil {
			return nil, err
		}
	}
	return sizes, nil
}

// containerSizes is what containers wrote, by ID.
func (r *Runtime) containerSizes(ctx context.Context) (map[string]int64, error) {
	list, err := r.ListContainers(ctx, ContainerListOptions{All: true, Size: true})
	if err != nil {
		return nil, err
	}
	sizes := make(map[string]int64, len(list))
	for _, c := range list {
		if c.Size != nil {
			sizes[c.ID] = c.Size.RW
		}
	}
	return sizes, nil
}
