package library

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/containers/storage/pkg/reexec"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/image"
)

func TestMain(m *testing.M) {
	// Unpacking a layer runs this binary again.
	if reexec.Init() {
		return
	}
	os.Exit(m.Run())
}

// openTestStore opens a store of its own in a temporary directory.
func openTestStore(t *testing.T, driver string, hooks image.Hooks) *Library {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: needs root to unpack layers and mount them")
	}
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	store, err := image.Open(image.Config{
		Root: filepath.Join(dir, "root"), RunRoot: filepath.Join(dir, "run"), Driver: driver,
		RegistriesConf: writeFile(t, dir, "registries.conf", ""), BigFilesTemporaryDir: dir, Hooks: hooks,
	})
	if err != nil && driver == "overlay" {
		t.Skipf("SKIPPED: no overlay here: %v", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, store.Wipe())
		require.NoError(t, store.Close())
	})
	library, err := Open(store)
	require.NoError(t, err)
	return library
}

func writeFile(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// testImage is what an archive made by writeArchive holds.
type testImage struct {
	id    string
	names []string
}

// writeArchive writes a docker-archive with one image of one layer that holds
// /etc/motd with the given text.
func writeArchive(t *testing.T, path, motd string, names ...string) testImage {
	t.Helper()
	layer := tarOf(t, map[string]string{"etc/motd": motd})
	config := marshal(t, map[string]any{
		"architecture": "amd64", "os": "linux", "created": "2024-05-06T07:08:09Z",
		"config": map[string]any{
			"Cmd": []string{"/bin/sh"}, "Env": []string{"PATH=/bin"}, "Labels": map[string]string{"motd": motd},
			"Healthcheck": map[string]any{"Test": []string{"CMD", "true"}, "Retries": 3},
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hexSum(layer)}},
		"history": []map[string]any{{"created": "2024-05-06T07:08:09Z", "created_by": "motd", "comment": "made by a test"}},
	})
	id := hexSum(config)
	manifest := marshal(t, []map[string]any{{"Config": id + ".json", "RepoTags": names, "Layers": []string{"layer.tar"}}})
	archive := tarOf(t, map[string]string{id + ".json": string(config), "layer.tar": string(layer), "manifest.json": string(manifest)})
	require.NoError(t, os.WriteFile(path, archive, 0o600))
	return testImage{id: id, names: names}
}

// loadTestImage loads an image made by writeArchive.
func loadTestImage(t *testing.T, store *Library, motd string, names ...string) testImage {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	img := writeArchive(t, path, motd, names...)
	_, err := store.Load(t.Context(), path, nil)
	require.NoError(t, err)
	return img
}

func tarOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for name, content := range files {
		if dir := filepath.Dir(name); dir != "." {
			require.NoError(t, w.WriteHeader(&tar.Header{Name: dir + "/", Typeflag: tar.TypeDir, Mode: 0o755}))
		}
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}))
		_, err := w.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	require.NoError(t, err)
	return data
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// recordInto returns an OnEvent hook that appends to events.
func recordInto(events *[]image.Event) func(context.Context, image.Event) {
	return func(_ context.Context, event image.Event) { *events = append(*events, event) }
}
