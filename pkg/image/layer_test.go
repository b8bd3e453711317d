package image

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestChanges(t *testing.T) {
	store := openTestStore(t, "vfs", Hooks{})
	img := loadTestImage(t, store, "hello", "localhost/motd:latest")
	require.NoError(t, store.CreateContainer(ctrA, img.id, CreateOptions{}))
	dir, err := store.Mount(ctrA, "")
	require.NoError(t, err)
	writeFile(t, dir, "new", "x")
	require.NoError(t, os.Remove(filepath.Join(dir, "etc/motd")))

	changes, err := store.Changes(ctrA, "")
	require.NoError(t, err)
	require.Contains(t, changes, Change{ChangeAdded, "/new"})
	require.Contains(t, changes, Change{ChangeDeleted, "/etc/motd"})
	require.Contains(t, changes, Change{ChangeModified, "/etc"})
	other, err := store.Changes(img.id, ctrA)
	require.NoError(t, err)
	require.Contains(t, other, Change{ChangeDeleted, "/new"}, "of another container it is the other way round")
	require.Contains(t, other, Change{ChangeAdded, "/etc/motd"})
	for _, pair := range [][2]string{{ctrB, ""}, {ctrA, ctrB}} {
		_, err = store.Changes(pair[0], pair[1])
		require.ErrorIs(t, err, errdefs.ErrNotFound)
	}
}

func TestContainerDirectory_goes_with_the_container(t *testing.T) {
	store := openTestStore(t, "vfs", Hooks{})
	require.NoError(t, store.CreateContainer(ctrA, "", CreateOptions{}))
	dir, err := store.ContainerDirectory(ctrA)
	require.NoError(t, err)
	run, err := store.ContainerRunDirectory(ctrA)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(store.store.GraphRoot(), "vfs-containers", ctrA, "userdata"), dir)
	require.DirExists(t, run)
	require.NoError(t, store.DeleteContainer(ctrA))
	require.NoDirExists(t, dir)
	require.NoDirExists(t, run)
}

func TestMountImage(t *testing.T) {
	store := openTestStore(t, "overlay", Hooks{})
	img := loadTestImage(t, store, "hello", "localhost/motd:latest")
	for range 2 {
		dir, err := store.MountImage(img.id, "")
		require.NoError(t, err)
		require.FileExists(t, filepath.Join(dir, "etc/motd"))
	}
	for _, want := range []bool{true, false, false} {
		still, err := store.UnmountImage(img.id, false)
		require.NoError(t, err)
		require.Equal(t, want, still)
	}
	_, err := store.MountImage(ctrA, "")
	require.ErrorIs(t, err, errdefs.ErrNoSuchImage)
	_, err = store.UnmountImage(ctrA, true)
	require.NoError(t, err)
}
