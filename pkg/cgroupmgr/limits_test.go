package cgroupmgr

import (
	"path"
	"path/filepath"
	"testing"

	systemdbus "github.com/coreos/go-systemd/v22/dbus"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func ptr[T any](v T) *T { return &v }

// everyLimit has all limits that pods have flags for.
func everyLimit() *specs.LinuxResources {
	rate := specs.LinuxThrottleDevice{Rate: 1 << 20}
	rate.Major, rate.Minor = 8, 16
	return &specs.LinuxResources{
		CPU:    &specs.LinuxCPU{Shares: ptr(uint64(2048)), Period: ptr(uint64(100000)), Quota: ptr(int64(150000)), Cpus: "0-1,3", Mems: "0"},
		Memory: &specs.LinuxMemory{Limit: ptr(int64(64 << 20)), Swap: ptr(int64(96 << 20))},
		Pids:   &specs.LinuxPids{Limit: 100},
		BlockIO: &specs.LinuxBlockIO{
			Weight:                ptr(uint16(500)),
			ThrottleReadBpsDevice: []specs.LinuxThrottleDevice{rate},
		},
	}
}

func TestCgroupfsLimits(t *testing.T) {
	v1 := map[[2]string]string{
		{"cpu,cpuacct", "cpu.shares"}:               "2048",
		{"cpu,cpuacct", "cpu.cfs_period_us"}:        "100000",
		{"cpu,cpuacct", "cpu.cfs_quota_us"}:         "150000",
		{"cpuset", "cpuset.cpus"}:                   "0-1,3",
		{"cpuset", "cpuset.mems"}:                   "0",
		{"memory", "memory.limit_in_bytes"}:         "67108864",
		{"memory", "memory.memsw.limit_in_bytes"}:   "100663296",
		{"blkio", "blkio.bfq.weight"}:               "500",
		{"blkio", "blkio.throttle.read_bps_device"}: "8:16 1048576",
		{"pids", "pids.max"}:                        "100",
	}
	v2 := map[[2]string]string{
		{"", "cpu.weight"}:      "174",
		{"", "cpu.max"}:         "150000 100000",
		{"", "cpuset.cpus"}:     "0-1,3",
		{"", "cpuset.mems"}:     "0",
		{"", "memory.max"}:      "67108864",
		{"", "memory.swap.max"}: "33554432",
		{"", "io.weight"}:       "default 4950",
		{"", "io.max"}:          "8:16 rbps=1048576",
		{"", "pids.max"}:        "100",
	}
	for kind, want := range map[Kind]map[[2]string]string{V1: v1, Hybrid: v1, V2: v2} {
		t.Run(string(kind), func(t *testing.T) {
			h := newHost(t, Cgroupfs, kind)
			p, cgroup := h.pod(t, "web")
			require.NoError(t, h.CreatePod(t.Context(), p, everyLimit()))
			for file, value := range want {
				require.Equal(t, value, h.kernel.read(file[0], cgroup, file[1]), file[1])
			}
			require.NoError(t, h.Update(t.Context(), p, &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: -1}}))
			require.Equal(t, "max", h.kernel.read("pids", cgroup, "pids.max"))
		})
	}
}

func TestMissingLimits(t *testing.T) {
	memory := &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: ptr(int64(1 << 20)), Swap: ptr(int64(1 << 20))}}
	t.Run("no swap accounting names the file and the remedy", func(t *testing.T) {
		h := newHost(t, Cgroupfs, V1)
		h.kernel.without = []string{"memory.memsw.limit_in_bytes"}
		err := h.CreatePod(t.Context(), "/podctl_parent/web", memory)
		require.ErrorIs(t, err, errdefs.ErrUnsupported)
		file := filepath.Join(h.kernel.root, "memory/podctl_parent/web/memory.memsw.limit_in_bytes")
		require.EqualError(t, err, "limit cgroup /podctl_parent/web: no file "+file+
			" for the memory controller: boot with swapaccount=1 or leave out --memory-swap: unsupported")
		require.Empty(t, h.left())
	})
	t.Run("a controller that is not delegated", func(t *testing.T) {
		h := newHost(t, Cgroupfs, V2)
		h.kernel.without = []string{"memory.max"}
		err := h.CreatePod(t.Context(), "/podctl_parent/web", memory)
		require.ErrorContains(t, err, "enable it with +memory in the cgroup.subtree_control of the cgroups above")
	})
	t.Run("a controller the host does not have", func(t *testing.T) {
		k := newKernel(t, V2)
		k.write(k.root, "cgroup.controllers", "cpu pids")
		m := &cgroupfs{tree: k.tree(), defaultParent: "/podctl_parent", family: callerFamily}
		err := m.CreatePod(t.Context(), "/podctl_parent/web", memory)
		require.EqualError(t, err, "limit cgroup /podctl_parent/web: this host has no memory controller: "+
			"boot with cgroup_enable=memory or leave out the memory limits: unsupported")
		require.Empty(t, k.dirs())
	})
	t.Run("files by name need v2", func(t *testing.T) {
		r := &specs.LinuxResources{Unified: map[string]string{"memory.max": "5"}}
		require.ErrorIs(t, newHost(t, Cgroupfs, V1).CreatePod(t.Context(), "/podctl_parent/web", r), errdefs.ErrUnsupported)
		h := newHost(t, Cgroupfs, V2)
		require.NoError(t, h.CreatePod(t.Context(), "/podctl_parent/web", r))
		require.Equal(t, "5", h.kernel.read("", "/podctl_parent/web", "memory.max"))
		r.Unified = map[string]string{"../memory.max": "5"}
		require.ErrorIs(t, h.Update(t.Context(), "/podctl_parent/web", r), errdefs.ErrInvalidArgument)
	})
	t.Run("rootless sets none", func(t *testing.T) {
		k := newKernel(t, V2)
		k.write(k.root, "cgroup.controllers", "cpu pids")
		m := &cgroupfs{tree: k.tree(), rootless: true, family: callerFamily}
		require.NoError(t, m.CreatePod(t.Context(), "/mine/web", memory))
	})
}

func TestCgroupfsHierarchies(t *testing.T) {
	t.Run("a new cpuset has the CPUs of the pod it is in", func(t *testing.T) {
		h := newHost(t, Cgroupfs, V1)
		require.NoError(t, h.CreatePod(t.Context(), "/podctl_parent/web", &specs.LinuxResources{CPU: &specs.LinuxCPU{Cpus: "1"}}))
		require.NoError(t, h.AddConmon(t.Context(), "/podctl_parent/web", "a", 4001))
		require.Equal(t, "1", h.kernel.read("cpuset", "/podctl_parent/web/conmon", "cpuset.cpus"))
		require.Equal(t, "0", h.kernel.read("cpuset", "/podctl_parent/web/conmon", "cpuset.mems"))
		require.Equal(t, "0-3", h.kernel.read("cpuset", "/podctl_parent", "cpuset.cpus"))
	})
	t.Run("the v2 side of a hybrid tree is delegated only what is needed", func(t *testing.T) {
		h := newHost(t, Cgroupfs, Hybrid)
		require.NoError(t, h.CreatePod(t.Context(), "/podctl_parent/web", everyLimit()))
		require.Empty(t, h.kernel.read("unified", "/", subtreeControlFile))
	})
	t.Run("a controller on the v2 side of a hybrid tree limits there", func(t *testing.T) {
		k := newKernel(t, Hybrid)
		k.write(filepath.Join(k.root, "unified"), "cgroup.controllers", "pids")
		require.NoError(t, k.rmdir(filepath.Join(k.root, "pids")))
		m := &cgroupfs{tree: k.tree(), defaultParent: "/podctl_parent", family: callerFamily}
		// The kernel adds the file the moment the controller is enabled above.
		k.run("/podctl_parent/web")
		k.write(filepath.Join(k.root, "unified/podctl_parent/web"), "pids.max", "max")
		err := m.CreatePod(t.Context(), "/podctl_parent/web", &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: 9}})
		require.NoError(t, err)
		require.Equal(t, "+pids", k.read("unified", "/", subtreeControlFile))
		require.Equal(t, "+pids", k.read("unified", "/podctl_parent", subtreeControlFile))
		require.Equal(t, "9", k.read("unified", "/podctl_parent/web", "pids.max"))
	})
	t.Run("what waiting cannot help is reported at once, from all hierarchies one", func(t *testing.T) {
		k := newKernel(t, V1)
		k.run("/mine/web", 4000001)
		m := &cgroupfs{tree: k.tree(), family: callerFamily}
		m.rmdir = func(dir string) error {
			if k.hierarchy(dir) == filepath.Join(k.root, "memory") {
				return unix.EACCES
			}
			return k.rmdir(dir)
		}
		err := m.RemovePod(t.Context(), "/mine/web")
		require.EqualError(t, err, "remove cgroup /mine/web: rmdir "+filepath.Join(k.root, "memory/mine/web")+": permission denied")
	})
	t.Run("a removal waits for the last process", func(t *testing.T) {
		h := newHost(t, Cgroupfs, V1)
		inside := "/podctl_parent/web/podctl-a"
		h.kernel.run(inside, 4000001)
		h.kernel.onBusy = func() { h.kernel.exit(inside) }
		require.NoError(t, h.RemovePod(t.Context(), "/podctl_parent/web"))
		require.Empty(t, h.left())
	})
	t.Run("a parent that a user named stays", func(t *testing.T) {
		h := newHost(t, Cgroupfs, V2)
		require.NoError(t, h.CreatePod(t.Context(), "/mine/web", nil))
		require.NoError(t, h.RemovePod(t.Context(), "/mine/web"))
		require.Equal(t, []string{"mine"}, h.left())
	})
	t.Run("a container leaves nothing in a parent that a user named", func(t *testing.T) {
		h := newHost(t, Cgroupfs, V2)
		require.NoError(t, h.AddConmon(t.Context(), "/mine", "a", 4001))
		h.kernel.run(h.ContainerCgroup("/mine", "a"))
		h.family = []int{4001}
		require.NoError(t, h.RemoveContainer(t.Context(), "/mine", "a"))
		require.Equal(t, []string{"mine"}, h.left())
	})
	t.Run("the conmon of another container stays where it is", func(t *testing.T) {
		h := newHost(t, Cgroupfs, V1)
		require.NoError(t, h.AddConmon(t.Context(), "", "a", 4001))
		require.NoError(t, h.AddConmon(t.Context(), "", "b", 4002))
		h.kernel.run(h.ContainerCgroup("", "b"), 4003)
		h.family = []int{4001}
		require.NoError(t, h.RemoveContainer(t.Context(), "", "a"))
		pids, err := h.Processes("/podctl_parent/conmon")
		require.NoError(t, err)
		require.Equal(t, []int{4001, 4002}, pids)
	})
}

func TestSystemdLimits(t *testing.T) {
	h := newHost(t, Systemd, V2)
	p, _ := h.pod(t, "web")
	require.NoError(t, h.CreatePod(t.Context(), p, everyLimit()))
	unit := h.bus.units[path.Base(p)]
	for name, want := range map[string]any{
		"CPUWeight":           uint64(174),
		"CPUQuotaPerSecUSec":  uint64(1500000),
		"AllowedCPUs":         []byte{0b1011},
		"AllowedMemoryNodes":  []byte{1},
		"MemoryMax":           uint64(64 << 20),
		"MemorySwapMax":       uint64(32 << 20),
		"IOWeight":            uint64(4950),
		"IOReadBandwidthMax":  []deviceValue{{"/dev/block/8:16", 1 << 20}},
		"TasksMax":            uint64(100),
		"Wants":               []string{"machine.slice"},
		"DefaultDependencies": false,
	} {
		require.Equal(t, want, unit[name], name)
	}
	require.NotContains(t, unit, "CPUQuotaPeriodUSec", "systemd older than 242 has none")
	require.NotContains(t, unit, "Slice", "a slice is in another by its name")

	t.Run("a container's limit is its scope's", func(t *testing.T) {
		scope := containerScope("a")
		cgroup := h.ContainerCgroup(p, "a")
		require.NoError(t, h.bus.StartTransientUnit(t.Context(), scope, []systemdbus.Property{property("Slice", path.Base(p))}))
		require.NoError(t, h.Update(t.Context(), cgroup, &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: -1}}))
		require.Equal(t, infinity, h.bus.units[scope]["TasksMax"])
		require.Equal(t, "max", h.kernel.read("pids", cgroup, "pids.max"))

		inner := path.Join(cgroup, crunCgroup)
		h.kernel.run(inner)
		require.NoError(t, h.Update(t.Context(), cgroup, &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: 7}}))
		require.Equal(t, "7", h.kernel.read("pids", inner, "pids.max"), "crun has the processes in there")
	})

	t.Run("limits of a v1 host are written too", func(t *testing.T) {
		h := newHost(t, Systemd, V1)
		p, cgroup := h.pod(t, "web")
		require.NoError(t, h.CreatePod(t.Context(), p, everyLimit()))
		require.Equal(t, "100663296", h.kernel.read("memory", cgroup, "memory.memsw.limit_in_bytes"))
	})
}

func TestConvert(t *testing.T) {
	t.Run("swap", func(t *testing.T) {
		for _, c := range []struct {
			limit *int64
			swap  int64
			want  int64
			err   bool
		}{
			{ptr(int64(10)), 30, 20, false},
			{ptr(int64(10)), 10, 0, false},
			{ptr(int64(10)), -1, -1, false},
			{nil, -1, -1, false},
			{nil, 30, 0, true},
			{ptr(int64(-1)), 30, 0, true},
			{ptr(int64(30)), 10, 0, true},
		} {
			got, err := swapOnly(&specs.LinuxMemory{Limit: c.limit, Swap: &c.swap})
			require.Equal(t, c.err, err != nil)
			require.Equal(t, c.want, got)
		}
	})
	t.Run("quota", func(t *testing.T) {
		require.Equal(t, uint64(500000), quotaPerSecond(50000, 100000))
		require.Equal(t, uint64(340000), quotaPerSecond(33333, 100000), "rounded up to a percent")
		require.Equal(t, infinity, quotaPerSecond(-1, 100000))
	})
	t.Run("lists of CPUs", func(t *testing.T) {
		for list, want := range map[string][]byte{"0": {1}, "0-3": {15}, "8,1": {2, 1}, "7-8": {128, 1}, " 1 , 2 ": {6}} {
			got, err := bitmask(list)
			require.NoError(t, err)
			require.Equal(t, want, got, list)
		}
		for _, list := range []string{"", "a", "3-1", "1-", "-1", "99999999"} {
			_, err := bitmask(list)
			require.ErrorIs(t, err, errdefs.ErrInvalidArgument, list)
		}
	})
}
