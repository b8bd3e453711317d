package cgroupmgr

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
)

// userSession is the manager of user 1000, whose systemd was given the controllers.
func userSession(t *testing.T, controllers string) *systemd {
	root := t.TempDir()
	session := filepath.Join(root, "user.slice/user-1000.slice/user@1000.service")
	require.NoError(t, os.MkdirAll(session, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(session, "cgroup.controllers"), []byte(controllers+"\n"), 0o644))
	layout := Layout{Kind: V2, Hierarchies: []Hierarchy{{Dir: root, Controllers: []string{"cpu", "cpuset", "io", "memory", "pids"}, Unified: true}}}
	return &systemd{tree: newTree(layout), rootless: true, uid: 1000}
}

func TestDelegated(t *testing.T) {
	asked := func() *specs.LinuxResources {
		return &specs.LinuxResources{
			CPU:     &specs.LinuxCPU{Quota: ptr(int64(50000)), Cpus: "0", Mems: "0"},
			Memory:  &specs.LinuxMemory{Limit: ptr(int64(1 << 20))},
			Pids:    &specs.LinuxPids{Limit: 5},
			BlockIO: &specs.LinuxBlockIO{Weight: ptr(uint16(300))},
			Unified: map[string]string{"memory.high": "5", "io.weight": "5", "cgroup.freeze": "0"},
		}
	}
	t.Run("what is not delegated is left out and named", func(t *testing.T) {
		r := asked()
		got, missing := userSession(t, "cpu memory pids").Delegated(r)
		require.Equal(t, []string{"cpuset", "io"}, missing)
		require.Equal(t, &specs.LinuxResources{
			CPU:     &specs.LinuxCPU{Quota: ptr(int64(50000))},
			Memory:  &specs.LinuxMemory{Limit: ptr(int64(1 << 20))},
			Pids:    &specs.LinuxPids{Limit: 5},
			Unified: map[string]string{"memory.high": "5", "cgroup.freeze": "0"},
		}, got)
		require.Equal(t, asked(), r, "the limits asked for are not changed")
	})
	t.Run("CPU time and sets of CPUs are controllers of their own", func(t *testing.T) {
		got, missing := userSession(t, "cpuset").Delegated(asked())
		require.Equal(t, []string{"cpu", "io", "memory", "pids"}, missing)
		require.Equal(t, &specs.LinuxCPU{Cpus: "0", Mems: "0"}, got.CPU)
		require.Nil(t, got.Memory)
		require.Nil(t, got.Pids)
	})
	t.Run("all of them is all of it", func(t *testing.T) {
		got, missing := userSession(t, "cpu cpuset io memory pids").Delegated(asked())
		require.Empty(t, missing)
		require.Equal(t, asked(), got)
	})
	t.Run("root, no session, no limits: nothing is left out", func(t *testing.T) {
		m := userSession(t, "")
		got, missing := m.Delegated(nil)
		require.Nil(t, got)
		require.Empty(t, missing)
		m.uid = 1001
		got, missing = m.Delegated(asked())
		require.Equal(t, asked(), got)
		require.Empty(t, missing)
		m.uid, m.rootless = 1000, false
		got, missing = m.Delegated(asked())
		require.Equal(t, asked(), got)
		require.Empty(t, missing)
	})
}
