// Package relief spares an exit command its work. conmon runs podctl at the end
// of each container, so that an end is dealt with when nobody looks. While a
// podctl that is dealing with it lives there is nothing to do but to start, find
// that out and end, and the start is most of that: so it is found out while the
// program initializes, before the packages that are large do.
//
// Go initializes a package as soon as those it imports are, in the order of
// import paths (language specification, "Program initialization"). So what this
// one imports decides when its turn comes: path/filepath is initialized after
// half of the program, what is used here is there at once.
//
// The file that names who deals with the end holds "PID STARTTIME\n", the
// latter in clock ticks since boot as in proc(5). A file that is torn, or names
// a process that is gone or stopped, relieves nobody.
package relief

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Flag of the exit command, followed by the path of the file and the container's
// ID. They are its last arguments.
const Flag = "--unless-relieved"

// command is what an exit command runs, before flags of its own.
var command = []string{"container", "cleanup", "--stopped-only"}

func init() { //nolint:gochecknoinits // before anything else is what it is for
	if relieved(os.Args, "/proc") {
		os.Exit(0)
	}
}

// Write makes the process the one that deals with the container's end.
func Write(file string, pid int, startTime uint64) error {
	return os.WriteFile(file, line(pid, startTime), 0o600)
}

func line(pid int, startTime uint64) []byte {
	return []byte(strconv.Itoa(pid) + " " + strconv.FormatUint(startTime, 10) + "\n")
}

// Names reports whether the file names that process.
func Names(file string, pid int, startTime uint64) bool {
	b, err := os.ReadFile(file)
	return err == nil && bytes.Equal(b, line(pid, startTime))
}

// relieved reports whether args are those of an exit command that somebody who
// lives relieves. procRoot is where the kernel tells of processes.
func relieved(args []string, procRoot string) bool {
	n := len(args)
	if n < len(command)+4 || args[n-3] != Flag || !endsWith(args[:n-3], command) {
		return false
	}
	text, err := os.ReadFile(args[n-2])
	if err != nil {
		return false
	}
	words, whole := strings.CutSuffix(string(text), "\n")
	pid, startTime, ok := strings.Cut(words, " ")
	if _, err := strconv.Atoi(pid); err != nil || !ok || !whole {
		return false
	}
	stat, err := os.ReadFile(procRoot + "/" + pid + "/stat")
	if err != nil {
		return false
	}
	// proc(5): state and starttime are the fields 3 and 22. Field 2 is the name in
	// parentheses, which may have any text.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 || fields[19] != startTime {
		return false
	}
	return slices.Contains([]string{"R", "S", "D"}, fields[0])
}

func endsWith(args, tail []string) bool {
	return len(args) >= len(tail) && slices.Equal(args[len(args)-len(tail):], tail)
}
