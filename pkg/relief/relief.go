// Package relief spares an exit command its work. conmon runs podctl at the end
// of each container, so that an end is dealt with when nobody looks. While a
// podctl that is dealing with it lives there is nothing to do but to start, find
// that out and end, and the start is nearly all of that: so it is found out before
// Go starts (relief.c), by every program that this package is linked into.
//
// The file that names who deals with the end holds "PID STARTTIME\n", the
// latter in clock ticks since boot as in proc(5). A file that is torn, or names
// a process that is gone or stopped, relieves nobody.
package relief

import "C" // relief.c, which ends an exit command

import (
	"bytes"
	"os"
	"strconv"
)

// Flag of the exit command, followed by the path of the file and the container's
// ID. They are its last arguments, after "container cleanup --stopped-only".
const Flag = "--unless-relieved"

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
