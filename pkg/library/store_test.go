package library

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
)

var (
	ctrA = strings.Repeat("a", 64)
	ctrB = strings.Repeat("b", 64)
)

func TestLoad(t *testing.T) {
	var events []image.Event
	store := openTestStore(t, "vfs", image.Hooks{OnEvent: recordInto(&events)})
	path := filepath.Join(t.TempDir(), "image.tar")
	want := writeArchive(t, path, "hello", "example.test/motd:1", "motd:latest")

	names, err := store.Load(t.Context(), path, nil)
	require.NoError(t, err, "an archive loads on a host without policy.json")
	require.Equal(t, []string{"example.test/motd:1", "localhost/motd:latest"}, names)
	require.Equal(t, image.Event{Status: image.StatusLoad, ID: want.id, Name: path}, events[0])

	t.Run("finds it by every kind of name", func(t *testing.T) {
		// By ID the name is the image's first: the one given last.
		for ref, name := range map[string]string{
			"motd":                "localhost/motd:latest",
			"example.test/motd:1": "example.test/motd:1",
			want.id:               "localhost/motd:latest",
			want.id[:12]:          "localhost/motd:latest",
			"sha256:" + want.id:   "localhost/motd:latest",
		} {
			img, err := store.Lookup(t.Context(), ref)
			require.NoError(t, err, ref)
			require.Equal(t, want.id, img.ID, ref)
			require.Equal(t, name, img.Name, ref)
		}
	})
	t.Run("reads its configuration", func(t *testing.T) {
		img, err := store.Lookup(t.Context(), "motd")
		require.NoError(t, err)
		require.Equal(t, []string{"/bin/sh"}, img.Config.Cmd)
		require.Equal(t, 3, img.Healthcheck.Retries)
		require.Equal(t, 2024, img.Created.Year())
	})
	t.Run("a stream loads too", func(t *testing.T) {
		archive, err := os.ReadFile(path)
		require.NoError(t, err)
		names, err := store.LoadFrom(t.Context(), bytes.NewReader(archive), nil)
		require.NoError(t, err)
		require.Len(t, names, 2)
		left, err := filepath.Glob(filepath.Join(store.SystemContext().BigFilesTemporaryDir, "podctl-image-*"))
		require.NoError(t, err)
		require.Empty(t, left)
	})
	t.Run("an unknown image", func(t *testing.T) {
		_, err := store.Lookup(t.Context(), "nope")
		require.EqualError(t, err, "nope: image not known")
		require.ErrorIs(t, err, errdefs.ErrNotFound)
		found, err := store.Exists(t.Context(), "nope")
		require.NoError(t, err)
		require.False(t, found)
	})
	t.Run("a file that is not there", func(t *testing.T) {
		_, err := store.Load(t.Context(), "/nonexistent.tar", nil)
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestEnsure(t *testing.T) {
	store := openTestStore(t, "vfs", image.Hooks{})
	want := loadTestImage(t, store, "hello", "localhost/motd:latest")

	t.Run("a local image needs no policy and no network", func(t *testing.T) {
		for _, policy := range []image.PullPolicy{"", image.PullMissing, image.PullNever} {
			img, err := store.Ensure(t.Context(), "motd", image.PullOptions{Policy: policy})
			require.NoError(t, err)
			require.Equal(t, want.id, img.ID)
			require.Equal(t, "localhost/motd:latest", img.Name)
		}
	})
	t.Run("never does not pull", func(t *testing.T) {
		_, err := store.Ensure(t.Context(), "nope", image.PullOptions{Policy: image.PullNever})
		require.EqualError(t, err, "nope: image not known")
		require.ErrorIs(t, err, errdefs.ErrNoSuchImage)
	})
	t.Run("a registry needs a policy", func(t *testing.T) {
		if policyFile("", "", systemPolicyFile) != "" {
			t.Skip("SKIPPED: this host has a policy.json")
		}
		_, err := store.Ensure(t.Context(), "example.test/nope", image.PullOptions{})
		require.ErrorContains(t, err, `no policy.json file found at any of the following: "`)
		require.ErrorContains(t, err, `"/etc/containers/policy.json": install the package golang-github-containers-common`)
	})
	t.Run("a short name without search registries is one line", func(t *testing.T) {
		_, err := store.Ensure(t.Context(), "nope", image.PullOptions{})
		require.ErrorContains(t, err, `short-name "nope" did not resolve to an alias`)
		require.NotContains(t, err.Error(), "\n")
	})
	t.Run("a transport is copied from", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "other.tar")
		other := writeArchive(t, path, "other", "localhost/other:latest")
		img, err := store.Ensure(t.Context(), "docker-archive:"+path, image.PullOptions{})
		require.NoError(t, err)
		require.Equal(t, other.id, img.ID)
		require.Equal(t, "localhost/other:latest", img.Name)
	})
}

func TestSave(t *testing.T) {
	store := openTestStore(t, "vfs", image.Hooks{})
	want := loadTestImage(t, store, "hello", "localhost/motd:latest")
	var archive bytes.Buffer
	require.NoError(t, store.SaveTo(t.Context(), []string{"motd"}, &archive, SaveOptions{Format: "docker-archive", Tags: []string{"again"}}))
	names, err := store.LoadFrom(t.Context(), &archive, nil)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"localhost/motd:latest", "localhost/again:latest"}, names)
	img, err := store.Lookup(t.Context(), "again")
	require.NoError(t, err)
	require.Equal(t, want.id, img.ID)
}

func TestImport(t *testing.T) {
	store := openTestStore(t, "vfs", image.Hooks{})
	rootfs := bytes.NewReader(tarOf(t, map[string]string{"etc/motd": "imported"}))
	name, err := store.ImportFrom(t.Context(), rootfs, ImportOptions{Ref: "imported", Changes: []string{"CMD /bin/cat"}, Message: "by a test"})
	require.NoError(t, err)
	img, err := store.Lookup(t.Context(), "imported")
	require.NoError(t, err)
	require.Equal(t, "sha256:"+img.ID, name)
	require.Equal(t, []string{"/bin/sh", "-c", "/bin/cat"}, img.Config.Cmd)
}

func TestClose_leaves_nothing_mounted(t *testing.T) {
	store := openTestStore(t, "overlay", image.Hooks{})
	root := store.Storage().GraphRoot()
	mounts := func() string {
		data, err := os.ReadFile("/proc/self/mountinfo")
		require.NoError(t, err)
		return string(data)
	}
	require.NoError(t, store.CreateContainer(ctrA, "", image.CreateOptions{}))
	dir, err := store.Mount(ctrA, "")
	require.NoError(t, err)
	require.Contains(t, mounts(), dir)

	require.NoError(t, store.Close(), "a mounted container is no reason to fail")
	require.Contains(t, mounts(), dir, "nor is it unmounted")
	_, err = store.Unmount(ctrA, true)
	require.NoError(t, err)
	require.NoError(t, store.Close())
	require.NotContains(t, mounts(), root)
}

// A container is made of what the store finds by itself, where it does: that is
// what libimage would have found, in the same order, with the same settings.
func TestLookup_agrees_with_Find(t *testing.T) {
	store := openTestStore(t, "vfs", image.Hooks{})
	docker := loadTestImage(t, store, "docker", "localhost/motd:latest", "example.test/motd:1")
	hub := loadTestImage(t, store, "hub", "docker.io/library/motd:latest", "docker.io/library/hub:latest")
	oci := "oci:" + filepath.Join(t.TempDir(), "layout") + ":localhost/spec:latest"
	_, err := store.Push(t.Context(), "hub", oci, PushOptions{Format: "oci"})
	require.NoError(t, err)
	pulled, err := store.Pull(t.Context(), oci, image.PullOptions{})
	require.NoError(t, err)
	require.NoError(t, store.Tag(t.Context(), pulled[0], []string{"spec:1"}))

	found := 0
	for _, ref := range []string{
		"motd", "motd:latest", "motd:1", "localhost/motd", "library/motd", "docker.io/motd", "docker.io/library/motd:latest",
		"example.test/motd:1", "example.test/motd", "hub", "spec:1", "localhost/spec:1", "nope", "Motd", "localhost/motd:", "",
		docker.id, docker.id[:12], hub.id[:5], hub.id[:1], "sha256:" + hub.id, "sha256:" + hub.id[:12], pulled[0],
		"localhost/motd@sha256:" + hub.id, "oci:latest", "docker:latest", "containers-storage:" + docker.id,
	} {
		got, err := store.Find(t.Context(), ref)
		require.NoError(t, err, ref)
		if got == nil {
			continue // the library is asked
		}
		found++
		want, err := store.Lookup(t.Context(), ref)
		require.NoError(t, err, ref)
		require.Equal(t, want, got, ref)
	}
	require.GreaterOrEqual(t, found, 14, "Find is there to find")
}
