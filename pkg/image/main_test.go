package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containers/image/v5/manifest"
	"github.com/containers/storage"
	"github.com/containers/storage/pkg/reexec"
	"github.com/opencontainers/go-digest"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	// Unpacking a layer runs this binary again.
	if reexec.Init() {
		return
	}
	os.Exit(m.Run())
}

var (
	ctrA = strings.Repeat("a", 64)
	ctrB = strings.Repeat("b", 64)
)

// openTestStore opens a store of its own in a temporary directory.
func openTestStore(t *testing.T, driver string, hooks Hooks) *Store {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: needs root to unpack layers and mount them")
	}
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	store, err := Open(Config{
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
	return store
}

func writeFile(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// testImage is what is in the store after loadTestImage.
type testImage struct{ id string }

// loadTestImage puts an image in Docker's format into the store, of one layer that
// holds /etc/motd with the given text.
func loadTestImage(t *testing.T, store *Store, motd string, names ...string) testImage {
	t.Helper()
	var content bytes.Buffer
	w := tar.NewWriter(&content)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "etc/", Typeflag: tar.TypeDir, Mode: 0o755}))
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "etc/motd", Mode: 0o644, Size: int64(len(motd))}))
	_, err := w.Write([]byte(motd))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	layer, size, err := store.store.PutLayer("", "", nil, "", false, nil, &content)
	require.NoError(t, err)

	config := marshal(t, map[string]any{
		"architecture": "amd64", "os": "linux", "created": "2024-05-06T07:08:09Z",
		"config": map[string]any{"Cmd": []string{"/bin/sh"}, "Healthcheck": map[string]any{"Test": []string{"CMD", "true"}, "Retries": 3}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{layer.UncompressedDigest.String()}},
	})
	sum := digest.FromBytes(config)
	text, err := manifest.Schema2FromComponents(
		manifest.Schema2Descriptor{MediaType: manifest.DockerV2Schema2ConfigMediaType, Digest: sum, Size: int64(len(config))},
		[]manifest.Schema2Descriptor{{MediaType: manifest.DockerV2SchemaLayerMediaTypeUncompressed, Digest: layer.UncompressedDigest, Size: size}},
	).Serialize()
	require.NoError(t, err)
	whole := digest.FromBytes(text)
	_, err = store.store.CreateImage(sum.Encoded(), names, layer.ID, "", &storage.ImageOptions{
		CreationDate: time.Now(), Digest: whole,
		BigData: []storage.ImageBigDataOption{
			{Key: sum.String(), Data: config, Digest: sum},
			{Key: storage.ImageDigestBigDataKey, Data: text, Digest: whole},
		},
	})
	require.NoError(t, err)
	return testImage{sum.Encoded()}
}

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	require.NoError(t, err)
	return data
}
