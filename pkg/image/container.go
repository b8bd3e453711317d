package image

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/containers/storage"
	"github.com/containers/storage/pkg/idtools"
	"github.com/containers/storage/pkg/mount"
	"github.com/containers/storage/pkg/unshare"
	"github.com/containers/storage/types"
	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// containerMetadata marks a container in the shared store as podctl's, for
// whoever looks for leftovers.
const containerMetadata = `{"creator":"podctl"}`

// CreateOptions modify CreateContainer.
type CreateOptions struct {
	// ProcessLabel and MountLabel are the SELinux labels, both or neither.
	ProcessLabel, MountLabel string
	// IDMappings are the user namespace's, nil for the host's.
	IDMappings *container.IDMappings
	// AutoUserNS, if set, asks for a range no other container in the store has,
	// instead of IDMappings. See [Store.Mappings].
	AutoUserNS *container.AutoOptions
	// StorageOpts are per container driver options such as size=10G.
	StorageOpts map[string]string
	// Volatile says that the layer need not survive a power cut: it is
	// written and mounted without syncing.
	Volatile bool
}

// CreateContainer makes the writable layer of container id over the image, or
// over nothing if imageID is empty, and registers it in the store without a
// name. It is idempotent: if the container is there already nothing is done,
// and a layer left behind by a killed call is made anew.
func (s *Store) CreateContainer(id, imageID string, opts CreateOptions) error {
	if s.ContainerExists(id) {
		return nil
	}
	err := s.createContainer(id, imageID, opts)
	if errors.Is(err, storage.ErrDuplicateID) {
		if s.ContainerExists(id) {
			return nil
		}
		// A layer of this ID without a container: a call was killed between
		// the two. Nothing was ever written into it.
		if err := s.store.DeleteLayer(id); err != nil && !errors.Is(err, storage.ErrNotALayer) {
			return fmt.Errorf("delete abandoned layer of container %s: %w", id, err)
		}
		err = s.createContainer(id, imageID, opts)
	}
	if err != nil {
		return fmt.Errorf("create layer of container %s: %w", id, Classify(err))
	}
	return nil
}

// autoUser is whose ranges in /etc/subuid and /etc/subgid are given out, as
// containers-storage.conf(5) has it.
const autoUser = "containers"

// checkAuto refuses to pick a range where there are none, with what to do.
func checkAuto() error {
	if unshare.IsRootless() {
		return nil // the user's own ranges are what podctl runs in
	}
	if _, err := idtools.NewIDMappings(autoUser, autoUser); err != nil {
		return fmt.Errorf("%w: it is there that containers get user namespaces of their own from: add a line such as %s:2147483648:2147483648 to /etc/subuid and /etc/subgid: %w",
			err, autoUser, errdefs.ErrUnavailable)
	}
	return nil
}

func (s *Store) createContainer(id, imageID string, opts CreateOptions) error {
	if opts.AutoUserNS != nil {
		if err := checkAuto(); err != nil {
			return err
		}
	}
	flags := map[string]any{}
	if opts.MountLabel != "" || opts.ProcessLabel != "" {
		flags["ProcessLabel"], flags["MountLabel"] = opts.ProcessLabel, opts.MountLabel
	}
	_, err := s.store.CreateContainer(id, nil, imageID, id, containerMetadata, &storage.ContainerOptions{
		IDMappingOptions: opts.idMapping(),
		Flags:            flags,
		StorageOpt:       opts.StorageOpts,
		Volatile:         opts.Volatile,
	})
	return err
}

func (o CreateOptions) idMapping() types.IDMappingOptions {
	switch {
	case o.AutoUserNS != nil:
		return types.IDMappingOptions{AutoUserNs: true, AutoUserNsOpts: types.AutoUserNsOptions{
			Size:                  o.AutoUserNS.Size,
			AdditionalUIDMappings: toLibraryMaps(o.AutoUserNS.Additional.UID),
			AdditionalGIDMappings: toLibraryMaps(o.AutoUserNS.Additional.GID),
		}}
	case o.IDMappings == nil:
		return types.IDMappingOptions{HostUIDMapping: true, HostGIDMapping: true}
	}
	return types.IDMappingOptions{UIDMap: toLibraryMaps(o.IDMappings.UID), GIDMap: toLibraryMaps(o.IDMappings.GID)}
}

// LibraryMaps are a container's ranges as containers/storage has them; none for
// the host's namespace.
func LibraryMaps(maps *container.IDMappings) (uids, gids []idtools.IDMap) {
	if maps == nil {
		return nil, nil
	}
	return toLibraryMaps(maps.UID), toLibraryMaps(maps.GID)
}

func toLibraryMaps(maps []container.IDMap) []idtools.IDMap {
	var out []idtools.IDMap
	for _, m := range maps {
		out = append(out, idtools.IDMap{ContainerID: int(m.ContainerID), HostID: int(m.HostID), Size: int(m.Size)})
	}
	return out
}

func fromLibraryMaps(maps []idtools.IDMap) []container.IDMap {
	var out []container.IDMap
	for _, m := range maps {
		out = append(out, container.IDMap{ContainerID: uint32(m.ContainerID), HostID: uint32(m.HostID), Size: uint32(m.Size)})
	}
	return out
}

// ContainerExists says whether the store has container id.
func (s *Store) ContainerExists(id string) bool {
	c, err := s.store.Container(id)
	// The library finds prefixes and names too.
	return err == nil && c.ID == id
}

// Mappings returns the user namespace container id was made for, with
// [CreateOptions.AutoUserNS] the one that was chosen; nil means the host's.
func (s *Store) Mappings(id string) (*container.IDMappings, error) {
	c, err := s.store.Container(id)
	if err != nil {
		return nil, fmt.Errorf("layer of container %s: %w", id, err)
	}
	if len(c.UIDMap)+len(c.GIDMap) == 0 {
		return nil, nil
	}
	return &container.IDMappings{UID: fromLibraryMaps(c.UIDMap), GID: fromLibraryMaps(c.GIDMap)}, nil
}

// Labels returns the SELinux labels of container id, empty without SELinux.
func (s *Store) Labels(id string) (process, mount string, err error) {
	c, err := s.store.Container(id)
	if err != nil {
		return "", "", fmt.Errorf("layer of container %s: %w", id, err)
	}
	return c.ProcessLabel(), c.MountLabel(), nil
}

// Mount mounts the root file system of container id and returns where. It is
// idempotent: mounted twice, it is still gone after one Unmount. An empty label
// means the one given to CreateContainer.
func (s *Store) Mount(id, label string) (string, error) {
	if dir, mounted := s.mountpoint(id); mounted {
		return dir, nil
	}
	dir, err := s.store.Mount(id, label)
	if err != nil {
		return "", fmt.Errorf("mount container %s: %w", id, err)
	}
	return dir, nil
}

// Mountpoint returns where container id is mounted, "" if it is not.
func (s *Store) Mountpoint(id string) string {
	dir, mounted := s.mountpoint(id)
	if !mounted {
		return ""
	}
	return dir
}

func (s *Store) mountpoint(id string) (string, bool) {
	c, err := s.store.Container(id)
	if err != nil {
		return "", false
	}
	layer, err := s.store.Layer(c.LayerID)
	if err != nil || layer.MountCount <= 0 || layer.MountPoint == "" {
		return "", false
	}
	if s.store.GraphDriverName() == "vfs" {
		// vfs copies; its directories are never mounted.
		return layer.MountPoint, true
	}
	// The count survives what unmounted the directory behind the library's back.
	mounted, err := mount.Mounted(layer.MountPoint)
	return layer.MountPoint, err == nil && mounted
}

// Unmount unmounts container id, whose mounts may have been counted by another
// tool; force ignores the count. It says whether it still is mounted, and is
// idempotent: what is unknown or not mounted is not an error.
func (s *Store) Unmount(id string, force bool) (still bool, err error) {
	count, err := s.store.Mounted(id)
	if errors.Is(err, storage.ErrLayerUnknown) || errors.Is(err, storage.ErrContainerUnknown) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("unmount container %s: %w", id, err)
	}
	// Unmounting below zero makes the library's count negative.
	if count <= 0 {
		return false, s.dropUncounted(id)
	}
	still, err = s.store.Unmount(id, force)
	if errors.Is(err, unix.ENOTEMPTY) && s.clearMountPoint(id) == nil {
		still, err = s.store.Unmount(id, force)
	}
	if errors.Is(err, storage.ErrLayerNotMounted) || errors.Is(err, storage.ErrLayerUnknown) {
		return false, nil
	}
	if err != nil {
		return still, fmt.Errorf("unmount container %s: %w", id, err)
	}
	return still, nil
}

// dropUncounted unmounts what a process mounted that was killed before it counted
// that. The library would move the layer away with the mount in it, and then
// could neither remove it nor open the store again.
func (s *Store) dropUncounted(id string) error {
	home := filepath.Join(s.store.GraphRoot(), "overlay")
	merged := filepath.Join(home, id, "merged")
	for {
		for unix.Unmount(merged, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW) == nil { // there may be several
		}
		// No directory is removed on which something is mounted, even below another
		// mount: two processes that open the store at once can both mount it.
		err := unix.Rmdir(merged)
		if !errors.Is(err, unix.EBUSY) {
			return nil // gone, or not empty and the library's affair
		}
		if err := uncover(home); err != nil {
			return fmt.Errorf("unmount %s: %w", merged, err)
		}
	}
}

// uncover takes away the last of several mounts on dir, unless something is
// mounted in it.
func uncover(dir string) error {
	mounts, err := mountinfo.GetMounts(mountinfo.PrefixFilter(dir))
	if err != nil {
		return err
	}
	var on []*mountinfo.Info
	for _, m := range mounts {
		if m.Mountpoint == dir {
			on = append(on, m)
		}
	}
	if len(on) < 2 {
		return fmt.Errorf("it is mounted in another way than podctl's: %w", errdefs.ErrUnavailable)
	}
	top := on[len(on)-1].ID
	if slices.ContainsFunc(mounts, func(m *mountinfo.Info) bool { return m.Parent == top }) {
		return fmt.Errorf("it is below a mount that is in use: %w", errdefs.ErrUnavailable)
	}
	return unix.Unmount(dir, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
}

// clearMountPoint removes what somebody wrote where container id's root file
// system is mounted, while it was not: an OCI runtime that outlived its caller
// makes directories there. The library would refuse the container ever after.
func (s *Store) clearMountPoint(id string) error {
	dir := filepath.Join(s.store.GraphRoot(), "overlay", id, "merged")
	mounts, err := mountinfo.GetMounts(mountinfo.PrefixFilter(dir))
	if err != nil {
		return err
	}
	if len(mounts) > 0 {
		return fmt.Errorf("clear %s: something is mounted there", dir)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

// DeleteContainer unmounts container id and deletes its layer and directories.
// It is idempotent: an unknown container is not an error, and a layer that a
// killed CreateContainer left without its container goes too.
func (s *Store) DeleteContainer(id string) error {
	if _, err := s.Unmount(id, true); err != nil {
		return err
	}
	err := s.store.DeleteContainer(id)
	if err == nil {
		return nil
	}
	if !errors.Is(err, storage.ErrNotAContainer) && !errors.Is(err, storage.ErrContainerUnknown) {
		return fmt.Errorf("delete layer of container %s: %w", id, err)
	}
	if err := s.store.DeleteLayer(id); err != nil &&
		!errors.Is(err, storage.ErrNotALayer) && !errors.Is(err, storage.ErrLayerUnknown) {
		return fmt.Errorf("delete abandoned layer of container %s: %w", id, err)
	}
	return nil
}

// OwnContainers returns the IDs of all containers podctl made in the store,
// with a record of their own elsewhere or not.
func (s *Store) OwnContainers() ([]string, error) {
	containers, err := s.store.Containers()
	if err != nil {
		return nil, fmt.Errorf("list containers in the image store: %w", err)
	}
	var ids []string
	for _, c := range containers {
		if c.Metadata == containerMetadata {
			ids = append(ids, c.ID)
		}
	}
	return ids, nil
}

// Foreign is a container another program made in the store.
type Foreign struct {
	ID, Name           string
	ImageID, ImageName string
	Created            time.Time
}

// ForeignContainers returns the containers in the store that podctl did not make.
func (s *Store) ForeignContainers() ([]Foreign, error) {
	containers, err := s.store.Containers()
	if err != nil {
		return nil, fmt.Errorf("list containers in the image store: %w", err)
	}
	var list []Foreign
	for _, c := range containers {
		if c.Metadata == containerMetadata {
			continue
		}
		f := Foreign{ID: c.ID, ImageID: c.ImageID, Created: c.Created}
		if len(c.Names) > 0 {
			f.Name = c.Names[0]
		}
		if img, err := s.store.Image(c.ImageID); err == nil && len(img.Names) > 0 {
			f.ImageName = img.Names[0]
		}
		list = append(list, f)
	}
	return list, nil
}
