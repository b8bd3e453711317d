package network

import (
	"context"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWaitOrphans(t *testing.T) {
	const ns = "/run/netns/of-this-test-alone"
	require.NoError(t, waitOrphans(t.Context(), ns), "nothing to wait for")

	// A process that looks like netavark and ends when its input does.
	orphan := exec.Command("/bin/sh")
	orphan.Args = []string{"/usr/lib/podman/netavark", "-c", "read line", "setup", ns}
	input, err := orphan.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, orphan.Start())

	pids, err := workingOn(ns)
	require.NoError(t, err)
	require.Equal(t, []int{orphan.Process.Pid}, pids)
	pids, err = workingOn(ns + "2")
	require.NoError(t, err)
	require.Empty(t, pids, "another container's is not waited for")

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, waitOrphans(cancelled, ns), context.Canceled)

	require.NoError(t, input.Close())
	require.NoError(t, waitOrphans(t.Context(), ns))
	_ = orphan.Wait() // reap it; read fails at the end of input
}
