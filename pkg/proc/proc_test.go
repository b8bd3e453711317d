package proc

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const childVar = "PROC_TEST_CHILD"

// TestMain turns the test binary into a process that lives until its standard
// input ends, if asked to.
func TestMain(m *testing.M) {
	if os.Getenv(childVar) == "" {
		os.Exit(m.Run())
	}
	_, _ = os.Stdout.WriteString("up\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// child is a process of ours; ending stdin ends it, and only reap reaps it.
type child struct {
	Process
	stdin io.Closer
	reap  func()
}

func startChild(t *testing.T) child {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "an argument", "line\nbreak")
	cmd.Env = append(os.Environ(), childVar+"=1")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	reap := func() { _ = cmd.Wait() }
	t.Cleanup(func() { _ = cmd.Process.Kill(); reap() })

	_, err = io.ReadFull(out, make([]byte, len("up\n")))
	require.NoError(t, err)
	p, err := Of(cmd.Process.Pid)
	require.NoError(t, err)
	return child{Process: p, stdin: in, reap: reap}
}

func withDeadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestAlive(t *testing.T) {
	t.Run("this_process", func(t *testing.T) {
		self, err := Self()
		require.NoError(t, err)
		require.Equal(t, os.Getpid(), self.PID)
		require.True(t, self.Alive())
	})
	t.Run("not_the_zero_process", func(t *testing.T) {
		require.False(t, Process{}.Alive())
	})
	t.Run("until_it_ends_though_nobody_reaped_it", func(t *testing.T) {
		c := startChild(t)
		require.True(t, c.Alive())
		require.NoError(t, c.stdin.Close())
		require.NoError(t, c.Wait(withDeadline(t)))
		require.False(t, c.Alive())
		_, err := Of(c.PID)
		require.ErrorIs(t, err, errdefs.ErrNotFound)
		c.reap()
		require.False(t, c.Alive())
	})
	t.Run("survives_being_written_down", func(t *testing.T) {
		self, err := Self()
		require.NoError(t, err)
		data, err := json.Marshal(self)
		require.NoError(t, err)
		var read Process
		require.NoError(t, json.Unmarshal(data, &read))
		require.True(t, read.Alive())
	})
}

// fakeProc is a procfs with one process, 42, and a boot id.
func fakeProc(t *testing.T, stat, boot string) Source {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "42"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "42", "stat"), []byte(stat), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(root, "boot_id"), []byte(boot+"\n"), 0o644))
	return Source{BootIDPath: filepath.Join(root, "boot_id"), ProcRoot: root}
}

// statLine is a line of /proc/PID/stat.
func statLine(comm, state string, threads, start int) string {
	return "42 (" + comm + ") " + state + " 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 " +
		strconv.Itoa(threads) + " 0 " + strconv.Itoa(start) + " 1 1 1\n"
}

func TestAliveDependsOn(t *testing.T) {
	known := Process{PID: 42, StartTime: 777, BootID: "this-boot"}
	for name, tc := range map[string]struct {
		stat, boot string
		want       bool
	}{
		"all_three_matching":                {statLine("sh", "S", 1, 777), "this-boot", true},
		"the_start_time":                    {statLine("sh", "S", 1, 778), "this-boot", false},
		"the_boot":                          {statLine("sh", "S", 1, 777), "next-boot", false},
		"the_boot_being_known":              {statLine("sh", "S", 1, 777), "", false},
		"not_being_a_zombie":                {statLine("sh", "Z", 1, 777), "this-boot", false},
		"not_being_dead":                    {statLine("sh", "X", 1, 777), "this-boot", false},
		"any_thread_when_the_first_is_done": {statLine("sh", "Z", 3, 777), "this-boot", true},
		"no_word_of_the_name":               {statLine("a) Z 1 (b c", "S", 1, 777), "this-boot", true},
		"a_line_that_can_be_read":           {"42 (sh) S 1", "this-boot", false},
		"a_line_with_a_name":                {"42 sh S 1", "this-boot", false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, fakeProc(t, tc.stat, tc.boot).Alive(known))
		})
	}
}

func TestKilled(t *testing.T) {
	known := Process{PID: 42, StartTime: 777, BootID: "this-boot"}
	// line has the flags and the pending signals of its process, fields 9 and 31.
	line := func(state, flags, pending string) string {
		return "42 (sh) " + state + " 1 42 42 0 -1 " + flags + " 1 0 0 0 0 0 0 0 20 0 3 0 777 1 1 1 1 1 1 1 1 " + pending + " 0\n"
	}
	for name, tc := range map[string]struct {
		stat string
		want bool
	}{
		"at_work":              {line("S", "4194560", "0"), false},
		"SIGTERM_is_pending":   {line("S", "4194560", "16384"), false},
		"SIGKILL_is_pending":   {line("D", "4194560", "256"), true},
		"it_is_exiting":        {line("R", "4194564", "0"), true},
		"its_threads_remain":   {line("Z", "4194560", "0"), true},
		"a_line_of_old_kernel": {statLine("sh", "S", 1, 777), false},
		"gone":                 {statLine("sh", "Z", 1, 777), false},
		"another":              {strings.Replace(line("Z", "4194564", "0"), "777", "778", 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, fakeProc(t, tc.stat, "this-boot").Killed(known))
		})
	}
}

func TestOf(t *testing.T) {
	t.Run("no_such_process", func(t *testing.T) {
		_, err := fakeProc(t, "", "boot").Of(43)
		require.ErrorIs(t, err, errdefs.ErrNotFound)
	})
	for _, pid := range []int{0, -1} {
		_, err := Of(pid)
		require.ErrorIs(t, err, errdefs.ErrNotFound)
	}
	t.Run("an_unreadable_boot_id_is_no_verdict", func(t *testing.T) {
		s := fakeProc(t, statLine("sh", "S", 1, 777), "boot")
		s.BootIDPath += ".gone"
		_, err := s.Of(42)
		require.ErrorIs(t, err, os.ErrNotExist)
		require.NotErrorIs(t, err, errdefs.ErrNotFound)
	})
}

func TestSignal(t *testing.T) {
	t.Run("reaches_the_process", func(t *testing.T) {
		c := startChild(t)
		require.NoError(t, c.Signal(0))
		require.NoError(t, c.Signal(unix.SIGKILL))
		require.NoError(t, c.Wait(withDeadline(t)))
		require.ErrorIs(t, c.Signal(unix.SIGKILL), errdefs.ErrNotFound, "a zombie is gone")
		c.reap()
		require.ErrorIs(t, c.Signal(unix.SIGKILL), errdefs.ErrNotFound)
	})
	t.Run("spares_whoever_has_the_pid_now", func(t *testing.T) {
		c := startChild(t)
		for name, other := range map[string]Process{
			"start": {PID: c.PID, StartTime: c.StartTime + 1, BootID: c.BootID},
			"boot":  {PID: c.PID, StartTime: c.StartTime, BootID: "another"},
		} {
			require.ErrorIs(t, other.Signal(unix.SIGKILL), errdefs.ErrNotFound, name)
		}
		require.True(t, c.Alive())
	})
	t.Run("of_the_zero_process", func(t *testing.T) {
		require.ErrorIs(t, Process{}.Signal(unix.SIGKILL), errdefs.ErrNotFound)
	})
}

func TestWait(t *testing.T) {
	t.Run("returns_when_the_process_ends", func(t *testing.T) {
		c := startChild(t)
		done := make(chan error, 1)
		go func() { done <- c.Wait(withDeadline(t)) }()
		require.NoError(t, c.stdin.Close())
		require.NoError(t, <-done)
	})
	t.Run("ends_with_its_context", func(t *testing.T) {
		c := startChild(t)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		require.Equal(t, context.DeadlineExceeded, c.Wait(ctx))
		require.True(t, c.Alive())
	})
	t.Run("does_not_begin_without_its_context", func(t *testing.T) {
		c := startChild(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Equal(t, context.Canceled, c.Wait(ctx))
	})
	t.Run("returns_at_once_for_what_is_gone", func(t *testing.T) {
		self, err := Self()
		require.NoError(t, err)
		self.StartTime++
		require.NoError(t, self.Wait(withDeadline(t)))
		require.NoError(t, Process{}.Wait(withDeadline(t)))
	})
	t.Run("works_for_a_process_that_is_no_child", func(t *testing.T) {
		parent, err := Of(os.Getppid())
		if err != nil {
			t.Skip("the parent is outside this PID namespace")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		require.Equal(t, context.DeadlineExceeded, parent.Wait(ctx))
	})
	t.Run("leaves_no_descriptor_open", func(t *testing.T) {
		c := startChild(t)
		before := descriptors(t)
		for range 50 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			require.Error(t, c.Wait(ctx))
			cancel()
		}
		require.LessOrEqual(t, descriptors(t), before+1) // the poller's own may be new
	})
}

func descriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

func TestCmdline(t *testing.T) {
	c := startChild(t)
	line := Cmdline(c.PID)
	require.True(t, strings.HasSuffix(line, " an argument line?break"), line)

	s := fakeProc(t, statLine("kthread (x)", "S", 1, 1), "boot")
	require.Empty(t, s.Cmdline(43))
	require.Empty(t, s.Cmdline(42), "hidden")
	require.NoError(t, os.WriteFile(filepath.Join(s.ProcRoot, "42", "cmdline"), nil, 0o644))
	require.Equal(t, "[kthread (x)]", s.Cmdline(42))
}

func TestAll(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"12", "7", "100", "self", "sys"} {
		require.NoError(t, os.Mkdir(filepath.Join(root, name), 0o700))
	}
	pids, err := Source{ProcRoot: root}.All()
	require.NoError(t, err)
	require.Equal(t, []int{7, 12, 100}, pids)
	_, err = Source{ProcRoot: root + "/none"}.All()
	require.ErrorIs(t, err, os.ErrNotExist)
	pids, err = All()
	require.NoError(t, err)
	require.Contains(t, pids, os.Getpid())
}

func TestArgs(t *testing.T) {
	root := t.TempDir()
	for pid, line := range map[string]string{"7": "conmon\x00--name\x00\x00last\x00", "8": ""} {
		require.NoError(t, os.Mkdir(filepath.Join(root, pid), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(root, pid, "cmdline"), []byte(line), 0o600))
	}
	s := Source{ProcRoot: root}
	require.Equal(t, []string{"conmon", "--name", "", "last"}, s.Args(7))
	require.Nil(t, s.Args(8), "a thread of the kernel")
	require.Nil(t, s.Args(9), "nobody")
	require.Equal(t, os.Args, Args(os.Getpid()))
}
