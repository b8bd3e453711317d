package oci

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/proc"
)

// realHost is a Runtime on the host's own conmon and OCI runtime.
type realHost struct {
	*Runtime
	t    *testing.T
	ctx  context.Context
	dir  string
	hook string
}

// runtimeVar names the OCI runtime to test with; runc if it is not set.
const runtimeVar = "PODCTL_TEST_OCI_RUNTIME"

// needRealHost skips, aloud, where real containers cannot be made.
func needRealHost(t *testing.T) *realHost {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("requires root")
	}
	find := func(name string) string {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("requires %s: %v", name, err)
		}
		return path
	}
	conmon, runtime := find("conmon"), find(cmp.Or(os.Getenv(runtimeVar), "runc"))
	if _, err := os.Stat("/bin/busybox"); err != nil {
		t.Skipf("requires a static /bin/busybox: %v", err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	hook := filepath.Join(dir, "hook-ran")
	r, err := New(Config{
		RuntimePath: runtime, RuntimeRoot: filepath.Join(dir, "root"), ConmonPath: conmon,
		ExitDir: filepath.Join(dir, "exits"), PersistDir: filepath.Join(dir, "persist"),
		ExitCommand: []string{"/bin/sh", "-c", `echo "$*" > ` + hook + `.part && mv ` + hook + `.part ` + hook, "sh", "cleanup"},
	})
	require.NoError(t, err)
	return &realHost{Runtime: r, t: t, ctx: ctx, dir: dir, hook: hook}
}

// bundle writes a bundle that runs args and registers its removal.
func (h *realHost) bundle(terminal bool, args ...string) CreateOptions {
	h.t.Helper()
	var random [16]byte
	_, err := rand.Read(random[:])
	require.NoError(h.t, err)
	id := hex.EncodeToString(random[:])
	// Longer than a socket address holds.
	bundle := filepath.Join(h.dir, strings.Repeat("long", 30), id)
	rootfs := filepath.Join(bundle, "rootfs")
	for _, dir := range []string{"bin", "proc", "dev", "tmp"} {
		require.NoError(h.t, os.MkdirAll(filepath.Join(rootfs, dir), 0o755))
	}
	busybox, err := os.ReadFile("/bin/busybox")
	require.NoError(h.t, err)
	require.NoError(h.t, os.WriteFile(filepath.Join(rootfs, "bin/busybox"), busybox, 0o755))
	for _, applet := range []string{"sh", "cat", "echo", "sleep", "stty"} {
		require.NoError(h.t, os.Symlink("busybox", filepath.Join(rootfs, "bin", applet)))
	}
	spec := &specs.Spec{
		Version: "1.0.2",
		Root:    &specs.Root{Path: rootfs},
		Process: process(terminal, args...),
		Mounts: []specs.Mount{
			{Destination: "/proc", Type: "proc", Source: "proc"},
			{Destination: "/dev", Type: "tmpfs", Source: "tmpfs"},
			{Destination: "/dev/pts", Type: "devpts", Source: "devpts", Options: []string{"newinstance", "ptmxmode=0666"}},
		},
		Linux: &specs.Linux{
			CgroupsPath: "/podctl_test_" + id,
			Namespaces: []specs.LinuxNamespace{
				{Type: specs.PIDNamespace}, {Type: specs.MountNamespace}, {Type: specs.IPCNamespace}, {Type: specs.UTSNamespace},
			},
		},
	}
	config, err := json.Marshal(spec)
	require.NoError(h.t, err)
	require.NoError(h.t, os.WriteFile(filepath.Join(bundle, "config.json"), config, 0o600))
	opts := CreateOptions{
		ID: id, Name: "test", Bundle: bundle, Terminal: terminal,
		LogDriver: LogK8sFile, LogPath: filepath.Join(bundle, "ctr.log"),
	}
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(h.t, h.Delete(ctx, id, DeleteOptions{Force: true}))
		h.awaitConmonGone(ctx, opts)
	})
	return opts
}

func process(terminal bool, args ...string) *specs.Process {
	return &specs.Process{
		Args: args, Cwd: "/", Terminal: terminal,
		Env: []string{"PATH=/bin", "TERM=xterm"},
	}
}

// awaitConmonGone waits for the end of the container's conmon, so that nothing
// writes to the test's directory while it is removed.
func (h *realHost) awaitConmonGone(ctx context.Context, opts CreateOptions) {
	pid := readPid(filepath.Join(opts.Bundle, ConmonPidFileName))
	if pid == 0 {
		return
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	deadline, _ := ctx.Deadline()
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(time.Until(deadline).Milliseconds()))
	require.NoError(h.t, err)
	require.Equal(h.t, 1, n, "conmon %d goes on", pid)
}

func TestRealContainer(t *testing.T) {
	t.Run("lives_from_create_to_delete", func(t *testing.T) {
		h := needRealHost(t)
		opts := h.bundle(false, "sh", "-c", "echo hello; exit 7")
		var placed int
		opts.CgroupOfConmon = func(pid int) error { placed = pid; return unix.Kill(pid, 0) }
		opts.ExtraExitArgs = []string{"--rm"}
		created, err := h.Create(h.ctx, opts)
		require.NoError(t, err)
		require.NotZero(t, placed)
		require.NoError(t, unix.Kill(created.PID, 0))
		require.NoError(t, unix.Kill(created.ConmonPID, 0))
		state, err := h.State(h.ctx, opts.ID)
		require.NoError(t, err)
		require.Equal(t, specs.StateCreated, state.Status)
		require.Equal(t, created.PID, state.Pid)
		require.NoError(t, h.Start(h.ctx, opts.ID))
		exit, err := h.WaitExit(h.ctx, opts.ID, proc.Process{})
		require.NoError(t, err)
		require.Equal(t, 7, exit.Code)
		require.WithinDuration(t, time.Now(), exit.At, time.Minute)
		awaitFile(t, h.dir, filepath.Base(h.hook))
		hook, err := os.ReadFile(h.hook)
		require.NoError(t, err)
		require.Equal(t, "cleanup --rm --unless-relieved "+h.reliefFile(opts.ID)+" "+opts.ID+"\n", string(hook))
		log, err := os.ReadFile(opts.LogPath)
		require.NoError(t, err)
		require.True(t, bytes.HasSuffix(log, []byte("stdout F hello\n")), string(log))
		require.NoError(t, h.Delete(h.ctx, opts.ID, DeleteOptions{}))
		require.NoError(t, h.Delete(h.ctx, opts.ID, DeleteOptions{}))
		require.NoError(t, h.RemoveFiles(opts.ID))
		require.NoError(t, h.RemoveFiles(opts.ID))
		_, err = h.State(h.ctx, opts.ID)
		require.ErrorIs(t, err, errdefs.ErrNoSuchCtr)
	})

	t.Run("is_killed_paused_and_resumed", func(t *testing.T) {
		h := needRealHost(t)
		opts := h.bundle(false, "sleep", "1000")
		_, err := h.Create(h.ctx, opts)
		require.NoError(t, err)
		require.NoError(t, h.Start(h.ctx, opts.ID))
		require.NoError(t, h.Pause(h.ctx, opts.ID))
		state, err := h.State(h.ctx, opts.ID)
		require.NoError(t, err)
		require.EqualValues(t, "paused", state.Status)
		require.NoError(t, h.Resume(h.ctx, opts.ID))
		require.Error(t, h.Delete(h.ctx, opts.ID, DeleteOptions{}))
		require.NoError(t, h.Kill(h.ctx, opts.ID, unix.SIGKILL, KillOptions{}))
		exit, err := h.WaitExit(h.ctx, opts.ID, proc.Process{})
		require.NoError(t, err)
		require.Equal(t, 137, exit.Code)
		require.ErrorIs(t, h.Kill(h.ctx, opts.ID, unix.SIGTERM, KillOptions{}), errdefs.ErrCtrStopped)
		require.NoError(t, h.Delete(h.ctx, opts.ID, DeleteOptions{}))
		require.ErrorIs(t, h.Kill(h.ctx, opts.ID, unix.SIGTERM, KillOptions{}), errdefs.ErrNoSuchCtr)
	})

	t.Run("that_cannot_be_made_says_why", func(t *testing.T) {
		h := needRealHost(t)
		opts := h.bundle(false, "no-such-command")
		_, err := h.Create(h.ctx, opts)
		require.ErrorIs(t, err, errdefs.ErrOCICommandNotFound)
		require.Regexp(t, "^"+h.Name()+": .*executable file.* not found in \\$PATH.*: "+
			"OCI runtime attempted to invoke a command that was not found$", err.Error())
		// A second try is not in the way of the first.
		require.NoError(t, h.Delete(h.ctx, opts.ID, DeleteOptions{Force: true}))
		_, err = h.Create(h.ctx, opts)
		require.ErrorIs(t, err, errdefs.ErrOCICommandNotFound)
	})
}
