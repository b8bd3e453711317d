package runtime

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
)

func TestMountFrom(t *testing.T) {
	source := &container.Storage{
		Mounts:  []container.Mount{{Type: "bind", Source: "/a", Destination: "/x", Options: []string{"rw", "nodev"}}, {Type: "tmpfs", Destination: "/t", Inherited: true}},
		Volumes: []container.VolumeMount{{Name: "v", Destination: "/y"}, {Name: "anonymous", Destination: "/z", Anonymous: true}},
	}
	t.Run("adds_what_the_source_mounts", func(t *testing.T) {
		s := container.Storage{Mounts: []container.Mount{{Type: "bind", Source: "/own", Destination: "/own"}}}
		mountFrom(&s, source, "")
		require.Equal(t, []container.Mount{
			{Type: "bind", Source: "/own", Destination: "/own"}, source.Mounts[0], {Type: "tmpfs", Destination: "/t"},
		}, s.Mounts)
		require.Equal(t, source.Volumes, s.Volumes)
	})
	t.Run("own_destinations_win", func(t *testing.T) {
		s := container.Storage{Volumes: []container.VolumeMount{{Name: "own", Destination: "/x"}, {Name: "own", Destination: "/z"}}}
		mountFrom(&s, source, "")
		require.Equal(t, []container.Mount{{Type: "tmpfs", Destination: "/t"}}, s.Mounts)
		require.Equal(t, []container.VolumeMount{{Name: "own", Destination: "/x"}, {Name: "own", Destination: "/z"}, {Name: "v", Destination: "/y"}}, s.Volumes)
	})
	t.Run("ro_replaces_rw_and_leaves_the_source_alone", func(t *testing.T) {
		s := container.Storage{}
		mountFrom(&s, source, "ro,z")
		require.Equal(t, []string{"nodev", "ro", "z"}, s.Mounts[0].Options)
		require.Equal(t, []string{"ro", "z"}, s.Volumes[0].Options)
		require.Equal(t, []string{"rw", "nodev"}, source.Mounts[0].Options)
	})
}

// aBlockDevice is any block device of this host.
func aBlockDevice(t *testing.T) (path string, number uint64) {
	t.Helper()
	entries, err := os.ReadDir("/dev")
	require.NoError(t, err)
	for _, e := range entries {
		path := filepath.Join("/dev", e.Name())
		var st unix.Stat_t
		if unix.Stat(path, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFBLK {
			return path, uint64(st.Rdev)
		}
	}
	t.Skip("no block device in /dev")
	return "", 0
}

func TestPodLimits(t *testing.T) {
	weight := uint16(20)
	memory := int64(1024)
	c := &pod.Config{Resources: &specs.LinuxResources{
		Memory: &specs.LinuxMemory{Limit: &memory}, BlockIO: &specs.LinuxBlockIO{Weight: &weight},
	}}
	t.Run("without_devices_are_those_given", func(t *testing.T) {
		limits, err := podLimits(c)
		require.NoError(t, err)
		require.Same(t, c.Resources, limits)
	})
	t.Run("devices_are_found_by_path", func(t *testing.T) {
		path, number := aBlockDevice(t)
		with := *c
		with.ReadBPS = []container.Throttle{{Path: path, Rate: 7}}
		limits, err := podLimits(&with)
		require.NoError(t, err)
		disk := specs.LinuxThrottleDevice{Rate: 7}
		disk.Major, disk.Minor = int64(unix.Major(number)), int64(unix.Minor(number))
		require.Equal(t, &specs.LinuxResources{
			Memory:  &specs.LinuxMemory{Limit: &memory},
			BlockIO: &specs.LinuxBlockIO{Weight: &weight, ThrottleReadBpsDevice: []specs.LinuxThrottleDevice{disk}},
		}, limits)
		require.Nil(t, c.Resources.BlockIO.ThrottleReadBpsDevice)
	})
	t.Run("a_path_that_is_no_device_is_refused", func(t *testing.T) {
		for _, path := range []string{"/dev/nowhere", "/dev"} {
			_, err := podLimits(&pod.Config{WriteBPS: []container.Throttle{{Path: path, Rate: 1}}})
			require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
		}
	})
	t.Run("which_block_device_has_the_numbers_is_not_asked", func(t *testing.T) {
		limits, err := podLimits(&pod.Config{WriteBPS: []container.Throttle{{Path: "/dev/zero", Rate: 1}}})
		require.NoError(t, err)
		zero := limits.BlockIO.ThrottleWriteBpsDevice[0]
		require.Equal(t, []int64{1, 5}, []int64{zero.Major, zero.Minor})
	})
}
