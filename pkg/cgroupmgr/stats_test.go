package cgroupmgr

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestOOMKills(t *testing.T) {
	for name, tc := range map[string]struct {
		h     Hierarchy
		file  string
		text  string
		n     uint64
		known bool
	}{
		"v1":               {Hierarchy{Controllers: []string{"memory"}}, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", 2, true},
		"v1_old":           {Hierarchy{Controllers: []string{"memory"}}, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n", 0, false},
		"v2":               {Hierarchy{Unified: true, Controllers: []string{"memory"}}, "memory.events", "oom 7\noom_kill 0\noom_group_kill 0\n", 0, true},
		"gone":             {Hierarchy{Unified: true, Controllers: []string{"memory"}}, "other", "", 0, false},
		"not_a_controller": {Hierarchy{Unified: true}, "memory.events", "oom_kill 3\n", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			tc.h.Dir = t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(tc.h.Dir, "c"), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(tc.h.Dir, "c", tc.file), []byte(tc.text), 0o644))
			n, known := newTree(Layout{Hierarchies: []Hierarchy{tc.h}}).OOMKills("/c")
			require.Equal(t, tc.n, n)
			require.Equal(t, tc.known, known)
		})
	}
}

// A slice's count includes those of scopes that systemd has removed.
func TestOOMKillsGone(t *testing.T) {
	h := newHost(t, Systemd, V2)
	p, slice := h.pod(t, "a")
	require.NoError(t, h.CreatePod(t.Context(), p, nil))
	count := func(cgroup string, kills int) {
		require.NoError(t, h.kernel.mkdir(filepath.Join(h.kernel.root, cgroup)))
		h.kernel.write(filepath.Join(h.kernel.root, cgroup), "memory.events", fmt.Sprintf("oom 9\noom_kill %d\n", kills))
	}
	_, known := h.OOMKillsGone(p)
	require.False(t, known, "nothing counts")
	h.kernel.write(filepath.Join(h.kernel.root, slice), "memory.events", "oom_kill 3\n")
	n, known := h.OOMKillsGone(p)
	require.True(t, known)
	require.EqualValues(t, 3, n, "all that were are gone")
	count(slice+"/podctl-x.scope", 2)
	count(slice+"/podctl-y.scope", 0)
	n, known = h.OOMKillsGone(p)
	require.True(t, known)
	require.EqualValues(t, 1, n, "of one that is there the kills are its own")
	h.kernel.write(filepath.Join(h.kernel.root, slice), "memory.events", "oom_kill 0\n")
	n, known = h.OOMKillsGone(p)
	require.True(t, known, "counted locally")
	require.Zero(t, n)

	_, known = newHost(t, Cgroupfs, V2).OOMKillsGone("/podctl_parent")
	require.False(t, known, "podctl removes cgroups itself")
	_, known = newHost(t, Systemd, V1).OOMKillsGone(p)
	require.False(t, known, "version 1")
}

func TestMemoryLimitOfThoseAbove(t *testing.T) {
	h := Hierarchy{Dir: t.TempDir(), Unified: true, Controllers: []string{"memory"}}
	for dir, limit := range map[string]string{"": "max", "pod": "4096", "pod/own": "1024", "pod/none": "max", "free": "max"} {
		require.NoError(t, os.MkdirAll(filepath.Join(h.Dir, dir), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(h.Dir, dir, "memory.max"), []byte(limit+"\n"), 0o644))
	}
	for p, want := range map[string]uint64{"/pod": 4096, "/pod/own": 1024, "/pod/none": 4096, "/free": 0} {
		s, err := newTree(Layout{Hierarchies: []Hierarchy{h}}).Stats(p)
		require.NoError(t, err)
		require.Equal(t, want, s.MemoryLimit, p)
	}
}

func TestRemedy(t *testing.T) {
	for message, want := range map[string]string{
		`runc: failed to write "77": write /sys/fs/cgroup/cpuset/p/c/cpuset.cpus: numerical result out of range`: "--cpuset-cpus takes",
		"crun: write to `/sys/fs/cgroup/p/c/cpu.max`: Invalid argument":                                          "change --cpus",
		"runc: unable to set memory limit to 1024 (current usage: 2457600, peak usage: 2633728)":                 "raise --memory",
		`set memory.memsw.limit_in_bytes to "1"`:                                                                 "--memory-swap is memory and swap",
		`set cpu.rt_runtime_us to "1"`:                                                                           "leave out --cpu-rt-runtime",
		`set blkio.bfq.weight_device to "8:0 9"`:                                                                 "--blkio-weight-device",
	} {
		require.Contains(t, Remedy(message), want, message)
	}
	require.Empty(t, Remedy("exec: no such file"))
}

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
		"the_limit_may_be_in_a_cgroup_of_crun's": {
			hierarchies: []Hierarchy{{Dir: "u", Unified: true, Controllers: []string{"memory"}}},
			files: map[string]string{
				"u/c/memory.current": "4096\n", "u/c/memory.max": "max\n", "u/c/container/memory.current": "4000\n", "u/c/container/memory.max": "65536\n",
			},
			want: Stats{Memory: 4096, MemoryLimit: 65536},
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
