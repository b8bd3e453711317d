package oci

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/proc"
)

// The test binary is also the programs under test's other side: called by the
// name of a link to it, it acts as conmon or as OCI runtime, does what the file
// "<name>.script" beside the link says, and records its arguments and
// environment there. It ends without the hooks that os.Exit runs: those of the
// coverage would write to the standard error that is looked at.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "conmon":
		unix.Exit(fakeConmon())
	case "conmon-child":
		unix.Exit(fakeConmonChild())
	case "crun":
		unix.Exit(fakeRuntime())
	case "runc":
		fmt.Fprintln(os.Stderr, "runc was asked")
		unix.Exit(1)
	case "waits":
		_, _ = io.Copy(io.Discard, os.Stdin)
		unix.Exit(0)
	}
	os.Exit(m.Run())
}

// fakes is a Runtime on fake programs.
type fakes struct {
	*Runtime
	t   *testing.T
	dir string
}

func newFakes(t *testing.T, change ...func(*Config)) *fakes {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	for _, name := range []string{"conmon", "conmon-child", "crun"} {
		require.NoError(t, os.Symlink(self, filepath.Join(dir, name)))
	}
	cfg := Config{
		RuntimePath: filepath.Join(dir, "crun"), ConmonPath: filepath.Join(dir, "conmon"),
		RuntimeRoot: filepath.Join(dir, "root"), ExitDir: filepath.Join(dir, "exits"),
		// The race detector keeps a program a second longer than needed.
		ConmonEnv:   []string{"GORACE=atexit_sleep_ms=0"},
		ExitCommand: []string{"/usr/bin/podctl", "--root", "/r", "container", "cleanup"},
	}
	for _, c := range change {
		c(&cfg)
	}
	r, err := New(cfg)
	require.NoError(t, err)
	return &fakes{Runtime: r, t: t, dir: dir}
}

// script says what a fake is to do from now on.
func (f *fakes) script(name, text string) {
	f.t.Helper()
	require.NoError(f.t, os.WriteFile(filepath.Join(f.dir, name+".script"), []byte(text), 0o600))
}

// calls returns the arguments of a fake's calls, first call first.
func (f *fakes) calls(name string) [][]string {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, name+".calls"))
	require.NoError(f.t, err)
	var calls [][]string
	for line := range strings.Lines(string(text)) {
		var args []string
		require.NoError(f.t, json.Unmarshal([]byte(line), &args))
		calls = append(calls, args)
	}
	return calls
}

func (f *fakes) options() CreateOptions {
	bundle := filepath.Join(f.dir, "bundle")
	require.NoError(f.t, os.MkdirAll(bundle, 0o700))
	return CreateOptions{ID: "c1d2", Name: "web", Bundle: bundle}
}

func (f *fakes) session() ExecOptions {
	return ExecOptions{SessionID: "s1", ContainerID: "c1d2", Dir: filepath.Join(f.dir, "session"), Process: new(specs.Process)}
}

// noneHangs checks that the processes of script "hang" have ended.
func (f *fakes) noneHangs() {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, "hangs"))
	require.NoError(f.t, err)
	for pid := range strings.FieldsSeq(string(text)) {
		n, err := strconv.Atoi(pid)
		require.NoError(f.t, err)
		_, err = proc.Of(n)
		require.ErrorIs(f.t, err, errdefs.ErrNotFound, "process %s", pid)
	}
}

// The rest runs in the fakes' processes.

func beside(name string) string { return filepath.Join(filepath.Dir(os.Args[0]), name) }

func scriptOf(name string) (verb, text string) {
	script, _ := os.ReadFile(beside(name + ".script"))
	verb, text, _ = strings.Cut(string(script), " ")
	return verb, text
}

func record(name string) {
	line, _ := json.Marshal(os.Args[1:])
	file, err := os.OpenFile(beside(name+".calls"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.Write(append(line, '\n'))
	}
	if err == nil {
		err = os.WriteFile(beside(name+".env"), []byte(strings.Join(os.Environ(), "\n")), 0o600)
	}
	if err != nil {
		panic(err)
	}
}

func flagValue(name string) string {
	at := slices.Index(os.Args, name)
	if at < 0 || at+1 >= len(os.Args) {
		return ""
	}
	return os.Args[at+1]
}

func inherited(env string) *os.File {
	fd, err := strconv.Atoi(os.Getenv(env))
	if err != nil {
		return nil
	}
	return os.NewFile(uintptr(fd), env)
}

// fakeConmon waits for the start byte, as conmon does, then leaves a child and
// exits. Script "die" exits with 3 instead, "stuck" never goes on.
func fakeConmon() int {
	record("conmon")
	start := inherited("_OCI_STARTPIPE")
	if n, err := start.Read(make([]byte, 1)); n != 1 || err != nil {
		return 9
	}
	if err := os.WriteFile(beside("let-go"), nil, 0o600); err != nil {
		return 9
	}
	switch verb, _ := scriptOf("conmon"); verb {
	case "die":
		fmt.Fprintln(os.Stderr, "unknown option")
		return 3
	case "stuck":
		select {}
	}
	child := exec.Command(beside("conmon-child"), os.Args[1:]...)
	child.ExtraFiles = []*os.File{inherited("_OCI_SYNCPIPE")}
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		return 9
	}
	pid := strconv.Itoa(child.Process.Pid)
	if err := os.WriteFile(flagValue("--conmon-pidfile"), []byte(pid), 0o600); err != nil {
		return 9
	}
	return 0
}

// fakeConmonChild answers with the script's text. Script "silent" ends without
// an answer; "hang" starts a program that hangs too, heeds no SIGTERM, and
// records both pids.
func fakeConmonChild() int {
	sync := os.NewFile(3, "sync")
	switch verb, text := scriptOf("conmon"); verb {
	case "hang":
		signal.Ignore(unix.SIGTERM)
		below := exec.Command("sleep", "1000")
		if err := below.Start(); err != nil {
			return 9
		}
		_ = os.WriteFile(beside("hangs.new"), fmt.Appendln(nil, os.Getpid(), below.Process.Pid), 0o600)
		_ = os.Rename(beside("hangs.new"), beside("hangs"))
		_ = below.Wait()
	case "answer":
		fmt.Fprintln(sync, text)
	case "log-and-answer":
		log, answer, _ := strings.Cut(text, "\n")
		_ = os.WriteFile(filepath.Join(flagValue("--bundle"), runtimeLogName), []byte(log), 0o600)
		if answer != "" {
			fmt.Fprintln(sync, answer)
		}
	}
	return 0
}

// fakeRuntime prints the script's text: "print" to standard output, "fail" to
// standard error, exiting with 1. "unknown" fails state and all else as a
// container that is not there does; "hang" goes on for ever.
func fakeRuntime() int {
	record("crun")
	if slices.Contains(os.Args, "--resources") {
		input, _ := io.ReadAll(os.Stdin)
		_ = os.WriteFile(beside("stdin"), input, 0o600)
	}
	switch verb, text := scriptOf("crun"); verb {
	case "print":
		fmt.Println(text)
	case "fail":
		fmt.Fprintln(os.Stderr, text)
		return 1
	case "stopped":
		if slices.Contains(os.Args, "state") {
			fmt.Println(`{"status":"stopped"}`)
			return 0
		}
		fmt.Fprintln(os.Stderr, "kill container: too late")
		return 1
	case "hang":
		_ = os.WriteFile(beside("hangs"), nil, 0o600)
		select {}
	}
	return 0
}
