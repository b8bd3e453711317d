package oci

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConmonPresent(t *testing.T) {
	dir := t.TempDir()
	present := func() bool {
		t.Helper()
		p, err := ConmonPresent(dir)
		require.NoError(t, err)
		return p
	}
	require.False(t, present(), "none was ever started")

	f, err := announce(dir)
	require.NoError(t, err)
	require.True(t, present(), "one is about to be started")
	_, err = announce(dir)
	require.Error(t, err, "two at the same time")

	// What conmon does: the first process starts the one that stays, and ends.
	read, write, err := os.Pipe()
	require.NoError(t, err)
	cmd := exec.Command("sh", "-c", "read x <&4 &")
	cmd.ExtraFiles = []*os.File{f, read}
	require.NoError(t, cmd.Run())
	require.NoError(t, f.Close())
	require.NoError(t, read.Close())
	require.True(t, present(), "we are gone, and the first process")
	require.NoError(t, write.Close())
	require.Eventually(t, func() bool { return !present() }, 10*time.Second, 10*time.Millisecond, "the last one has ended")

	_, err = announce(dir)
	require.NoError(t, err, "after an earlier one")
}
