package network

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/containers/common/pkg/config"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

// requireLock skips where libnetwork's lock, at a fixed path, cannot be had.
func requireLock(t *testing.T) {
	t.Helper()
	lock, err := os.OpenFile("/run/lock/netavark.lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Skipf("requires libnetwork's lock: %v", err)
	}
	require.NoError(t, lock.Close())
}

func openBackend(t *testing.T) *Backend {
	t.Helper()
	requireLock(t)
	conf, err := config.New(&config.Options{})
	require.NoError(t, err)
	dir := t.TempDir()
	b, err := Open(Config{ConfigDir: filepath.Join(dir, "networks"), RunDir: filepath.Join(dir, "run"), Containers: conf})
	require.NoError(t, err)
	return b
}

func TestNetworks(t *testing.T) {
	b := openBackend(t)
	ctx := t.Context()
	made, err := b.Create(ctx, CreateOptions{Network: types.Network{Name: "web", DNSEnabled: true}})
	require.NoError(t, err)
	require.Len(t, made.ID, 64)
	require.Equal(t, "bridge", made.Driver)

	t.Run("the default network is there and sorted in", func(t *testing.T) {
		list, err := b.List(ctx)
		require.NoError(t, err)
		require.Len(t, list, 2)
		require.Equal(t, "podman", list[0].Name)
		require.Equal(t, "10.88.0.0/16", list[0].Subnets[0].Subnet.String())
		require.False(t, list[0].DNSEnabled)
	})
	t.Run("a taken name", func(t *testing.T) {
		_, err := b.Create(ctx, CreateOptions{Network: types.Network{Name: "web"}})
		require.EqualError(t, err, "network name web already used: network already exists")
		require.ErrorIs(t, err, errdefs.ErrNetworkExists)
		again, err := b.Create(ctx, CreateOptions{Network: types.Network{Name: "web"}, IgnoreIfExists: true})
		require.NoError(t, err)
		require.Equal(t, made.ID, again.ID)
	})
	t.Run("a mode word is no name", func(t *testing.T) {
		_, err := b.Create(ctx, CreateOptions{Network: types.Network{Name: "host"}})
		require.EqualError(t, err, `cannot create network with name "host" because it conflicts with a valid network mode`)
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
	})
	t.Run("found by name and ID prefix", func(t *testing.T) {
		for _, name := range []string{"web", made.ID, made.ID[:10]} {
			found, err := b.Inspect(ctx, name)
			require.NoError(t, err)
			require.Equal(t, "web", found.Name)
		}
		yes, err := b.Exists(ctx, "nope-not-hex")
		require.NoError(t, err)
		require.False(t, yes)
	})
	t.Run("missing", func(t *testing.T) {
		_, err := b.Inspect(ctx, "nope")
		require.EqualError(t, err, "unable to find network with name or ID nope: network not found")
		require.ErrorIs(t, err, errdefs.ErrNotFound)
		require.ErrorIs(t, b.Remove(ctx, "nope"), errdefs.ErrNoSuchNetwork)
	})
	t.Run("the default network stays", func(t *testing.T) {
		require.EqualError(t, b.Remove(ctx, "podman"), "default network podman cannot be removed")
	})
	t.Run("removed", func(t *testing.T) {
		require.NoError(t, b.Remove(ctx, "web"))
		_, err := b.Inspect(ctx, "web")
		require.ErrorIs(t, err, errdefs.ErrNoSuchNetwork)
	})
}

func TestOpen(t *testing.T) {
	t.Run("without netavark networks can be listed, setup names the package", func(t *testing.T) {
		requireLock(t)
		conf, err := config.New(&config.Options{})
		require.NoError(t, err)
		conf.Engine.HelperBinariesDir.Set([]string{"/nonexistent"})
		b, err := Open(Config{ConfigDir: t.TempDir(), RunDir: t.TempDir(), Containers: conf})
		require.NoError(t, err)
		_, err = b.Setup(t.Context(), Attachment{ID: testID, NSPath: "/nonexistent/ns"})
		require.ErrorIs(t, err, errdefs.ErrUnavailable)
		require.ErrorContains(t, err, "install the Debian package netavark")
	})
	t.Run("rootless keeps networks below the graph root", func(t *testing.T) {
		conf, err := config.New(&config.Options{})
		require.NoError(t, err)
		got := Config{Containers: conf, Rootless: true, GraphRoot: "/g", RunRoot: "/r"}.withDefaults()
		require.Equal(t, "/g/networks", got.ConfigDir)
		require.Equal(t, "/r/networks", got.RunDir)
		got = Config{Containers: conf}.withDefaults()
		require.Equal(t, RootConfigDir, got.ConfigDir)
		require.Equal(t, RootRunDir, got.RunDir)
	})
}

func TestFilters(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	list := []types.Network{
		{Name: "podman", ID: "2f00", Driver: "bridge", Created: day(3)},
		{Name: "used", ID: "aa11", Driver: "bridge", Created: day(1), Labels: map[string]string{"a": "1"}},
		{Name: "free", ID: "bb22", Driver: "macvlan", Created: day(2), Labels: map[string]string{"a": "2"}},
	}
	usage := Usage{Default: "podman", Used: func(name string) bool { return name == "used" }}
	names := func(pass types.FilterFunc) (got []string) {
		for _, n := range list {
			if pass(n) {
				got = append(got, n.Name)
			}
		}
		return got
	}
	for name, tc := range map[string]struct {
		filters map[string][]string
		want    []string
	}{
		"none":                 {nil, []string{"podman", "used", "free"}},
		"name is a regex":      {map[string][]string{"name": {"^u", "ee$"}}, []string{"used", "free"}},
		"id prefix":            {map[string][]string{"id": {"bb"}}, []string{"free"}},
		"driver":               {map[string][]string{"driver": {"macvlan"}}, []string{"free"}},
		"label":                {map[string][]string{"label": {"a=1"}}, []string{"used"}},
		"label not":            {map[string][]string{"label!": {"a=1"}}, []string{"podman", "free"}},
		"until":                {map[string][]string{"until": {"2026-01-01T12:00:00Z"}}, []string{"used"}},
		"dangling":             {map[string][]string{"dangling": {"true"}}, []string{"free"}},
		"in use":               {map[string][]string{"dangling": {"false"}}, []string{"podman", "used"}},
		"all keys must match":  {map[string][]string{"label": {"a"}, "dangling": {"1"}}, []string{"free"}},
		"the default is never": {map[string][]string{"name": {"podman"}, "dangling": {"true"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			pass, err := Filters(tc.filters, usage)
			require.NoError(t, err)
			require.Equal(t, tc.want, names(pass))
		})
	}
	t.Run("prune takes what is unused and not the default", func(t *testing.T) {
		pass, err := PruneFilters(nil, usage)
		require.NoError(t, err)
		require.Equal(t, []string{"free"}, names(pass))
	})
	for name, filters := range map[string]map[string][]string{
		`invalid filter "size"`:                {"size": {"1"}},
		`invalid dangling filter value "nope"`: {"dangling": {"nope"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Filters(filters, usage)
			require.EqualError(t, err, name)
		})
	}
}
