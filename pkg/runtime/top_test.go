package runtime

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestDescriptors(t *testing.T) {
	require.Equal(t, defaultDescriptors(), descriptors(nil))
	require.Equal(t, []string{"pid", "user", "args"}, descriptors([]string{"pid,user", "args"}))
	require.Equal(t, []string{"pid"}, descriptors([]string{"pid,", ""}))
	require.Equal(t, defaultDescriptors(), descriptors([]string{","}))
}

func TestLinesOf(t *testing.T) {
	pids := [][]string{{"HPID"}, {"7"}, {"42"}}
	t.Run("keeps_the_containers_processes_and_the_header", func(t *testing.T) {
		got, err := linesOf([]string{"USER   PID CMD", "root     7 init", "root    70 other 42", "nobody  42 x", "odd"}, pids)
		require.NoError(t, err)
		require.Equal(t, []string{"USER   PID CMD", "root     7 init", "nobody  42 x"}, got)
	})
	t.Run("needs_to_see_pids", func(t *testing.T) {
		_, err := linesOf([]string{"USER CMD", "root init"}, pids)
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
	})
	t.Run("of_nothing_is_nothing", func(t *testing.T) {
		got, err := linesOf(nil, pids)
		require.NoError(t, err)
		require.Empty(t, got)
	})
}

func TestWithoutCommand(t *testing.T) {
	lines := []string{"PID   USER     COMMAND", "    1 root     ps aux", "    2 root     ps aux"}
	require.Equal(t, []string{lines[0], lines[1]}, withoutCommand(slices.Clone(lines), []string{"ps", "aux"}), "one that is the container's own stays")
	require.Equal(t, lines, withoutCommand(slices.Clone(lines), []string{"ps", "-o", "comm"}))
}
