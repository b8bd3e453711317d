package image

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/containers/storage/types"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestStoreOptions(t *testing.T) {
	base := types.StoreOptions{
		GraphRoot: "/g", RunRoot: "/r", GraphDriverName: "overlay", GraphDriverOptions: []string{"overlay.mountopt=nodev"},
	}
	for _, tt := range []struct {
		rule   string
		env    map[string]string
		cfg    Config
		driver string
		opts   []string
	}{
		{rule: "storage.conf decides", driver: "overlay", opts: []string{"overlay.mountopt=nodev"}},
		{rule: "the environment overrides storage.conf", env: map[string]string{"STORAGE_DRIVER": "vfs", "STORAGE_OPTS": "a=b,c=d"}, driver: "vfs", opts: []string{"a=b", "c=d"}},
		{rule: "flags override the environment", env: map[string]string{"STORAGE_DRIVER": "btrfs"}, cfg: Config{Driver: "vfs"}, driver: "vfs"},
		{rule: "the same driver keeps its options", cfg: Config{Driver: "overlay"}, driver: "overlay", opts: []string{"overlay.mountopt=nodev"}},
		{rule: "options replace", cfg: Config{DriverOptions: []string{"x=y"}}, driver: "overlay", opts: []string{"x=y"}},
		{rule: "an empty option clears", cfg: Config{DriverOptions: []string{""}}, driver: "overlay", opts: []string{}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Setenv("STORAGE_DRIVER", "")
			t.Setenv("STORAGE_OPTS", "")
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			got, err := tt.cfg.storeOptions(base)
			require.NoError(t, err)
			require.Equal(t, tt.driver, got.GraphDriverName)
			require.Equal(t, tt.opts, got.GraphDriverOptions)
			require.Equal(t, "/g", got.GraphRoot)
		})
	}
	_, err := Config{ImageStore: "/g"}.storeOptions(base)
	require.Error(t, err, "images beside containers need another directory")
}

func TestTheDriverInUseStaysWhenNobodyNamesOne(t *testing.T) {
	t.Setenv("STORAGE_DRIVER", "")
	root := t.TempDir()
	got, err := Config{Root: root}.storeOptions(types.StoreOptions{})
	require.NoError(t, err)
	require.Empty(t, got.GraphDriverName, "the library chooses for a new store")
	for _, driver := range []string{"overlay", "vfs"} {
		require.NoError(t, os.Mkdir(filepath.Join(root, driver), 0o700))
	}
	got, err = Config{Root: root}.storeOptions(types.StoreOptions{})
	require.NoError(t, err)
	require.Equal(t, "overlay", got.GraphDriverName)
}

func TestParsePullPolicy(t *testing.T) {
	for word, want := range map[string]PullPolicy{
		"": PullMissing, "missing": PullMissing, "IfNotPresent": PullMissing, "ifmissing": PullMissing,
		"Always": PullAlways, "never": PullNever, "newer": PullNewer, "ifnewer": PullNewer,
	} {
		got, err := ParsePullPolicy(word)
		require.NoError(t, err, word)
		require.Equal(t, want, got, word)
	}
	_, err := ParsePullPolicy("sometimes")
	require.EqualError(t, err, `unsupported pull policy "sometimes"`)
	require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
}

func TestNameOf(t *testing.T) {
	id, names := "0123456789abcdef", []string{"localhost/a:1", "localhost/b:1"}
	require.Equal(t, "localhost/b:1", NameOf(id, "localhost/b:1", names))
	require.Equal(t, "localhost/a:1", NameOf(id, "0123", names), "an ID prefix is no name")
	require.Equal(t, "localhost/a:1", NameOf(id, "sha256:"+id, names))
	require.Equal(t, "localhost/a:1", NameOf(id, "", names))
	require.Empty(t, NameOf(id, "0123", nil))
}
