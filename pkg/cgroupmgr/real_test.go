package cgroupmgr

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/stretchr/testify/require"
)

// TestMain lets the test binary be the process that is put into cgroups: it
// lives until its standard input is closed.
func TestMain(m *testing.M) {
	if os.Getenv("CGROUPMGR_TEST_PROCESS") != "" {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// startProcess returns a living process and what ends it.
func startProcess(t *testing.T) (pid int, end func()) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "CGROUPMGR_TEST_PROCESS=1")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	end = sync.OnceFunc(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	t.Cleanup(end)
	return cmd.Process.Pid, end
}

// realManager works on this host's own tree, under a parent of its own.
func realManager(t *testing.T) *cgroupfs {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: needs root to write to the cgroup tree")
	}
	layout, err := Detect(DefaultRoot)
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	m := &cgroupfs{tree: newTree(layout), defaultParent: fmt.Sprintf("/podctl_test_%d", os.Getpid()), family: callerFamily}
	if _, err := m.create(t.Context(), m.defaultParent); err != nil {
		m.prune(m.defaultParent)
		t.Skipf("SKIPPED: the cgroup tree cannot be written to: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		require.NoError(t, m.remove(ctx, m.defaultParent, nil))
	})
	return m
}

// nothingLeft: the default parent goes with the last pod.
func nothingLeft(t *testing.T, m *cgroupfs) {
	for _, h := range m.layout.Hierarchies {
		require.NoDirExists(t, filepath.Join(h.Dir, m.defaultParent))
	}
}

func TestRealTree(t *testing.T) {
	t.Run("limits are set, read back and gone with the pod", func(t *testing.T) {
		m := realManager(t)
		p, err := m.PodPath("", "web")
		require.NoError(t, err)
		r := &specs.LinuxResources{
			Memory: &specs.LinuxMemory{Limit: ptr(int64(64 << 20))},
			CPU:    &specs.LinuxCPU{Shares: ptr(uint64(512)), Period: ptr(uint64(100000)), Quota: ptr(int64(50000)), Cpus: "0"},
			Pids:   &specs.LinuxPids{Limit: 50},
		}
		if m.layout.SwapAccounting() {
			r.Memory.Swap = ptr(int64(128 << 20))
		}
		require.NoError(t, m.CreatePod(t.Context(), p, r))
		for _, c := range controllers() {
			h, ok := m.layout.hierarchy(c.name, c.nameV2)
			require.True(t, ok || c.name == "blkio", c.name)
			convert := c.v1
			if h.Unified {
				convert = c.v2
			}
			settings, err := convert(r)
			require.NoError(t, err)
			for _, s := range settings {
				got, err := os.ReadFile(filepath.Join(h.Dir, p, s.file))
				require.NoError(t, err)
				require.Equal(t, s.value, strings.TrimSpace(string(got)), s.file)
			}
		}

		// Both limits grow, then shrink: neither order of writing fits both.
		for _, mib := range []int64{256, 16} {
			r.Memory.Limit = ptr(mib << 20)
			if r.Memory.Swap != nil {
				r.Memory.Swap = ptr(2 * mib << 20)
			}
			require.NoError(t, m.Update(t.Context(), p, r))
		}
		require.NoError(t, m.RemovePod(t.Context(), p))
		nothingLeft(t, m)
	})

	t.Run("a living process keeps the pod and is named", func(t *testing.T) {
		m := realManager(t)
		p, _ := m.PodPath("", "web")
		require.NoError(t, m.CreatePod(t.Context(), p, nil))
		pid, end := startProcess(t)
		require.NoError(t, m.enter(t.Context(), m.ContainerPath(p, "a"), pid))
		err := m.RemovePod(short(t), p)
		require.ErrorIs(t, err, errdefs.ErrInUse)
		require.ErrorContains(t, err, fmt.Sprintf("%d (", pid))
		end()
		require.NoError(t, m.RemovePod(t.Context(), p))
		nothingLeft(t, m)
	})

	t.Run("a living conmon does not keep the pod", func(t *testing.T) {
		m := realManager(t)
		p, _ := m.PodPath("", "web")
		require.NoError(t, m.CreatePod(t.Context(), p, &specs.LinuxResources{CPU: &specs.LinuxCPU{Cpus: "0"}}))
		pid, _ := startProcess(t)
		require.NoError(t, m.AddConmon(t.Context(), p, "a", pid))
		pids, err := m.Processes(p)
		require.NoError(t, err)
		require.Equal(t, []int{pid}, pids)
		require.NoError(t, m.RemovePod(t.Context(), p))
		nothingLeft(t, m)
	})

	t.Run("pods come and go side by side", func(t *testing.T) {
		m := realManager(t)
		var wg sync.WaitGroup
		errs := make(chan error, 1000)
		for i := range 8 {
			p, _ := m.PodPath("", fmt.Sprintf("pod%d", i))
			pid, _ := startProcess(t)
			wg.Go(func() {
				for range 10 {
					errs <- m.CreatePod(t.Context(), p, nil)
					errs <- m.AddConmon(t.Context(), p, "a", pid)
					errs <- m.RemovePod(t.Context(), p)
				}
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		nothingLeft(t, m)
	})
}

// BenchmarkCreatePod is on the path of pod create.
func BenchmarkCreatePod(b *testing.B) {
	layout, err := Detect(DefaultRoot)
	if err != nil || os.Geteuid() != 0 {
		b.Skip("SKIPPED: needs root and a cgroup tree")
	}
	m := &cgroupfs{tree: newTree(layout), defaultParent: fmt.Sprintf("/podctl_bench_%d", os.Getpid()), family: callerFamily}
	for i := 0; b.Loop(); i++ {
		p, _ := m.PodPath("", fmt.Sprint(i))
		if err := m.CreatePod(b.Context(), p, nil); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := m.RemovePod(context.Background(), p); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
