package image

import (
	"fmt"
	"strings"

	"github.com/containers/storage/types"
	"golang.org/x/sys/unix"
)

// Sizes are the disk space of one container's file system, in bytes.
type Sizes struct {
	// RW is what the container wrote, RootFS what it has from its image.
	RW, RootFS int64
}

// ContainerSizes measures container id. Layers are walked, which takes time.
func (s *Store) ContainerSizes(id string) (Sizes, error) {
	var sizes Sizes
	container, err := s.store.Container(id)
	if err != nil {
		return sizes, fmt.Errorf("measure container %s: %w", id, err)
	}
	layer, err := s.store.Layer(container.LayerID)
	if err != nil {
		return sizes, fmt.Errorf("measure container %s: %w", id, err)
	}
	if sizes.RW, err = s.store.DiffSize(layer.Parent, layer.ID); err != nil {
		return sizes, fmt.Errorf("measure container %s: %w", id, err)
	}
	for parent := layer.Parent; parent != ""; parent = layer.Parent {
		if layer, err = s.store.Layer(parent); err != nil {
			return sizes, fmt.Errorf("measure container %s: %w", id, err)
		}
		size, err := s.store.DiffSize(layer.Parent, layer.ID)
		if err != nil {
			return sizes, fmt.Errorf("measure container %s: %w", id, err)
		}
		sizes.RootFS += size
	}
	return sizes, nil
}

// DriverData is what the storage driver says of one layer: its directories.
type DriverData struct {
	Name string
	Data map[string]string
}

// ContainerDriverData describes the layer of container id.
func (s *Store) ContainerDriverData(id string) (DriverData, error) {
	container, err := s.store.Container(id)
	if err != nil {
		return DriverData{}, fmt.Errorf("layer of container %s: %w", id, err)
	}
	driver, err := s.store.GraphDriver()
	if err != nil {
		return DriverData{}, fmt.Errorf("layer of container %s: %w", id, err)
	}
	data, err := driver.Metadata(container.LayerID)
	if err != nil {
		return DriverData{}, fmt.Errorf("layer of container %s: %w", id, err)
	}
	if s.Mountpoint(id) == "" {
		delete(data, "MergedDir")
	}
	return DriverData{Name: driver.String(), Data: data}, nil
}

// Info describes the store.
type Info struct {
	// ConfigFile is the storage.conf in force, which need not exist.
	ConfigFile                string
	Driver                    string
	Root, RunRoot, ImageStore string
	ImageCopyTmpDir           string
	TransientStore            bool
	DriverOptions             map[string]string
	DriverStatus              map[string]string
	Images                    int
	RootAllocated, RootUsed   uint64
	Containers, OwnedByPodctl int
}

// Info reads the state of the store and its file system.
func (s *Store) Info() (Info, error) {
	info := Info{
		Driver: s.store.GraphDriverName(), Root: s.store.GraphRoot(), RunRoot: s.store.RunRoot(),
		ImageStore: s.store.ImageStore(), ImageCopyTmpDir: s.sys.BigFilesTemporaryDir, TransientStore: s.store.TransientStore(),
		DriverOptions: driverOptions(s.store.GraphOptions()), DriverStatus: map[string]string{},
	}
	var err error
	if info.ConfigFile, err = types.DefaultConfigFile(); err != nil {
		return info, fmt.Errorf("find storage.conf: %w", err)
	}
	status, err := s.store.Status()
	if err != nil {
		return info, fmt.Errorf("read storage driver status: %w", err)
	}
	for _, pair := range status {
		info.DriverStatus[pair[0]] = pair[1]
	}
	images, err := s.store.Images()
	if err != nil {
		return info, fmt.Errorf("list images: %w", err)
	}
	info.Images = len(images)
	containers, err := s.store.Containers()
	if err != nil {
		return info, fmt.Errorf("list containers in the image store: %w", err)
	}
	info.Containers = len(containers)
	own, err := s.OwnContainers()
	if err != nil {
		return info, err
	}
	info.OwnedByPodctl = len(own)
	var fs unix.Statfs_t
	if err := unix.Statfs(info.Root, &fs); err != nil {
		return info, fmt.Errorf("measure %s: %w", info.Root, err)
	}
	blockSize := uint64(fs.Bsize) //nolint:unconvert // its type depends on the architecture
	info.RootAllocated, info.RootUsed = fs.Blocks*blockSize, (fs.Blocks-fs.Bfree)*blockSize
	return info, nil
}

// driverOptions makes a map of "driver.key=value" options.
func driverOptions(options []string) map[string]string {
	out := map[string]string{}
	for _, option := range options {
		key, value, _ := strings.Cut(option, "=")
		out[key] = value
	}
	return out
}
