package volume

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestNew(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("x", 3600))
	seven := 7
	for name, tc := range map[string]struct {
		in    CreateOptions
		want  func(t *testing.T, v *Volume)
		err   string
		class error
	}{
		"defaults": {in: CreateOptions{Name: "data"}, want: func(t *testing.T, v *Volume) {
			require.Equal(t, &Volume{Name: "data", CreatedAt: now.UTC(), Config: Config{
				Driver: "local", Mountpoint: "/vols/data/_data", NeedsCopyUp: true, NeedsChown: true,
			}}, v)
		}},
		"a volume nobody named gets 64 hex digits": {in: CreateOptions{}, want: func(t *testing.T, v *Volume) {
			require.Regexp(t, "^[0-9a-f]{64}$", v.Name)
			require.False(t, v.Anonymous)
		}},
		"an owner in o is recorded, passed on, and final": {
			in: CreateOptions{Name: "v", Options: map[string]string{"o": "uid=3000,gid=4000,noexec"}},
			want: func(t *testing.T, v *Volume) {
				require.Equal(t, map[string]string{"o": "uid=3000,gid=4000,noexec", "UID": "3000", "GID": "4000"}, v.Options)
				require.Equal(t, 3000, v.UID)
				require.Equal(t, 4000, v.GID)
				require.False(t, v.NeedsChown)
				require.False(t, v.NeedsMount())
			},
		},
		"--uid is final too": {in: CreateOptions{Name: "v", UID: &seven}, want: func(t *testing.T, v *Volume) {
			require.Equal(t, 7, v.UID)
			require.False(t, v.NeedsChown)
		}},
		"nocopy is not for mount(8)": {
			in: CreateOptions{Name: "v", Options: map[string]string{"o": "nocopy"}},
			want: func(t *testing.T, v *Volume) {
				require.False(t, v.NeedsCopyUp)
				require.NotContains(t, v.Options, "o")
			},
		},
		"a tmpfs has its size from the kernel": {
			in: CreateOptions{Name: "v", Options: map[string]string{"type": "tmpfs", "device": "tmpfs", "o": "size=2m"}},
			want: func(t *testing.T, v *Volume) {
				require.True(t, v.NeedsMount())
				require.False(t, v.limited())
				require.Equal(t, uint64(2000000), v.Size)
			},
		},
		"bad name":           {in: CreateOptions{Name: "a/b"}, err: "running volume create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument", class: errdefs.ErrInvalidArgument},
		"unknown option":     {in: CreateOptions{Name: "v", Options: map[string]string{"colour": "red"}}, err: "invalid mount option colour for driver 'local': invalid argument", class: errdefs.ErrInvalidArgument},
		"unknown driver":     {in: CreateOptions{Name: "v", Driver: "nfs3"}, err: "no volume plugin with name nfs3 available: required plugin missing", class: errdefs.ErrUnsupported},
		"bind of nothing":    {in: CreateOptions{Name: "v", Options: map[string]string{"type": "bind", "device": "/nonexistent"}}, err: "invalid volume option device for driver 'local': stat /nonexistent: no such file or directory", class: errdefs.ErrInvalidArgument},
		"uid of no number":   {in: CreateOptions{Name: "v", Options: map[string]string{"o": "uid=root"}}, err: `cannot convert UID root to integer: strconv.Atoi: parsing "root": invalid syntax`, class: errdefs.ErrInvalidArgument},
		"uid without value":  {in: CreateOptions{Name: "v", Options: map[string]string{"o": "uid"}}, err: "uid option must provide a value: invalid argument", class: errdefs.ErrInvalidArgument},
		"size without quota": {in: CreateOptions{Name: "v", Options: map[string]string{"o": "size=1m,noquota"}}, err: "volume options size and inodes cannot be used without quota: invalid argument", class: errdefs.ErrInvalidArgument},
		"image without name": {in: CreateOptions{Name: "v", Driver: "image"}, err: "must provide an image name when creating a volume with the image driver: invalid argument", class: errdefs.ErrInvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := New("/vols", tc.in, now)
			if tc.err != "" {
				require.EqualError(t, err, tc.err)
				require.ErrorIs(t, err, tc.class)
				return
			}
			require.NoError(t, err)
			tc.want(t, v)
		})
	}
}

func TestMountArgs(t *testing.T) {
	for name, tc := range map[string]struct {
		options map[string]string
		want    string
	}{
		"tmpfs without a device": {map[string]string{"type": "tmpfs", "o": "size=1m,uid=3"}, "-t tmpfs -o size=1m,uid=3 -- tmpfs /v"},
		"nfs":                    {map[string]string{"type": "nfs", "device": "srv:/x", "o": "addr=srv,rw"}, "-t nfs -o addr=srv,rw -- srv:/x /v"},
		"bind asks for bind":     {map[string]string{"type": "bind", "device": "/x", "o": "uid=3,ro"}, "-o ro,bind -- /x /v"},
		"bind that asks itself":  {map[string]string{"type": "bind", "device": "/x", "o": "rbind"}, "-o rbind -- /x /v"},
		"a device only":          {map[string]string{"device": "/dev/sdx1"}, "-- /dev/sdx1 /v"},
	} {
		t.Run(name, func(t *testing.T) {
			v := &Volume{Config: Config{Driver: "local", Options: tc.options, Mountpoint: "/v"}}
			require.Equal(t, tc.want, strings.Join(mountArgs(v), " "))
		})
	}
}
