package userns

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

func TestWithin(t *testing.T) {
	ranges := func(first, size uint32) container.IDMappings {
		maps := []container.IDMap{{HostID: first, Size: size}}
		return container.IDMappings{UID: maps, GID: maps}
	}
	got, err := Within(container.IDMappings{}, ranges(300000, 10))
	require.NoError(t, err)
	require.Equal(t, ranges(300000, 10), got, "in the host's namespace IDs are what they are")

	own := []container.IDMap{{ContainerID: 0, HostID: 1000, Size: 1}, {ContainerID: 1, HostID: 300000, Size: 65536}}
	user := container.IDMappings{UID: own, GID: own}
	got, err = Within(user, ranges(300010, 10))
	require.NoError(t, err)
	require.Equal(t, ranges(11, 10), got)
	_, err = Within(user, ranges(365535, 2))
	require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
}

func TestSplit(t *testing.T) {
	own := container.IDMappings{UID: []container.IDMap{{ContainerID: 0, HostID: 1000, Size: 1}, {ContainerID: 1, HostID: 100000, Size: 65536}}}
	got := Split(own, container.IDMappings{
		UID: []container.IDMap{{ContainerID: 5, HostID: 0, Size: 10}, {ContainerID: 20, HostID: 40, Size: 3}},
		GID: []container.IDMap{{ContainerID: 0, HostID: 0, Size: 10}},
	})
	require.Equal(t, []container.IDMap{{ContainerID: 5, HostID: 0, Size: 1}, {ContainerID: 6, HostID: 1, Size: 9}, {ContainerID: 20, HostID: 40, Size: 3}}, got.UID)
	require.Equal(t, []container.IDMap{{ContainerID: 0, HostID: 0, Size: 10}}, got.GID, "nothing is known of those of the host")
}

func TestCheck(t *testing.T) {
	own := []container.IDMap{{ContainerID: 0, HostID: 1000, Size: 1}, {ContainerID: 1, HostID: 100000, Size: 65536}}
	of := func(from, size uint32) container.IDMappings {
		return container.IDMappings{UID: []container.IDMap{{HostID: from, Size: size}}, GID: []container.IDMap{{Size: 1}}}
	}
	mine := container.IDMappings{UID: own, GID: own}
	require.NoError(t, Check(mine, of(0, 65537)), "over two of them")
	require.NoError(t, Check(container.IDMappings{}, of(7, 4000000000)), "the host has all")
	err := Check(mine, of(1, 65537))
	require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
	require.ErrorContains(t, err, "UIDs: 1 to 65537: this user has 65537, of which 65537 is none: ")
	require.Error(t, Check(mine, of(4000000000, 500000000)), "beyond what 32 bits count")
	require.ErrorContains(t, Check(mine, container.IDMappings{GID: of(70000, 1).UID}), "GIDs: ")
}
