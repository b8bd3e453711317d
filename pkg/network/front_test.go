package network

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// niceOf is what nice(1) says, run as a child.
func niceOf(t *testing.T) int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "nice").Output()
	require.NoError(t, err)
	n, err := strconv.Atoi(strings.TrimSpace(string(out)))
	require.NoError(t, err)
	return n
}

func TestInFrontOnlyWhileItRuns(t *testing.T) {
	runtime.LockOSThread() // children have the nice value of the thread
	defer runtime.UnlockOSThread()
	before := niceOf(t)
	if unix.Setpriority(unix.PRIO_PROCESS, 0, before-1) != nil {
		t.Skip("needs CAP_SYS_NICE")
	}
	require.NoError(t, unix.Setpriority(unix.PRIO_PROCESS, 0, before))

	failed := errors.New("failed")
	require.ErrorIs(t, inFront(func() error {
		require.Equal(t, before-raise, niceOf(t))
		return failed
	}), failed)
	require.Equal(t, before, niceOf(t))
}

func TestMayHaveDNS(t *testing.T) {
	b := &Backend{configDir: t.TempDir()}
	for name, text := range map[string]string{"with": `{"dns_enabled": true}`, "without": `{"dns_enabled": false}`, "torn": `{"dns`} {
		require.NoError(t, os.WriteFile(filepath.Join(b.configDir, name+".json"), []byte(text), 0o600))
	}
	has := func(names ...string) bool { return b.mayHaveDNS(slices.Values(names)) }
	require.False(t, has("podman", "without"))
	require.True(t, has("without", "with"))
	require.True(t, has("torn"))
}
