package oci

import (
	"bufio"
	"encoding/json"
	"strings"

	"github.com/podctl/podctl/pkg/errdefs"
)

// CommandError is what a failed conmon or OCI runtime said. Its text is
// "<program>: <message>: <class>"; the class is one of errdefs.ErrOCIPermission,
// errdefs.ErrOCICommandNotFound and errdefs.ErrOCIRuntime and is found by
// errors.Is.
type CommandError struct {
	// Program is the name of the program that failed.
	Program string
	// Message is the reason on one line, without time and level.
	Message string
	// Args is the command line, as far as it was ours.
	Args []string
	// ExitStatus is the program's, -1 if unknown or killed.
	ExitStatus int
	// Stderr is the end of what the program printed.
	Stderr string
	// Class decides what the failure means to the user.
	Class error
}

func (e *CommandError) Error() string {
	if e.Message == "" {
		return e.Program + ": " + e.Class.Error()
	}
	return e.Program + ": " + e.Message + ": " + e.Class.Error()
}

func (e *CommandError) Unwrap() error { return e.Class }

// classify makes the error for what the program of the given name printed.
func classify(program, output string) *CommandError {
	msg := runtimeMessage(output)
	return &CommandError{
		Program:    program,
		Message:    msg,
		Class:      classOf(msg),
		ExitStatus: -1,
		Stderr:     tail(output, 4096),
	}
}

func classOf(msg string) error {
	m := strings.ToLower(msg)
	has := func(s string) bool { return strings.Contains(m, s) }
	switch {
	case has("/sys/fs/cgroup/"):
		return errdefs.ErrOCIRuntime // a limit: neither the command nor its file
	case has("permission denied"), has("operation not permitted"):
		return errdefs.ErrOCIPermission
	case has("no such file or directory"), has("open executable"):
		return errdefs.ErrOCICommandNotFound
	// crun writes the name in between: executable file `x` not found in $PATH
	case has("executable file") && has("not found"):
		return errdefs.ErrOCICommandNotFound
	}
	return errdefs.ErrOCIRuntime
}

// runtimeMessage finds the reason in an OCI runtime's output: the last line
// logged at level error or worse, in JSON or in logrus text format; else the
// last line logged at all; else the whole as one line.
func runtimeMessage(output string) string {
	plain, logged, severe := readLog(output)
	switch {
	case severe != "":
		return oneLine(severe)
	case len(plain) > 0:
		return oneLine(strings.Join(plain, " "))
	}
	return oneLine(logged)
}

// severeIn tells whether something was logged at level error or worse.
func severeIn(output string) bool {
	_, _, severe := readLog(output)
	return severe != ""
}

// readLog sorts the lines of an OCI runtime's output: those that were not
// logged, and the last ones logged below and from level error on.
func readLog(output string) (plain []string, logged, severe string) {
	lines := bufio.NewScanner(strings.NewReader(output))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		level, msg, ok := parseLogLine(line)
		switch {
		case line == "":
		case !ok:
			plain = append(plain, line)
		case level == "error" || level == "fatal" || level == "panic":
			severe = msg
		default:
			logged = msg
		}
	}
	return plain, logged, severe
}

// parseLogLine takes a line of logrus apart, JSON or text format.
func parseLogLine(line string) (level, msg string, ok bool) {
	if strings.HasPrefix(line, "{") {
		var l struct{ Level, Msg string }
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Msg == "" {
			return "", "", false
		}
		return l.Level, l.Msg, true
	}
	if !strings.HasPrefix(line, "time=") && !strings.HasPrefix(line, "level=") {
		return "", "", false
	}
	level, msg = logfmtField(line, "level"), logfmtField(line, "msg")
	return level, msg, msg != ""
}

// logfmtField returns the value of a field of a logfmt line, unquoted.
func logfmtField(line, field string) string {
	at := strings.Index(" "+line, " "+field+"=")
	if at < 0 {
		return ""
	}
	value := line[at+len(field)+1:]
	if !strings.HasPrefix(value, `"`) {
		value, _, _ = strings.Cut(value, " ")
		return value
	}
	// A quoted value is a Go string; JSON's decoder reads as much as belongs to it.
	var s string
	if err := json.NewDecoder(strings.NewReader(value)).Decode(&s); err != nil {
		return strings.Trim(value, `"`)
	}
	return s
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// tail returns the last n bytes of s at most.
func tail(s string, n int) string {
	if len(s) > n {
		return s[len(s)-n:]
	}
	return s
}
