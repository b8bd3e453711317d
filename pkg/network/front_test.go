package network

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/containers/common/libnetwork/types"
	"github.com/containers/common/pkg/config"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// niceOf is what nice(1) says, run as a child.
func niceOf(t *testing.T) int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "nice").Output()
	require.NoError(t, err)
	n, err := strconv.Atoi(strings.TrimSpace(string(out)))
	require.NoError(t, err)
	return n
}

func TestInFrontOnlyWhileItRuns(t *testing.T) {
	runtime.LockOSThread() // children have the nice value of the thread
	defer runtime.UnlockOSThread()
	before := niceOf(t)
	if unix.Setpriority(unix.PRIO_PROCESS, 0, before-1) != nil {
		t.Skip("needs CAP_SYS_NICE")
	}
	require.NoError(t, unix.Setpriority(unix.PRIO_PROCESS, 0, before))

	failed := errors.New("failed")
	require.ErrorIs(t, inFront(func() error {
		require.Equal(t, before-raise, niceOf(t))
		return failed
	}), failed)
	require.Equal(t, before, niceOf(t))
}

// networksOf is a backend that knows the networks with the given descriptions.
func networksOf(t *testing.T, files map[string]string) *Backend {
	t.Helper()
	conf, err := config.New(&config.Options{})
	require.NoError(t, err)
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".json"), []byte(text), 0o600))
	}
	b, err := Open(Config{ConfigDir: dir, RunDir: t.TempDir(), Containers: conf})
	require.NoError(t, err)
	return b
}

func TestMayHaveDNS(t *testing.T) {
	b := networksOf(t, map[string]string{
		"with": `{"name": "with", "dns_enabled": true}`, "without": `{"name": "without", "dns_enabled": false}`, "torn": `{"dns`,
	})
	has := func(names ...string) bool { return b.mayHaveDNS(slices.Values(names)) }
	require.False(t, has("podman", "without"))
	require.True(t, has("without", "with"))
	require.True(t, has("torn"))
}

// TestGlanceIsInspect: what is asked of a glance is what libnetwork would have said.
func TestGlanceIsInspect(t *testing.T) {
	requireRoot(t) // libnetwork's lock is in /run
	b := networksOf(t, nil)
	for _, n := range []types.Network{
		{Name: "plain"},
		{Name: "named", DNSEnabled: true},
		{Name: "far", Driver: types.MacVLANNetworkDriver, NetworkInterface: "lo", IPAMOptions: map[string]string{types.Driver: types.DHCPIPAMDriver}},
		{Name: "bare", IPAMOptions: map[string]string{types.Driver: types.NoneIPAMDriver}},
	} {
		_, err := b.Create(t.Context(), CreateOptions{Network: n})
		require.NoError(t, err)
	}
	require.NoError(t, os.WriteFile(filepath.Join(b.configDir, "other.json"), []byte(`{"name": "another"}`), 0o600))
	for _, name := range []string{"podman", "plain", "named", "far", "bare"} {
		seen, err := b.read(name)
		require.NoError(t, err)
		known, err := b.Inspect(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, known.Name, seen.Name)
		require.Equal(t, known.Driver, seen.Driver)
		require.Equal(t, known.DNSEnabled, seen.DNSEnabled)
		require.Equal(t, leasesAddresses(known), leasesAddresses(seen), name)
	}
	for _, name := range []string{"missing", "other"} {
		_, err := b.glance(t.Context(), name)
		require.ErrorIs(t, err, errdefs.ErrNoSuchNetwork)
	}
}
