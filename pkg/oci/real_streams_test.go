package oci

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containers/common/pkg/resize"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/proc"
)

func TestRealAttach(t *testing.T) {
	t.Run("before_start_gets_all_output_by_stream", func(t *testing.T) {
		h := needRealHost(t)
		opts := h.bundle(false, "sh", "-c", "echo out; echo err >&2")
		_, err := h.Create(h.ctx, opts)
		require.NoError(t, err)
		var out, errOut bytes.Buffer
		require.NoError(t, h.Attach(h.ctx, AttachOptions{
			Bundle: opts.Bundle, Streams: Streams{Stdout: &out, Stderr: &errOut},
			Ready: func() error { return h.Start(h.ctx, opts.ID) },
		}))
		require.Equal(t, "out\n", out.String())
		require.Equal(t, "err\n", errOut.String())
	})

	t.Run("passes_all_input_and_its_end", func(t *testing.T) {
		h := needRealHost(t)
		opts := h.bundle(false, "cat")
		opts.Stdin = true
		_, err := h.Create(h.ctx, opts)
		require.NoError(t, err)
		input := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		var out bytes.Buffer
		require.NoError(t, h.Attach(h.ctx, AttachOptions{
			Bundle: opts.Bundle, Streams: Streams{Stdin: bytes.NewReader(input), Stdout: &out},
			Ready: func() error { return h.Start(h.ctx, opts.ID) },
		}))
		require.True(t, bytes.Equal(input, out.Bytes()), "%d bytes came back of %d", out.Len(), len(input))
		exit, err := h.WaitExit(h.ctx, opts.ID, proc.Process{})
		require.NoError(t, err)
		require.Zero(t, exit.Code)
	})

	t.Run("to_a_terminal_sets_its_size_and_detaches_on_keys", func(t *testing.T) {
		h := needRealHost(t)
		opts := h.bundle(true, "sh", "-c", "stty size; cat")
		created, err := h.Create(h.ctx, opts)
		require.NoError(t, err)
		keys, err := ParseDetachKeys("ctrl-p,ctrl-q")
		require.NoError(t, err)
		sizes := make(chan resize.TerminalSize, 1)
		sizes <- resize.TerminalSize{Width: 101, Height: 33}
		stdin, typed := io.Pipe()
		out := &watchedBuffer{want: "33 101", seen: make(chan struct{})}
		go func() {
			<-out.seen
			for _, key := range keys {
				_, _ = typed.Write([]byte{key})
			}
		}()
		err = h.Attach(h.ctx, AttachOptions{
			Bundle: opts.Bundle, PID: created.PID, Streams: Streams{Stdin: stdin, Stdout: out, DetachKeys: keys, Resize: sizes},
			Ready: func() error { return h.Start(h.ctx, opts.ID) },
		})
		require.ErrorIs(t, err, errdefs.ErrDetached, out.String())
		state, err := h.State(h.ctx, opts.ID)
		require.NoError(t, err)
		require.EqualValues(t, "running", state.Status)
	})

	t.Run("to_a_container_whose_conmon_is_gone_says_so", func(t *testing.T) {
		h := needRealHost(t)
		opts := h.bundle(false, "sh", "-c", "exit 0")
		_, err := h.Create(h.ctx, opts)
		require.NoError(t, err)
		require.NoError(t, h.Start(h.ctx, opts.ID))
		_, err = h.WaitExit(h.ctx, opts.ID, proc.Process{})
		require.NoError(t, err)
		h.awaitConmonGone(h.ctx, opts)
		require.ErrorIs(t, h.Attach(h.ctx, AttachOptions{Bundle: opts.Bundle}), errdefs.ErrConmonDead)
	})
}

// watchedBuffer closes seen when what was written contains want.
type watchedBuffer struct {
	bytes.Buffer
	want string
	seen chan struct{}
	done bool
}

func (b *watchedBuffer) Write(p []byte) (int, error) {
	n, err := b.Buffer.Write(p)
	if !b.done && strings.Contains(b.String(), b.want) {
		b.done = true
		close(b.seen)
	}
	return n, err
}

func TestRealExec(t *testing.T) {
	running := func(t *testing.T) (*realHost, CreateOptions) {
		h := needRealHost(t)
		opts := h.bundle(false, "sleep", "1000")
		_, err := h.Create(h.ctx, opts)
		require.NoError(t, err)
		require.NoError(t, h.Start(h.ctx, opts.ID))
		return h, opts
	}
	session := func(h *realHost, opts CreateOptions, args ...string) ExecOptions {
		return ExecOptions{
			SessionID: "session", ContainerID: opts.ID, Dir: filepath.Join(opts.Bundle, "session"),
			Process: process(false, args...), NoExitCommand: true,
		}
	}

	t.Run("attached_returns_output_and_exit_code", func(t *testing.T) {
		h, opts := running(t)
		var out, errOut bytes.Buffer
		exec := session(h, opts, "sh", "-c", "cat; echo err >&2; exit 5")
		exec.Stdin = true
		exec.Attach = &Streams{Stdin: strings.NewReader("hello"), Stdout: &out, Stderr: &errOut}
		var pid int
		exec.Started = func(p int) error { pid = p; return nil }
		result, err := h.Exec(h.ctx, exec)
		require.NoError(t, err)
		require.Equal(t, 5, result.ExitCode)
		require.NotZero(t, result.ConmonPID)
		require.Equal(t, pid, result.PID)
		require.NotZero(t, pid)
		require.Equal(t, "hello", out.String())
		require.Equal(t, "err\n", errOut.String())
	})

	t.Run("detached_returns_at_once_and_leaves_an_exit_file", func(t *testing.T) {
		h, opts := running(t)
		exec := session(h, opts, "sh", "-c", "kill -9 $$")
		exec.NoExitCommand = false
		exec.ExtraExitArgs = []string{"--exec", "session"}
		result, err := h.Exec(h.ctx, exec)
		require.NoError(t, err)
		require.NotZero(t, result.PID)
		exit, err := waitExecExit(h.ctx, exec.Dir, opts.ID)
		require.NoError(t, err)
		require.Equal(t, 137, exit.Code)
		awaitFile(t, h.dir, filepath.Base(h.hook))
		hook, err := os.ReadFile(h.hook)
		require.NoError(t, err)
		require.Equal(t, "cleanup --exec session "+opts.ID+"\n", string(hook))
	})

	t.Run("goes_on_after_detaching_and_leaves_an_exit_file", func(t *testing.T) {
		h, opts := running(t)
		exec := session(h, opts, "cat")
		exec.Process.Terminal = true
		exec.Attach = &Streams{Stdin: strings.NewReader("q"), Stdout: io.Discard, DetachKeys: []byte("q")}
		result, err := h.Exec(h.ctx, exec)
		require.ErrorIs(t, err, errdefs.ErrDetached)
		session, err := proc.Of(result.PID)
		require.NoError(t, err)
		require.NoError(t, session.Signal(unix.SIGKILL))
		exit, err := waitExecExit(h.ctx, exec.Dir, opts.ID)
		require.NoError(t, err)
		require.Equal(t, 137, exit.Code)
	})

	t.Run("of_a_missing_command_says_so", func(t *testing.T) {
		for _, attach := range []*Streams{nil, {Stdout: io.Discard}} {
			h, opts := running(t)
			exec := session(h, opts, "no-such-command")
			exec.Attach = attach
			_, err := h.Exec(h.ctx, exec)
			require.ErrorIs(t, err, errdefs.ErrOCICommandNotFound)
			var failed *CommandError
			require.ErrorAs(t, err, &failed)
			require.Regexp(t, `executable file.* not found in \$PATH`, failed.Message)
			require.NotContains(t, failed.Message, "level=")
		}
	})

	t.Run("passes_descriptors_on", func(t *testing.T) {
		h, opts := running(t)
		r, w, err := os.Pipe()
		require.NoError(t, err)
		defer r.Close()
		exec := session(h, opts, "sh", "-c", "echo through >&3")
		exec.PreserveFDs = []*os.File{w}
		exec.Attach = &Streams{}
		result, err := h.Exec(h.ctx, exec)
		w.Close()
		require.NoError(t, err)
		require.Zero(t, result.ExitCode)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, "through\n", string(got))
	})

	t.Run("on_a_terminal_ends_when_its_process_does", func(t *testing.T) {
		h, opts := running(t)
		stdin, typed := io.Pipe()
		defer typed.CloseWithError(errors.New("test over"))
		var out bytes.Buffer
		exec := session(h, opts, "sh", "-c", "echo tty; exit 3")
		exec.Process.Terminal = true
		exec.Attach = &Streams{Stdin: stdin, Stdout: &out}
		result, err := h.Exec(h.ctx, exec)
		require.NoError(t, err)
		require.Equal(t, 3, result.ExitCode)
		require.Equal(t, "tty\r\n", out.String())
	})
}

// A descriptor this process got from its parent must not live on in conmon.
func TestRealConmonKeepsNoForeignDescriptors(t *testing.T) {
	h := needRealHost(t)
	var fds [2]int
	require.NoError(t, unix.Pipe2(fds[:], 0))
	defer unix.Close(fds[0])
	opts := h.bundle(false, "sleep", "1000")
	created, err := h.Create(h.ctx, opts)
	require.NoError(t, err)
	require.NoError(t, unix.Close(fds[1]))
	require.NoError(t, unix.SetNonblock(fds[0], true))
	n, err := unix.Read(fds[0], make([]byte, 1))
	require.NoError(t, err, "conmon %d holds the pipe", created.ConmonPID)
	require.Zero(t, n)
}

// waitExecExit waits until a session has ended.
func waitExecExit(ctx context.Context, dir, containerID string) (Exit, error) {
	w := exitWait{dir: execExitDir(dir), name: containerID}
	w.read = func() (Exit, bool, error) { return ExecExitStatus(dir, containerID) }
	return w.wait(ctx)
}
