package settings

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUserRunDir(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "own")
	require.NoError(t, os.Mkdir(own, 0o700))
	open := filepath.Join(dir, "open")
	require.NoError(t, os.Mkdir(open, 0o700))
	require.NoError(t, os.Chmod(open, 0o777))
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o700))

	t.Setenv("XDG_RUNTIME_DIR", own)
	got, err := UserRunDir()
	require.NoError(t, err)
	require.Equal(t, own, got)

	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	_, err = UserRunDir()
	require.NoError(t, err)
	require.Empty(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS"), "there is none")
	bus, err := net.Listen("unix", filepath.Join(own, "bus"))
	require.NoError(t, err)
	defer bus.Close()
	_, err = UserRunDir()
	require.NoError(t, err)
	require.Equal(t, "unix:path="+own+"/bus", os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/another")
	_, err = UserRunDir()
	require.NoError(t, err)
	require.Equal(t, "unix:path=/another", os.Getenv("DBUS_SESSION_BUS_ADDRESS"), "what is set stays")

	for path, words := range map[string]string{
		filepath.Join(dir, "gone"): "no such file or directory",
		open:                       "has mode 0777",
		file:                       "is no directory",
		"relative":                 "is no absolute path",
	} {
		t.Setenv("XDG_RUNTIME_DIR", path)
		_, err := UserRunDir()
		require.ErrorContains(t, err, words)
		require.ErrorContains(t, err, "set it to a directory of your own with mode 0700", "the remedy")
	}
}
