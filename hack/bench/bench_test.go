package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSyncsAreCountedUntilTheFirstProcessEnds(t *testing.T) {
	trace := `7 execve("/bin/podctl", [], 0x1) = 0
8 fsync(3) = 0
9 fdatasync(4 <unfinished ...>
8 +++ exited with 0 +++
9 <... fdatasync resumed>) = 0
7 fsync(3) = 0
`
	n, over := countSyncs(trace)
	require.Equal(t, 3, n)
	require.False(t, over)
	n, over = countSyncs(trace + "7 +++ exited with 0 +++\n10 fsync(5) = 0\n")
	require.Equal(t, 3, n)
	require.True(t, over)
}

func TestMedian(t *testing.T) {
	require.InDelta(t, 2, median([]float64{3, 1, 2}), 0)
	require.InDelta(t, 2.5, median([]float64{4, 1, 2, 3}), 0)
	require.Zero(t, median(nil))
}

// results of two rows: podctl is faster in one.
func some() *results {
	r := &results{runs: 1, rows: []row{{"ps-1", "list one", 0.5, false}, {"ps-10", "list ten", 0.5, false}}, values: map[string]map[string][]sample{}}
	for key, times := range map[string][2]time.Duration{"ps-1": {time.Second, 4 * time.Second}, "ps-10": {3 * time.Second, 2 * time.Second}} {
		r.add(key, "podctl", sample{wall: times[0], cpu: times[0]})
		r.add(key, "podman", sample{wall: times[1], cpu: times[1]})
	}
	return r
}

func TestWhatIsSlowerIsNamed(t *testing.T) {
	r := some()
	require.EqualError(t, r.slower(new(strings.Builder)), "podctl needs more CPU time than podman for: list ten")
	r.rows = r.rows[:1]
	require.NoError(t, r.slower(new(strings.Builder)))
	r.rows = nil
	require.Error(t, r.slower(new(strings.Builder)), "nothing compared is no success")
}

func TestOnlyTheTablesOfTheDocumentAreReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "speed.md")
	require.NoError(t, os.WriteFile(path, []byte("before\n"+begin+"\nlast time\n"+end+"\nafter\n"), 0o600))
	require.NoError(t, some().writeDoc(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Regexp(t, `(?s)^before\n<!-- bench: begin -->\n.*\| list one \| 1000 ms \| 4000 ms \| 0.25 \| 0.50 \|\n\| list ten \| 3000 ms \| 2000 ms \| \*\*1.50\*\* \| 0.50 \|.*<!-- bench: end -->\nafter\n$`, string(text))
	require.NotContains(t, string(text), "last time")
	for _, plot := range []string{"ratios", "pods"} {
		svg, err := os.ReadFile(strings.TrimSuffix(path, ".md") + "-" + plot + ".svg")
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(svg), "<svg ") && strings.HasSuffix(string(svg), "</svg>\n"))
	}
	require.NoError(t, os.WriteFile(path, []byte("no marks"), 0o600))
	require.Error(t, some().writeDoc(path))
}
