package proc

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestKillTree(t *testing.T) {
	t.Run("ends_all_that_descend_from_it", func(t *testing.T) {
		// Three generations; the middle one starts another when a child ends.
		cmd := exec.Command("sh", "-c", `trap "" TERM; (sleep 1000 & echo $!; sleep 1000 & echo $!; wait; sleep 1000) & echo $!; wait`)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Wait() })
		top, err := Of(cmd.Process.Pid)
		require.NoError(t, err)
		tree := []Process{top}
		for lines := bufio.NewScanner(out); len(tree) < 4 && lines.Scan(); {
			pid, err := strconv.Atoi(strings.TrimSpace(lines.Text()))
			require.NoError(t, err)
			p, err := Of(pid)
			require.NoError(t, err)
			tree = append(tree, p)
		}
		require.Len(t, tree, 4)
		require.NoError(t, KillTree(withDeadline(t), top))
		for _, p := range tree {
			require.False(t, p.Alive(), "process %d", p.PID)
		}
		require.Empty(t, Source{}.descendants(top))
	})
	t.Run("of_one_that_is_gone_is_success", func(t *testing.T) {
		c := startChild(t)
		require.NoError(t, c.stdin.Close())
		require.NoError(t, c.Wait(withDeadline(t)))
		require.NoError(t, KillTree(withDeadline(t), c.Process))
	})
}

func TestChildren(t *testing.T) {
	cmd := exec.Command("sh", "-c", "sleep 1000 & echo $!; wait")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	child, err := Of(cmd.Process.Pid)
	require.NoError(t, err)
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	grandchild, err := Of(pid)
	require.NoError(t, err)

	children, err := Children()
	require.NoError(t, err)
	require.Contains(t, children, child)
	require.NotContains(t, children, grandchild)

	require.NoError(t, KillTree(withDeadline(t), child))
	children, err = Children()
	require.NoError(t, err)
	require.NotContains(t, children, child, "one that has ended")
	_ = cmd.Wait()
}

func TestKillTreeSparesTheCaller(t *testing.T) {
	const fileVar = "PODCTL_TEST_KILL_PARENT"
	if file := os.Getenv(fileVar); file != "" { // we are below the shell
		parent, err := Of(os.Getppid())
		require.NoError(t, err)
		require.NoError(t, KillTree(t.Context(), parent))
		require.NoError(t, os.WriteFile(file, []byte("done"), 0o600))
		return
	}
	self, err := os.Executable()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "file")
	cmd := exec.Command("sh", "-c", `"$0" -test.run '^TestKillTreeSparesTheCaller$'; echo not reached`, self)
	cmd.Env = append(os.Environ(), fileVar+"="+file)
	out, err := cmd.Output() // waits for the one below too: it has the pipe
	var ended *exec.ExitError
	require.ErrorAs(t, err, &ended)
	require.Equal(t, unix.SIGKILL, ended.Sys().(syscall.WaitStatus).Signal()) //nolint:forcetypeassert // on Linux it is
	require.NotContains(t, string(out), "not reached")
	require.FileExists(t, file)
}
