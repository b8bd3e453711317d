package volume

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/moby/sys/mountinfo"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func made(t *testing.T, opts CreateOptions) (string, *Volume) {
	t.Helper()
	root := t.TempDir()
	v, err := New(root, opts, time.Now())
	require.NoError(t, err)
	require.NoError(t, Create(root, v))
	return root, v
}

func TestCreateAndRemove(t *testing.T) {
	root, v := made(t, CreateOptions{Name: "data"})
	require.DirExists(t, filepath.Join(root, "data", "_data"))
	require.NoError(t, os.WriteFile(filepath.Join(v.Mountpoint, "f"), nil, 0o600))
	require.NoError(t, Create(root, v), "again")
	require.FileExists(t, filepath.Join(v.Mountpoint, "f"))

	require.NoError(t, Remove(root, v))
	require.NoDirExists(t, filepath.Join(root, "data"))
	require.NoError(t, Remove(root, v), "again")

	t.Run("a damaged name deletes nothing", func(t *testing.T) {
		for _, name := range []string{"", ".", "..", "a/.."} {
			require.ErrorIs(t, Remove(root, &Volume{Name: name}), errdefs.ErrInvalidArgument)
		}
		require.Error(t, Remove("", &Volume{Name: "x"}))
		require.DirExists(t, root)
	})
}

// inOwnMounts runs the calling test again in a mount namespace of its own and
// reports true there.
func inOwnMounts(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("requires root: mounts")
	}
	const marker = "PODCTL_TEST_OWN_MOUNTS"
	if os.Getenv(marker) == "1" {
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), marker+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	require.NoError(t, err)
	return false
}

func mounted(t *testing.T, v *Volume) bool {
	t.Helper()
	yes, err := mountinfo.Mounted(v.Mountpoint)
	require.NoError(t, err)
	return yes
}

func TestMount(t *testing.T) {
	if !inOwnMounts(t) {
		return
	}
	t.Run("tmpfs is mounted once and goes with remove", func(t *testing.T) {
		root, v := made(t, CreateOptions{Name: "t", Options: map[string]string{"type": "tmpfs", "o": "size=1m"}})
		require.NoError(t, Mount(t.Context(), v))
		require.NoError(t, Mount(t.Context(), v))
		require.True(t, mounted(t, v))
		require.NoError(t, Unmount(v))
		require.False(t, mounted(t, v))
		require.NoError(t, Unmount(v), "again")
		require.NoError(t, Mount(t.Context(), v))
		require.NoError(t, Remove(root, v))
		require.NoDirExists(t, filepath.Join(root, "t"))
	})
	t.Run("remove of a bind keeps the user's files", func(t *testing.T) {
		source := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(source, "precious"), nil, 0o600))
		root, v := made(t, CreateOptions{Name: "b", Options: map[string]string{"type": "bind", "device": source}})
		require.NoError(t, Mount(t.Context(), v))
		require.FileExists(t, filepath.Join(v.Mountpoint, "precious"))
		require.NoError(t, Remove(root, v))
		require.FileExists(t, filepath.Join(source, "precious"))
	})
	t.Run("remove refuses what something else has mounted there", func(t *testing.T) {
		source := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(source, "precious"), nil, 0o600))
		root, v := made(t, CreateOptions{Name: "p"})
		require.NoError(t, syscall.Mount(source, v.Mountpoint, "", syscall.MS_BIND, ""))
		require.ErrorIs(t, Remove(root, v), errdefs.ErrInUse)
		require.FileExists(t, filepath.Join(source, "precious"))
		require.NoError(t, syscall.Unmount(v.Mountpoint, 0))
		require.NoError(t, Remove(root, v))
	})
	t.Run("mount's reason is passed on", func(t *testing.T) {
		_, v := made(t, CreateOptions{Name: "x", Options: map[string]string{"type": "nosuchfs", "device": "none"}})
		err := Mount(t.Context(), v)
		require.ErrorIs(t, err, errdefs.ErrUnavailable)
		require.EqualError(t, err, "mount volume x: mount: "+v.Mountpoint+": special device none does not exist.")
	})
}

// rootfsWith makes a root with an image's /data.
func rootfsWith(t *testing.T) string {
	t.Helper()
	rootfs := t.TempDir()
	data := filepath.Join(rootfs, "real")
	require.NoError(t, os.MkdirAll(filepath.Join(data, "sub"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(data, "sub", "f"), []byte("x"), 0o640))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(data, "link")))
	require.NoError(t, os.Symlink("/real", filepath.Join(rootfs, "data")))
	require.NoError(t, os.Chmod(data, 0o750))
	return rootfs
}

func TestFirstUse(t *testing.T) {
	t.Run("copies content, follows links inside the root, takes the mode", func(t *testing.T) {
		_, v := made(t, CreateOptions{Name: "v"})
		require.NoError(t, FirstUse(v, rootfsWith(t), "/data", 0, 0))
		require.FileExists(t, filepath.Join(v.Mountpoint, "sub", "f"))
		to, err := os.Readlink(filepath.Join(v.Mountpoint, "link"))
		require.NoError(t, err)
		require.Equal(t, "/etc/passwd", to)
		info, err := os.Stat(v.Mountpoint)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o750), info.Mode().Perm())
		require.False(t, v.NeedsCopyUp || v.NeedsChown)
		require.NoFileExists(t, filepath.Join(filepath.Dir(v.Mountpoint), marker))
	})
	t.Run("leaves a volume that holds something alone", func(t *testing.T) {
		_, v := made(t, CreateOptions{Name: "v"})
		require.NoError(t, os.WriteFile(filepath.Join(v.Mountpoint, "mine"), nil, 0o600))
		require.NoError(t, FirstUse(v, rootfsWith(t), "/data", 0, 0))
		require.NoDirExists(t, filepath.Join(v.Mountpoint, "sub"))
		require.FileExists(t, filepath.Join(v.Mountpoint, "mine"))
	})
	t.Run("starts an interrupted copy over", func(t *testing.T) {
		_, v := made(t, CreateOptions{Name: "v"})
		require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(v.Mountpoint), marker), nil, 0o600))
		require.NoError(t, os.MkdirAll(filepath.Join(v.Mountpoint, "sub"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(v.Mountpoint, "sub", "f"), nil, 0o600))
		require.NoError(t, FirstUse(v, rootfsWith(t), "/data", 0, 0))
		text, err := os.ReadFile(filepath.Join(v.Mountpoint, "sub", "f"))
		require.NoError(t, err)
		require.Equal(t, "x", string(text))
	})
	t.Run("keeps the user's mode where no owner is to be taken", func(t *testing.T) {
		_, v := made(t, CreateOptions{Name: "v"})
		v.NeedsChown = false
		require.NoError(t, os.Chmod(v.Mountpoint, 0o700))
		require.NoError(t, FirstUse(v, rootfsWith(t), "/data", 0, 0))
		info, err := os.Stat(v.Mountpoint)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	})
	t.Run("a target the image does not have is fine", func(t *testing.T) {
		_, v := made(t, CreateOptions{Name: "v"})
		require.NoError(t, FirstUse(v, rootfsWith(t), "/nowhere/at/all", 0, 0))
		require.False(t, v.NeedsCopyUp)
	})
}
