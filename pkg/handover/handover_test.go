package handover

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain lets the test binary be both programs: with BECOME it is the small one,
// and becomes itself, which tells what it is then.
func TestMain(m *testing.M) {
	if os.Getenv("BECOME") == "" {
		os.Exit(m.Run())
	}
	if taken == "" {
		self, err := os.ReadFile("/proc/self/exe")
		if err == nil {
			err = Become(string(self), append(os.Args, "and", "more"))
		}
		panic(err)
	}
	program, err := Program()
	if err != nil {
		panic(err)
	}
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		panic(err)
	}
	_, leaked := os.LookupEnv(variable)
	wd, _ := os.Getwd()
	os.Stdout.WriteString(strings.Join([]string{
		program, strings.TrimSpace(string(comm)), strings.Join(os.Args, " "), wd, map[bool]string{true: "leaked", false: "clean"}[leaked],
	}, "\n"))
	os.Exit(7)
}

func TestBecome(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	cmd := exec.Command(self, "a", "b c")
	cmd.Args[0] = "small"
	cmd.Env, cmd.Dir = append(os.Environ(), "BECOME=1"), dir
	out, err := cmd.Output()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "%s", out)
	require.Equal(t, 7, exit.ExitCode(), "it is one process: the exit code is the whole program's")
	comm := self[strings.LastIndex(self, "/")+1:]
	require.Equal(t, []string{self, comm[:min(len(comm), 15)], "small a b c and more", dir, "clean"}, strings.Split(string(out), "\n"))
}

func TestBecomeRefuses(t *testing.T) {
	require.ErrorContains(t, Become("no program", []string{"x"}), "run the whole program: exec format error")
}

func TestProgram(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	got, err := Program()
	require.NoError(t, err)
	require.Equal(t, self, got)
}

// Where a file in memory may not be executed, one on disk without a name may.
func TestNameless(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	elf, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	file, err := nameless(string(elf), nil)
	require.NoError(t, err)
	defer file.Close()
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	cmd := exec.Command("/proc/self/fd/3", "-test.run", "TestProgramX")
	cmd.ExtraFiles = []*os.File{file}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
