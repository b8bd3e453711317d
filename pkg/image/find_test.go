package image

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	store := openTestStore(t, "vfs", Hooks{})
	want := loadTestImage(t, store, "hello", "example.test/motd:1", "localhost/motd:latest", "docker.io/library/motd:2")

	t.Run("by every plain kind of name", func(t *testing.T) {
		for ref, name := range map[string]string{
			"motd":                "localhost/motd:latest",
			"motd:latest":         "localhost/motd:latest",
			"localhost/motd":      "localhost/motd:latest",
			"motd:2":              "docker.io/library/motd:2",
			"example.test/motd:1": "example.test/motd:1",
			want.id:               "example.test/motd:1",
			want.id[:12]:          "example.test/motd:1",
			"sha256:" + want.id:   "example.test/motd:1",
		} {
			img, err := store.Find(t.Context(), ref)
			require.NoError(t, err, ref)
			require.NotNil(t, img, ref)
			require.Equal(t, want.id, img.ID, ref)
			require.Equal(t, name, img.Name, ref)
		}
	})
	t.Run("with what a container needs of it", func(t *testing.T) {
		img, err := store.Find(t.Context(), "motd")
		require.NoError(t, err)
		require.Equal(t, []string{"/bin/sh"}, img.Config.Cmd)
		require.Equal(t, 3, img.Healthcheck.Retries)
		require.Equal(t, 2024, img.Created.Year())
		require.Equal(t, []string{"linux", "amd64"}, []string{img.OS, img.Architecture})
	})
	t.Run("leaves the rest to the library", func(t *testing.T) {
		for _, ref := range []string{
			"", "nope", "example.test/motd:2", "UPPER", "sha256:" + want.id[:12], "oci:latest", "docker://motd", "dir:/x",
			"localhost/motd@sha256:" + want.id,
		} {
			img, err := store.Find(t.Context(), ref)
			require.NoError(t, err, ref)
			require.Nil(t, img, ref)
		}
	})
	t.Run("an image that cannot be read too", func(t *testing.T) {
		dir := filepath.Join(store.store.GraphRoot(), "vfs-images", want.id)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, entry := range entries {
			require.NoError(t, os.Remove(filepath.Join(dir, entry.Name())))
		}
		img, err := store.Find(t.Context(), "motd")
		require.NoError(t, err)
		require.Nil(t, img)
	})
}
