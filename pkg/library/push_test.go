package library

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
)

func TestPush(t *testing.T) {
	var events []image.Event
	store := openTestStore(t, "vfs", image.Hooks{OnEvent: recordInto(&events)})
	img := loadTestImage(t, store, "hello", "localhost/motd:latest")
	destination := "oci:" + filepath.Join(t.TempDir(), "layout") + ":copy"
	digest, err := store.Push(t.Context(), "motd", destination, PushOptions{Format: "oci"})
	require.NoError(t, err, "pushing needs no policy.json")
	require.Regexp(t, "^sha256:[0-9a-f]{64}$", digest)
	require.Equal(t, image.Event{Status: image.StatusPush, ID: img.id, Name: destination}, events[len(events)-1])

	ids, err := store.Pull(t.Context(), destination, image.PullOptions{})
	require.NoError(t, err)
	require.Len(t, ids, 1)
	_, err = store.Push(t.Context(), "nope", "", PushOptions{})
	require.EqualError(t, err, "nope: image not known")
	_, err = store.Push(t.Context(), "motd", destination, PushOptions{Format: "zip"})
	require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
}

// TestPushEncrypted: only who has the private key can read what was encrypted for
// the public one.
func TestPushEncrypted(t *testing.T) {
	store, dir := openTestStore(t, "vfs", image.Hooks{}), t.TempDir()
	loadTestImage(t, store, "hello", "localhost/motd:latest")
	public, private := keyPair(t, dir)
	destination := "oci:" + filepath.Join(dir, "layout") + ":copy"
	_, err := store.Push(t.Context(), "motd", destination, PushOptions{Format: "oci", EncryptionKeys: []string{"jwe:" + public}, EncryptLayers: []int{-1}})
	require.NoError(t, err)

	_, err = store.Pull(t.Context(), destination, image.PullOptions{})
	require.Error(t, err)
	ids, err := store.Pull(t.Context(), destination, image.PullOptions{DecryptionKeys: []string{private}})
	require.NoError(t, err)
	require.Len(t, ids, 1)

	_, err = store.Push(t.Context(), "motd", destination, PushOptions{EncryptionKeys: []string{"jwe"}})
	require.ErrorContains(t, err, "unable to obtain encryption config: invalid encryption keys: ")
}

// keyPair writes two keys that belong together.
func keyPair(t *testing.T, dir string) (public, private string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	public, private = filepath.Join(dir, "public.pem"), filepath.Join(dir, "private.pem")
	for path, block := range map[string]*pem.Block{
		public:  {Type: "PUBLIC KEY", Bytes: der},
		private: {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)},
	} {
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	}
	return public, private
}
