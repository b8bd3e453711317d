package library

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/image"
)

func TestList(t *testing.T) {
	store, _, _ := newRemoveStore(t)
	a := loadTestImage(t, store, "a", "localhost/a:1", "localhost/a:2")
	b := loadTestImage(t, store, "b")
	require.NoError(t, store.CreateContainer(ctrA, a.id, image.CreateOptions{}))

	for _, tt := range []struct {
		filters []string
		want    []string
	}{
		{nil, []string{a.id, b.id}},
		{[]string{"reference=a"}, []string{a.id}},
		{[]string{"reference=localhost/a:2"}, []string{a.id}},
		{[]string{"dangling=true"}, []string{b.id}},
		{[]string{"dangling!=true"}, []string{a.id}},
		{[]string{"label=motd=b"}, []string{b.id}},
		{[]string{"containers=true"}, []string{a.id}},
		{[]string{"containers=true", "dangling=true"}, nil},
		{[]string{"id=" + a.id[:8]}, []string{a.id}},
		{[]string{"until=2020-01-01T00:00:00Z"}, nil},
	} {
		list, err := store.List(t.Context(), ListOptions{Filters: tt.filters})
		require.NoError(t, err, tt.filters)
		var got []string
		for _, s := range list {
			got = append(got, s.ID)
		}
		require.ElementsMatch(t, tt.want, got, tt.filters)
	}

	t.Run("one full reference shows that name only", func(t *testing.T) {
		list, err := store.List(t.Context(), ListOptions{Filters: []string{"reference=localhost/a:2"}, Details: true})
		require.NoError(t, err)
		require.Equal(t, []string{"localhost/a:2"}, list[0].Names)
		require.Equal(t, 1, list[0].Containers)
		require.Equal(t, "amd64", list[0].Architecture)
		require.Equal(t, map[string]string{"motd": "a"}, list[0].Labels)
		require.False(t, list[0].Dangling)
	})
	t.Run("a filter nobody knows", func(t *testing.T) {
		_, err := store.List(t.Context(), ListOptions{Filters: []string{"size=big"}})
		require.EqualError(t, err, `invalid image filter "size": must be in the format "filter=value or filter!=value"`)
	})
}

func TestInspect(t *testing.T) {
	store, _, _ := newRemoveStore(t)
	img := loadTestImage(t, store, "a", "localhost/a:1")
	data, err := store.Inspect(t.Context(), "a:1")
	require.NoError(t, err)
	require.Equal(t, img.id, data.ID)
	require.Equal(t, []string{"localhost/a:1"}, data.RepoTags)
	require.Equal(t, "vfs", data.GraphDriver.Name)
	require.Positive(t, data.Size)

	history, err := store.History(t.Context(), "a:1")
	require.NoError(t, err)
	require.Len(t, history, 1)
	require.Equal(t, img.id, history[0].ID)
	require.Equal(t, "made by a test", history[0].Comment)

	usage, total, err := store.DiskUsage(t.Context())
	require.NoError(t, err)
	require.Len(t, usage, 1)
	require.Positive(t, total)
}

func TestInfo(t *testing.T) {
	store, _, _ := newRemoveStore(t)
	img := loadTestImage(t, store, "a", "localhost/a:1")
	require.NoError(t, store.CreateContainer(ctrA, img.id, image.CreateOptions{}))
	info, err := store.Info()
	require.NoError(t, err)
	require.Equal(t, "vfs", info.Driver)
	require.Equal(t, 1, info.Images)
	require.Equal(t, 1, info.OwnedByPodctl)
	require.Positive(t, info.RootAllocated)

	sizes, err := store.ContainerSizes(ctrA)
	require.NoError(t, err)
	require.Positive(t, sizes.RootFS)
	data, err := store.ContainerDriverData(ctrA)
	require.NoError(t, err)
	require.Equal(t, "vfs", data.Name)
}
