package network

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func requireRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("requires root: network namespaces")
	}
}

func nsInode(t *testing.T, path string) uint64 {
	t.Helper()
	var st unix.Stat_t
	require.NoError(t, unix.Stat(path, &st))
	return st.Ino
}

func TestCreateNS(t *testing.T) {
	requireRoot(t)
	path := filepath.Join(t.TempDir(), "sub", "ns")
	t.Cleanup(func() { require.NoError(t, RemoveNS(path)) })

	require.NoError(t, CreateNS(path, ""))
	require.True(t, HasNS(path))
	first := nsInode(t, path)

	t.Run("keeps a good one", func(t *testing.T) {
		require.NoError(t, CreateNS(path, ""))
		require.Equal(t, first, nsInode(t, path))
	})
	t.Run("loopback is up", func(t *testing.T) {
		require.NoError(t, inNS(path, func() error {
			lo, err := netlink.LinkByName("lo")
			require.NoError(t, err)
			require.NotZero(t, lo.Attrs().RawFlags&unix.IFF_UP)
			return nil
		}))
	})
	t.Run("replaces a file left alone", func(t *testing.T) {
		require.NoError(t, RemoveNS(path))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, CreateNS(path, ""))
		require.True(t, HasNS(path))
	})
}

func TestRemoveNS(t *testing.T) {
	requireRoot(t)
	path := filepath.Join(t.TempDir(), "ns")

	require.NoError(t, RemoveNS(path), "nothing there")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, RemoveNS(path), "only the file")
	require.NoFileExists(t, path)

	require.NoError(t, CreateNS(path, ""))
	require.NoError(t, unix.Mount("/proc/self/ns/net", path, "none", unix.MS_BIND, ""))
	require.NoError(t, RemoveNS(path), "two mounts on one another")
	require.NoFileExists(t, path)
	require.NoError(t, RemoveNS(path), "again")
}
