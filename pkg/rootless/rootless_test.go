package rootless

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/containers/storage/pkg/idtools"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/proc"
)

func TestUserIsRootAndRangesFollow(t *testing.T) {
	ranges := []idtools.IDMap{{HostID: 300000, Size: 10}, {HostID: 100, Size: 5}}
	require.Equal(t, []specs.LinuxIDMapping{
		{ContainerID: 0, HostID: 1000, Size: 1},
		{ContainerID: 1, HostID: 300000, Size: 10},
		{ContainerID: 11, HostID: 100, Size: 5},
	}, inOrder(1000, ranges))
}

func TestRecordOfAnotherProcessLeadsNowhere(t *testing.T) {
	dir := t.TempDir()
	require.Nil(t, recorded(dir), "no record")

	require.NoError(t, writeRecord(dir, os.Getpid()))
	_, paused := Paused(dir)
	require.True(t, paused)
	require.Nil(t, recorded(dir), "a process in our own namespaces")

	self, err := proc.Self()
	require.NoError(t, err)
	self.StartTime++
	data, err := json.Marshal(self)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, recordName), data, 0o600))
	_, paused = Paused(dir)
	require.False(t, paused, "the pid was given to another")

	require.NoError(t, os.WriteFile(filepath.Join(dir, recordName), []byte("{"), 0o600))
	require.Nil(t, recorded(dir), "a damaged record")
}

func TestOnlyOwnMonitorsCount(t *testing.T) {
	require.True(t, isExitCommand("/usr/bin/conmon --exit-command /usr/bin/podctl --exit-command-arg container --exit-command-arg cleanup --exit-command-arg --stopped-only --exit-command-arg 0123"))
	require.False(t, isExitCommand("/usr/bin/conmon --exit-command /usr/bin/podman --exit-command-arg container --exit-command-arg cleanup --exit-command-arg 0123"))
}

func TestEnvironmentInside(t *testing.T) {
	t.Setenv("HOME", "/wrong")
	t.Setenv(joinVar, "9,9")
	t.Setenv("KEPT", "yes")
	ns := &namespaces{os.Stdin, os.Stdout}
	env := environ(Config{Env: []string{"HOME=/home/u"}}, ns)
	require.Contains(t, env, "HOME=/home/u")
	require.NotContains(t, env, "HOME=/wrong")
	require.Contains(t, env, joinVar+"=0,1")
	require.NotContains(t, env, joinVar+"=9,9")
	require.Contains(t, env, "KEPT=yes")
}
