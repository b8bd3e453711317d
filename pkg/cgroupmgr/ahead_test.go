package cgroupmgr

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/opencontainers/cgroups"
	"github.com/stretchr/testify/require"
)

func TestAheadMovesNobodyElsewhere(t *testing.T) {
	own, err := cgroups.ParseCgroupFile("/proc/self/cgroup")
	require.NoError(t, err)
	for name, p := range own {
		h := Hierarchy{Dir: t.TempDir(), Unified: name == ""}
		if !h.Unified {
			h.Controllers = []string{name}
		}
		file := filepath.Join(h.Dir, p, procsFile)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		newTree(Layout{Hierarchies: []Hierarchy{{Dir: "/nowhere"}, h}}).Ahead()
		written, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, "0\n", string(written), "this process, to the cgroup it is in, %s%s", name, p)
	}
}
