package userns

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

func testMaps() *container.IDMappings {
	return &container.IDMappings{
		UID: []container.IDMap{{ContainerID: 0, HostID: 100000, Size: 1000}, {ContainerID: 1000, HostID: 7, Size: 1}},
		GID: []container.IDMap{{ContainerID: 0, HostID: 200000, Size: 1000}},
	}
}

func TestHeld(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root maps any IDs")
	}
	h, err := New(testMaps(), true)
	if err != nil {
		t.Skipf("no user namespaces here: %v", err)
	}
	defer h.Release()
	maps, err := h.Mappings()
	require.NoError(t, err)
	require.Equal(t, testMaps(), maps)
	require.NotEqual(t, link(t, "/proc/self/ns/user"), link(t, h.UserNS()))
	require.NotEqual(t, link(t, "/proc/self/ns/net"), link(t, h.NetNS()))

	inside, err := Join(h.UserNS(), true)
	require.NoError(t, err)
	defer inside.Release()
	require.Equal(t, link(t, h.UserNS()), link(t, inside.UserNS()))
	require.NotEqual(t, link(t, h.NetNS()), link(t, inside.NetNS()))
	maps, err = inside.Mappings()
	require.NoError(t, err)
	require.Equal(t, testMaps(), maps)

	path := h.UserNS()
	h.Release()
	require.NoFileExists(t, path)
}

func TestHeldRefuses(t *testing.T) {
	_, err := Join("/nowhere", false)
	require.ErrorIs(t, err, errdefs.ErrNotFound)
	file := fmt.Sprintf("%s/file", t.TempDir())
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = Join(file, false)
	require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
	(*Held)(nil).Release()
}

func link(t *testing.T, path string) string {
	t.Helper()
	target, err := os.Readlink(path)
	require.NoError(t, err)
	return target
}
