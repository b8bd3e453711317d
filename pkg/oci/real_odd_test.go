package oci

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/proc"
)

func TestRealContainerOddities(t *testing.T) {
	t.Run("a_killed_conmon_is_noticed_and_its_container_can_be_made_again", func(t *testing.T) {
		h := needRealHost(t)
		opts := h.bundle(false, "sh", "-c", "exit 0")
		created, err := h.Create(h.ctx, opts)
		require.NoError(t, err)
		conmon, err := proc.Of(created.ConmonPID)
		require.NoError(t, err)
		require.NoError(t, conmon.Signal(unix.SIGKILL))
		_, err = h.WaitExit(h.ctx, opts.ID, conmon)
		require.ErrorIs(t, err, errdefs.ErrConmonDead)
		_, err = h.Create(h.ctx, opts)
		require.ErrorIs(t, err, errdefs.ErrOCIRuntime, "the first one is still there")
		require.NoError(t, h.Delete(h.ctx, opts.ID, DeleteOptions{Force: true}))
		_, err = h.Create(h.ctx, opts)
		require.NoError(t, err)
		require.NoError(t, h.Start(h.ctx, opts.ID))
		exit, err := h.WaitExit(h.ctx, opts.ID, proc.Process{})
		require.NoError(t, err)
		require.Zero(t, exit.Code)
	})

	t.Run("the_remains_of_a_killed_create_are_deleted", func(t *testing.T) {
		h := needRealHost(t)
		opts := h.bundle(false, "sh", "-c", "exit 0")
		require.NoError(t, os.MkdirAll(filepath.Join(h.cfg.RuntimeRoot, opts.ID), 0o700))
		_, err := h.Create(h.ctx, opts)
		require.Error(t, err)
		require.NoError(t, h.Delete(h.ctx, opts.ID, DeleteOptions{Force: true}))
		_, err = h.Create(h.ctx, opts)
		require.NoError(t, err)
	})

	t.Run("descriptors_and_streams_are_passed_on", func(t *testing.T) {
		h := needRealHost(t)
		opts := h.bundle(false, "sh", "-c", "echo extra >&3; echo out")
		extra, extraW, err := os.Pipe()
		require.NoError(t, err)
		defer extra.Close()
		out, outW, err := os.Pipe()
		require.NoError(t, err)
		defer out.Close()
		opts.LogDriver, opts.LogPath = LogPassthrough, ""
		opts.Stdio = [3]*os.File{nil, outW, outW}
		opts.PreserveFDs = []*os.File{extraW}
		_, err = h.Create(h.ctx, opts)
		require.NoError(t, err)
		require.NoError(t, extraW.Close())
		require.NoError(t, outW.Close())
		require.NoError(t, h.Start(h.ctx, opts.ID))
		got, err := io.ReadAll(extra)
		require.NoError(t, err)
		require.Equal(t, "extra\n", string(got))
		got, err = io.ReadAll(out)
		require.NoError(t, err)
		require.Equal(t, "out\n", string(got))
	})

	t.Run("a_death_for_memory_is_told", func(t *testing.T) {
		h := needRealHost(t)
		needMemoryController(t)
		opts := h.bundle(false, "sh", "-c", "x=a; while :; do x=$x$x; done")
		h.changeSpec(opts, func(s *specs.Spec) {
			limit := int64(16 << 20)
			s.Linux.Resources = &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &limit}}
		})
		_, err := h.Create(h.ctx, opts)
		require.NoError(t, err)
		require.NoError(t, h.Start(h.ctx, opts.ID))
		exit, err := h.WaitExit(h.ctx, opts.ID, proc.Process{})
		require.NoError(t, err)
		require.Equal(t, 137, exit.Code)
		require.True(t, exit.OOMKilled)
	})

	t.Run("limits_are_updated", func(t *testing.T) {
		h := needRealHost(t)
		needMemoryController(t)
		opts := h.bundle(false, "sleep", "1000")
		_, err := h.Create(h.ctx, opts)
		require.NoError(t, err)
		require.NoError(t, h.Start(h.ctx, opts.ID))
		limit := int64(64 << 20)
		require.NoError(t, h.Update(h.ctx, opts.ID, &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &limit}}))
		version, err := h.Version(h.ctx)
		require.NoError(t, err)
		require.Contains(t, version, h.Name()+" version")
	})
}

func TestRealContainersLiveInParallel(t *testing.T) {
	h := needRealHost(t)
	const containers = 8
	ended := make(chan error, containers)
	for i := range containers {
		opts := h.bundle(false, "sh", "-c", fmt.Sprintf("exit %d", i))
		go func() {
			_, err := h.Create(h.ctx, opts)
			if err == nil {
				err = h.Start(h.ctx, opts.ID)
			}
			if err == nil {
				var exit Exit
				if exit, err = h.WaitExit(h.ctx, opts.ID, proc.Process{}); err == nil && exit.Code != i {
					err = fmt.Errorf("container %d ended with %d", i, exit.Code)
				}
			}
			ended <- err
		}()
	}
	for range containers {
		require.NoError(t, <-ended)
	}
}

// needMemoryController skips where a container's memory cannot be limited.
func needMemoryController(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/sys/fs/cgroup/memory/memory.limit_in_bytes"); err == nil {
		return
	}
	enabled, err := os.ReadFile("/sys/fs/cgroup/cgroup.subtree_control")
	if err != nil || !bytes.Contains(enabled, []byte("memory")) {
		t.Skip("requires the memory controller")
	}
}

// changeSpec rewrites the bundle's config.json.
func (h *realHost) changeSpec(opts CreateOptions, change func(*specs.Spec)) {
	h.t.Helper()
	path := filepath.Join(opts.Bundle, "config.json")
	text, err := os.ReadFile(path)
	require.NoError(h.t, err)
	spec := new(specs.Spec)
	require.NoError(h.t, json.Unmarshal(text, spec))
	change(spec)
	text, err = json.Marshal(spec)
	require.NoError(h.t, err)
	require.NoError(h.t, os.WriteFile(path, text, 0o600))
}
