package relief

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ran is the exit code of this program where nobody relieves it.
const ran = 7

func TestMain(m *testing.M) {
	if os.Getenv("PODCTL_TEST_EXIT_COMMAND") != "" {
		os.Exit(ran)
	}
	os.Exit(m.Run())
}

// sleeper is a process that lives until the test ends, with its start time.
func sleeper(t *testing.T, name string) (cmd *exec.Cmd, startTime uint64) {
	t.Helper()
	program := filepath.Join(t.TempDir(), name) // the kernel shows the first 15 bytes
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("requires sleep")
	}
	if err := os.Symlink(sleep, program); err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(program, "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	startTime, err = strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return cmd, startTime
}

func TestRelief(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	// A process whose name does its best to confuse.
	living, start := sleeper(t, "a) S (b) S 1 7")
	stopped, stoppedStart := sleeper(t, "stopped")
	dead, deadStart := sleeper(t, "dead") // and not reaped
	if err := stopped.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := dead.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	waitForState(t, stopped.Process.Pid, "T")
	waitForState(t, dead.Process.Pid, "Z")

	file := filepath.Join(dir, "file")
	if err := Write(file, living.Process.Pid, start); err != nil {
		t.Fatal(err)
	}
	if !Names(file, living.Process.Pid, start) || Names(file, living.Process.Pid, start+1) || Names(dir, 7, 1) {
		t.Error("Names does not know what was written")
	}
	pid := strconv.Itoa(living.Process.Pid)
	time := strconv.FormatUint(start, 10)
	exit := func(file string) []string {
		return []string{"--root", "/r", "container", "cleanup", "--stopped-only", Flag, file, "0123"}
	}
	for name, test := range map[string]struct {
		args []string
		want bool
	}{
		"by one that lives":          {exit(file), true},
		"without flags of its own":   {exit(file)[2:], true},
		"by one that is stopped":     {exit(put("f1", string(line(stopped.Process.Pid, stoppedStart)))), false},
		"by one that is dead":        {exit(put("f0", string(line(dead.Process.Pid, deadStart)))), false},
		"by one with another's PID":  {exit(put("f2", pid+" "+time+"0\n")), false},
		"by one that is gone":        {exit(put("f3", "4194305 "+time+"\n")), false},
		"a file that is cut off":     {exit(put("f5", pid+" "+time)), false},
		"a file with more":           {exit(put("f9", pid+" "+time+"\n\n")), false},
		"a file with a zero byte":    {exit(put("f10", pid+" "+time+"\n\x00")), false},
		"a file that is too long":    {exit(put("f11", pid+" "+time+"\n"+strings.Repeat(" ", 100))), false},
		"a file without a number":    {exit(put("f6", "self "+time+"\n")), false},
		"a file that leads away":     {exit(put("f12", "../proc/"+pid+" "+time+"\n")), false},
		"a file without a time":      {exit(put("f7", pid+"\n")), false},
		"a file with lines":          {exit(put("f13", pid+"\n"+time+" \n")), false},
		"an empty file":              {exit(put("f8", "")), false},
		"a directory":                {exit(dir), false},
		"no file":                    {exit(filepath.Join(dir, "none")), false},
		"an exec session's":          {slices.Insert(exit(file), 5, "--exec", "4567"), false},
		"another command":            {[]string{"run", "busybox", "sh", Flag, file, "0123"}, false},
		"no command":                 {nil, false},
		"an exit command without it": {[]string{"container", "cleanup", "--stopped-only", "0123"}, false},
	} {
		cmd := exec.Command("/proc/self/exe", test.args...)
		cmd.Env = append(os.Environ(), "PODCTL_TEST_EXIT_COMMAND=1")
		_ = cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != 0 && code != ran {
			t.Errorf("%s: %v", name, cmd.ProcessState)
		} else if got := code == 0; got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// waitForState waits until a process is in a state, a letter of proc(5).
func waitForState(t *testing.T, pid int, state string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err == nil && strings.HasPrefix(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " "+state) {
			return
		}
	}
	t.Fatalf("process %d is not in state %s", pid, state)
}
