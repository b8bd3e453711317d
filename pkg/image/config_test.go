package image

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/containers/image/v5/signature"
	"github.com/containers/storage/types"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

// recordInto returns an OnEvent hook that appends to events.
func recordInto(events *[]Event) func(context.Context, Event) {
	return func(_ context.Context, event Event) { *events = append(*events, event) }
}

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

func TestPolicyFile(t *testing.T) {
	dir := t.TempDir()
	home := filepath.Join(dir, "home")
	require.NoError(t, os.MkdirAll(filepath.Join(home, ".config/containers"), 0o700))
	system := filepath.Join(dir, "policy.json")

	require.Empty(t, policyFile("", home, system))
	writeFile(t, dir, "policy.json", "{}")
	require.Equal(t, system, policyFile("", home, system))
	user := writeFile(t, filepath.Join(home, ".config/containers"), "policy.json", "{}")
	require.Equal(t, user, policyFile("", home, system), "the user's own comes first")
	require.Equal(t, "/x", policyFile("/x", home, system), "an explicit one need not exist: the library reports it")
}

func TestBuiltinPolicy_rejects_registries(t *testing.T) {
	policy, err := signature.NewPolicyFromBytes([]byte(builtinPolicy))
	require.NoError(t, err)
	require.Equal(t, signature.PolicyRequirements{signature.NewPRReject()}, policy.Default)
	require.NotContains(t, policy.Transports, "docker")
	require.Contains(t, policy.Transports, "docker-archive")
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

func TestNamesTransport(t *testing.T) {
	for ref, want := range map[string]bool{
		"busybox": false, "busybox:latest": false, "docker:latest": false, "docker://busybox": false,
		"localhost:5000/a:1": false, "oci:/x": true, "docker-archive:/x.tar": true, "dir:/x": true,
	} {
		require.Equal(t, want, namesTransport(ref), ref)
	}
}

func TestNameOf(t *testing.T) {
	id, names := "0123456789abcdef", []string{"localhost/a:1", "localhost/b:1"}
	require.Equal(t, "localhost/b:1", nameOf(id, "localhost/b:1", names))
	require.Equal(t, "localhost/a:1", nameOf(id, "0123", names), "an ID prefix is no name")
	require.Equal(t, "localhost/a:1", nameOf(id, "sha256:"+id, names))
	require.Equal(t, "localhost/a:1", nameOf(id, "", names))
	require.Empty(t, nameOf(id, "0123", nil))
}
