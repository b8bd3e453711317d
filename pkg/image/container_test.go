package image

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/containers/storage"
	"github.com/stretchr/testify/require"
)

func TestContainer(t *testing.T) {
	for _, driver := range []string{"vfs", "overlay"} {
		t.Run(driver, func(t *testing.T) {
			store := openTestStore(t, driver, Hooks{})
			img := loadTestImage(t, store, "hello", "localhost/motd:latest")
			require.NoError(t, store.CreateContainer(ctrA, img.id, CreateOptions{}))
			require.NoError(t, store.CreateContainer(ctrA, img.id, CreateOptions{}), "creating again is nothing to do")
			require.True(t, store.ContainerExists(ctrA))
			require.False(t, store.ContainerExists(ctrA[:12]), "a prefix is no container ID")

			dir, err := store.Mount(ctrA, "")
			require.NoError(t, err)
			again, err := store.Mount(ctrA, "")
			require.NoError(t, err)
			require.Equal(t, dir, again)
			require.Equal(t, dir, store.Mountpoint(ctrA))
			motd, err := os.ReadFile(filepath.Join(dir, "etc/motd"))
			require.NoError(t, err)
			require.Equal(t, "hello", string(motd))

			still, err := store.Unmount(ctrA, false)
			require.NoError(t, err)
			require.False(t, still, "one Unmount undoes two Mounts")
			still, err = store.Unmount(ctrA, false)
			require.NoError(t, err)
			require.False(t, still)
			require.Empty(t, store.Mountpoint(ctrA))

			_, err = store.Mount(ctrA, "")
			require.NoError(t, err)
			require.NoError(t, store.DeleteContainer(ctrA), "deleting unmounts first")
			require.NoError(t, store.DeleteContainer(ctrA))
			require.False(t, store.ContainerExists(ctrA))
			_, err = store.Unmount(ctrA, true)
			require.NoError(t, err)
		})
	}
}

func TestContainer_has_no_name_and_says_who_made_it(t *testing.T) {
	store := openTestStore(t, "vfs", Hooks{})
	require.NoError(t, store.CreateContainer(ctrA, "", CreateOptions{}), "an infra container needs no image")
	_, err := store.store.CreateContainer(ctrB, []string{"web"}, "", "", "{}", nil)
	require.NoError(t, err)
	container, err := store.store.Container(ctrA)
	require.NoError(t, err)
	require.Empty(t, container.Names)
	own, err := store.OwnContainers()
	require.NoError(t, err)
	require.Equal(t, []string{ctrA}, own)
}

func TestContainer_layer_of_a_killed_create(t *testing.T) {
	abandon := func(t *testing.T, store *Store) {
		_, err := store.store.CreateLayer(ctrA, "", nil, "", true, nil)
		require.NoError(t, err)
	}
	t.Run("is made anew", func(t *testing.T) {
		store := openTestStore(t, "vfs", Hooks{})
		abandon(t, store)
		require.NoError(t, store.CreateContainer(ctrA, "", CreateOptions{}))
		require.True(t, store.ContainerExists(ctrA))
	})
	t.Run("is deleted with the container", func(t *testing.T) {
		store := openTestStore(t, "vfs", Hooks{})
		abandon(t, store)
		require.NoError(t, store.DeleteContainer(ctrA))
		_, err := store.store.Layer(ctrA)
		require.ErrorIs(t, err, storage.ErrLayerUnknown)
	})
}

func TestContainer_unknown_image(t *testing.T) {
	store := openTestStore(t, "vfs", Hooks{})
	err := store.CreateContainer(ctrA, ctrB, CreateOptions{})
	require.ErrorContains(t, err, "image not known")
	require.False(t, store.ContainerExists(ctrA))
}
