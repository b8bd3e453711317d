package library

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/image"
)

// damage removes the configuration of an image from the store's files.
func damage(t *testing.T, store *Library, imageID string) {
	t.Helper()
	dir := filepath.Join(store.Storage().GraphRoot(), "vfs-images", imageID)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		require.NoError(t, os.Remove(filepath.Join(dir, entry.Name())))
	}
}

func TestEnsure_pulls_a_damaged_image_again(t *testing.T) {
	reg := newRegistry(t)
	store := openTestStore(t, "vfs", image.Hooks{})
	insecure := false
	ref := reg.host + "/motd:latest"
	opts := image.PullOptions{
		SignaturePolicy: writeFile(t, t.TempDir(), "policy.json", `{"default": [{"type": "insecureAcceptAnything"}]}`),
		Registry:        image.Registry{TLSVerify: &insecure},
	}
	id := reg.put(t, "one")
	_, err := store.Ensure(t.Context(), ref, opts)
	require.NoError(t, err)
	damage(t, store, id)

	_, err = store.Ensure(t.Context(), ref, image.PullOptions{Policy: image.PullNever})
	require.Error(t, err)
	img, err := store.Ensure(t.Context(), ref, opts)
	require.NoError(t, err)
	require.Equal(t, id, img.ID)
}

func TestRemove_a_damaged_image(t *testing.T) {
	store, _, _ := newRemoveStore(t)
	img := loadTestImage(t, store, "x", "localhost/a:1")
	damage(t, store, img.id)
	list, err := store.List(t.Context(), ListOptions{})
	require.NoError(t, err)
	require.Len(t, list, 1, "a damaged image can be seen")
	require.Equal(t, []string{"localhost/a:1"}, list[0].Names)
	report, errs := store.Remove(t.Context(), []string{"a:1"}, image.RemoveOptions{})
	require.Empty(t, errs, "and removed")
	require.Equal(t, []string{img.id}, report.Deleted)
}
