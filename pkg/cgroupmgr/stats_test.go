package cgroupmgr

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestStats(t *testing.T) {
	want := Stats{CPU: 1500 * time.Millisecond, Memory: 4096, MemoryLimit: 65536, BlockRead: 12, BlockWrite: 7, PIDs: 3}
	for name, tc := range map[string]struct {
		hierarchies []Hierarchy
		files       map[string]string
		want        Stats
	}{
		"v1_has_a_hierarchy_for_each_controller": {
			hierarchies: []Hierarchy{
				{Dir: "cpu", Controllers: []string{"cpu", "cpuacct"}}, {Dir: "memory", Controllers: []string{"memory"}},
				{Dir: "blkio", Controllers: []string{"blkio"}}, {Dir: "pids", Controllers: []string{"pids"}},
			},
			files: map[string]string{
				"cpu/c/cpuacct.usage": "1500000000\n", "memory/c/memory.usage_in_bytes": "4096\n", "memory/c/memory.limit_in_bytes": "65536\n",
				"blkio/c/blkio.throttle.io_service_bytes_recursive": "8:0 Read 10\n8:0 Write 7\n8:0 Total 17\n8:16 Read 2\nTotal 19\n",
				"pids/c/pids.current":                               "3\n",
			},
			want: want,
		},
		"v2_has_one_for_all": {
			hierarchies: []Hierarchy{{Dir: "u", Unified: true, Controllers: []string{"cpu", "io", "memory", "pids"}}},
			files: map[string]string{
				"u/c/cpu.stat": "usage_usec 1500000\nuser_usec 1\n", "u/c/memory.current": "4096\n", "u/c/memory.max": "65536\n",
				"u/c/io.stat": "8:0 rbytes=10 wbytes=7 rios=1\n8:16 rbytes=2 wbytes=0\n", "u/c/pids.current": "3\n",
			},
			want: want,
		},
		"hybrid_counts_each_where_its_controller_is": {
			hierarchies: []Hierarchy{{Dir: "memory", Controllers: []string{"memory"}}, {Dir: "u", Unified: true, Controllers: []string{"pids"}}},
			files: map[string]string{
				"u/c/cpu.stat": "usage_usec 2\n", "u/c/pids.current": "3\n",
				"memory/c/memory.usage_in_bytes": "4096\n", "memory/c/memory.limit_in_bytes": "9223372036854771712\n",
			},
			want: Stats{CPU: 2 * time.Microsecond, Memory: 4096, PIDs: 3},
		},
		"without_controllers_all_is_zero_and_max_is_no_limit": {
			hierarchies: []Hierarchy{{Dir: "u", Unified: true, Controllers: []string{"memory", "io"}}},
			files:       map[string]string{"u/c/memory.max": "max\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for file, text := range tc.files {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, file)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(root, file), []byte(text), 0o644))
			}
			for i := range tc.hierarchies {
				tc.hierarchies[i].Dir = filepath.Join(root, tc.hierarchies[i].Dir)
			}
			tree := newTree(Layout{Hierarchies: tc.hierarchies})
			got, err := tree.Stats("/c")
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
			for _, missing := range []string{"", "/d"} {
				_, err = tree.Stats(missing)
				require.ErrorIs(t, err, errdefs.ErrNoCgroup)
			}
		})
	}
	t.Run("what_is_no_number_is_told_with_its_file", func(t *testing.T) {
		root := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(root, "pids.current"), []byte("three\n"), 0o644))
		_, err := newTree(Layout{Hierarchies: []Hierarchy{{Dir: root, Controllers: []string{"pids"}}}}).Stats("/")
		require.ErrorContains(t, err, "pids.current")
	})
}
