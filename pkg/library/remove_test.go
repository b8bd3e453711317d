package library

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
)

// records stands for podctl's own database: container ID to image ID.
type records map[string]string

func (r records) hooks(events *[]image.Event, store **Library) image.Hooks {
	return image.Hooks{
		InUse: func(_ context.Context, imageID string) ([]string, error) {
			var ids []string
			for id, image := range r {
				if image == imageID {
					ids = append(ids, id)
				}
			}
			slices.Sort(ids)
			return ids, nil
		},
		RemoveContainer: func(_ context.Context, id string) error {
			delete(r, id)
			return (*store).DeleteContainer(id)
		},
		OnEvent: recordInto(events),
	}
}

// newRemoveStore opens a store with podctl's records beside it.
func newRemoveStore(t *testing.T) (*Library, records, *[]image.Event) {
	t.Helper()
	own, events := records{}, &[]image.Event{}
	var store *Library
	store = openTestStore(t, "vfs", own.hooks(events, &store))
	return store, own, events
}

func TestRemove(t *testing.T) {
	t.Run("the last name deletes", func(t *testing.T) {
		store, _, events := newRemoveStore(t)
		img := loadTestImage(t, store, "x", "localhost/a:1", "localhost/b:1")
		*events = nil
		report, errs := store.Remove(t.Context(), []string{"a:1"}, image.RemoveOptions{})
		require.Empty(t, errs)
		require.Equal(t, image.RemoveReport{Untagged: []string{"localhost/a:1"}}, report)
		report, errs = store.Remove(t.Context(), []string{"b:1"}, image.RemoveOptions{})
		require.Empty(t, errs)
		require.Equal(t, image.RemoveReport{Untagged: []string{"localhost/b:1"}, Deleted: []string{img.id}}, report)
		require.Equal(t, []image.Event{
			{Status: image.StatusUntag, ID: img.id, Name: "localhost/a:1"},
			{Status: image.StatusUntag, ID: img.id, Name: "localhost/b:1"},
			{Status: image.StatusRemove, ID: img.id, Name: "localhost/b:1"},
		}, *events)
	})
	t.Run("several names by ID need force", func(t *testing.T) {
		store, _, _ := newRemoveStore(t)
		img := loadTestImage(t, store, "x", "localhost/a:1", "localhost/b:1")
		_, errs := store.Remove(t.Context(), []string{img.id[:12]}, image.RemoveOptions{})
		require.Len(t, errs, 1)
		require.EqualError(t, errs[0], `unable to delete image "`+img.id+`" by ID with more than one tag ([localhost/b:1 localhost/a:1]): please force removal`)
		report, errs := store.Remove(t.Context(), []string{img.id}, image.RemoveOptions{Force: true})
		require.Empty(t, errs)
		require.Equal(t, []string{img.id}, report.Deleted)
		require.Len(t, report.Untagged, 2)
	})
	t.Run("unknown images do not keep the others", func(t *testing.T) {
		store, _, _ := newRemoveStore(t)
		img := loadTestImage(t, store, "x", "localhost/a:1")
		report, errs := store.Remove(t.Context(), []string{"nope", "a:1"}, image.RemoveOptions{})
		require.Equal(t, []string{img.id}, report.Deleted)
		require.Len(t, errs, 1)
		require.EqualError(t, errs[0], "nope: image not known")
		require.ErrorIs(t, errs[0], errdefs.ErrNotFound)
	})
	t.Run("unknown images are ignored on demand", func(t *testing.T) {
		store, _, _ := newRemoveStore(t)
		loadTestImage(t, store, "x", "localhost/a:1")
		for _, opts := range []image.RemoveOptions{{Ignore: true}, {Force: true}} {
			report, errs := store.Remove(t.Context(), []string{"nope"}, opts)
			require.Empty(t, errs)
			require.Empty(t, report)
		}
	})
	t.Run("all", func(t *testing.T) {
		store, own, _ := newRemoveStore(t)
		used := loadTestImage(t, store, "x", "localhost/a:1")
		free := loadTestImage(t, store, "y", "localhost/b:1", "localhost/b:2")
		own[ctrA] = used.id
		report, errs := store.Remove(t.Context(), nil, image.RemoveOptions{All: true})
		require.Equal(t, []string{free.id}, report.Deleted)
		require.Len(t, errs, 1)
		require.ErrorIs(t, errs[0], errdefs.ErrInUse)
		report, errs = store.Remove(t.Context(), nil, image.RemoveOptions{All: true, Force: true})
		require.Empty(t, errs)
		require.Equal(t, []string{used.id}, report.Deleted)
	})
}

func TestRemove_in_use(t *testing.T) {
	for _, tt := range []struct {
		rule string
		use  func(t *testing.T, store *Library, own records, imageID string)
	}{
		{"by a container and its layer", func(t *testing.T, store *Library, own records, imageID string) {
			own[ctrA] = imageID
			require.NoError(t, store.CreateContainer(ctrA, imageID, image.CreateOptions{}))
			_, err := store.Mount(ctrA, "")
			require.NoError(t, err)
		}},
		{"by a container whose layer is not made yet", func(_ *testing.T, _ *Library, own records, imageID string) {
			own[ctrA] = imageID
		}},
		{"by another tool", func(t *testing.T, store *Library, _ records, imageID string) {
			_, err := store.Storage().CreateContainer(ctrA, []string{"web"}, imageID, "", "", nil)
			require.NoError(t, err)
		}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			store, own, _ := newRemoveStore(t)
			img := loadTestImage(t, store, "x", "localhost/a:1")
			tt.use(t, store, own, img.id)

			_, errs := store.Remove(t.Context(), []string{"a:1"}, image.RemoveOptions{})
			require.Len(t, errs, 1)
			require.ErrorContains(t, errs[0], "image used by "+ctrA+": image is in use by a container: ")
			require.ErrorIs(t, errs[0], errdefs.ErrInUse)

			report, errs := store.Remove(t.Context(), []string{"a:1"}, image.RemoveOptions{Force: true})
			require.Empty(t, errs, "force removes what uses the image")
			require.Equal(t, []string{img.id}, report.Deleted)
			require.Empty(t, own)
			require.False(t, store.ContainerExists(ctrA))
		})
	}
	t.Run("force spares what another tool has mounted", func(t *testing.T) {
		store, own, _ := newRemoveStore(t)
		img := loadTestImage(t, store, "x", "localhost/a:1")
		own[ctrA] = img.id
		_, err := store.Storage().CreateContainer(ctrB, []string{"web"}, img.id, "", "", nil)
		require.NoError(t, err)
		_, err = store.Storage().Mount(ctrB, "")
		require.NoError(t, err)
		_, errs := store.Remove(t.Context(), []string{"a:1"}, image.RemoveOptions{Force: true})
		require.Len(t, errs, 1)
		require.ErrorContains(t, errs[0], "image used by "+ctrB+": image is in use by a container: ")
		require.Contains(t, own, ctrA, "a refusal changes nothing")
		_, err = store.Storage().Unmount(ctrB, true)
		require.NoError(t, err)
	})
}

func TestImageUsers_are_other_tools_only(t *testing.T) {
	store, own, _ := newRemoveStore(t)
	img := loadTestImage(t, store, "x", "localhost/a:1")
	own[ctrA] = img.id
	require.NoError(t, store.CreateContainer(ctrA, img.id, image.CreateOptions{}))
	_, err := store.Storage().CreateContainer(ctrB, nil, img.id, "", "", nil)
	require.NoError(t, err)
	users, err := store.ImageUsers(t.Context(), img.id)
	require.NoError(t, err)
	require.Equal(t, []string{ctrB}, users)
}

func TestPrune(t *testing.T) {
	store, own, _ := newRemoveStore(t)
	tagged := loadTestImage(t, store, "tagged", "localhost/a:1")
	used := loadTestImage(t, store, "used", "localhost/b:1")
	external := loadTestImage(t, store, "external", "localhost/c:1")
	dangling := loadTestImage(t, store, "dangling")
	own[ctrA] = used.id
	_, err := store.Storage().CreateContainer(ctrB, nil, external.id, "", "", nil)
	require.NoError(t, err)

	prune := func(opts image.PruneOptions) []string {
		pruned, err := store.Prune(t.Context(), opts)
		require.NoError(t, err)
		var ids []string
		for _, p := range pruned {
			require.Positive(t, p.Size)
			ids = append(ids, p.ID)
		}
		return ids
	}
	require.Empty(t, prune(image.PruneOptions{Filters: []string{"label=motd=other"}}))
	require.Equal(t, []string{dangling.id}, prune(image.PruneOptions{}), "only dangling images")
	require.Equal(t, []string{tagged.id}, prune(image.PruneOptions{All: true}), "all without a container, podctl's included")
	require.Equal(t, []string{external.id}, prune(image.PruneOptions{All: true, External: true}))
}

func TestTag(t *testing.T) {
	store, _, events := newRemoveStore(t)
	img := loadTestImage(t, store, "x", "localhost/a:1")
	*events = nil
	require.NoError(t, store.Tag(t.Context(), img.id[:10], []string{"b", "example.test/c:2"}))
	found, err := store.Exists(t.Context(), "localhost/b:latest")
	require.NoError(t, err)
	require.True(t, found)
	require.EqualError(t, store.Untag(t.Context(), "a:1", []string{"zzz"}), "localhost/zzz:latest: tag not known")
	require.NoError(t, store.Untag(t.Context(), "a:1", nil), "no name means all")
	got, err := store.Lookup(t.Context(), img.id)
	require.NoError(t, err)
	require.Empty(t, got.Names)
	require.Empty(t, got.Name)
	require.Equal(t, image.Event{Status: image.StatusTag, ID: img.id, Name: "b"}, (*events)[0])
	require.Len(t, *events, 5)
	require.ErrorIs(t, store.Tag(t.Context(), "nope", []string{"b"}), errdefs.ErrNoSuchImage)
}
