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
