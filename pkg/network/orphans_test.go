package network

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWaitOrphans(t *testing.T) {
	const ns = "/run/netns/of-this-test-alone"
	require.NoError(t, waitOrphans(t.Context(), ns, time.Minute), "nothing to wait for")

	// A process that looks like netavark and ends when its input does.
	orphan := exec.Command("/bin/sh")
	orphan.Args = []string{"/usr/lib/podman/netavark", "-c", "read line", "setup", ns}
	input, err := orphan.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, orphan.Start())

	found, err := workingOn(ns)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, orphan.Process.Pid, found[0].PID)
	found, err = workingOn(ns + "2")
	require.NoError(t, err)
	require.Empty(t, found, "another container's is not waited for")

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, waitOrphans(cancelled, ns, time.Minute), context.Canceled)

	require.NoError(t, input.Close())
	require.NoError(t, waitOrphans(t.Context(), ns, time.Minute))
	_ = orphan.Wait() // reap it; read fails at the end of input

	// One that hangs is killed, also a script of that name.
	script := filepath.Join(t.TempDir(), "netavark")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\ntrap '' TERM\nread line\n"), 0o700))
	orphan = exec.Command(script, "setup", ns)
	_, err = orphan.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, orphan.Start())
	require.NoError(t, waitOrphans(t.Context(), ns, 100*time.Millisecond))
	found, err = workingOn(ns)
	require.NoError(t, err)
	require.Empty(t, found)
	require.ErrorContains(t, orphan.Wait(), "killed")
}
