package library

import (
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
