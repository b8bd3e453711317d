package proc

import (
	"bufio"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
