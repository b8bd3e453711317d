package proc

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/podctl/podctl/pkg/errdefs"
	"golang.org/x/sys/unix"
)

// Source is where facts about processes are read. The zero value reads those of
// this host. Its methods answer like the functions and methods of the same
// name, which use the zero value. Signals go to this host's processes whatever
// the source.
type Source struct {
	// BootIDPath is the file with the boot id, /proc/sys/kernel/random/boot_id
	// if empty.
	BootIDPath string
	// ProcRoot is where procfs is mounted, /proc if empty.
	ProcRoot string
	// Boot is the boot id where the caller knows it already: who asks for
	// thousands of processes need not read it each time. Empty: it is read.
	Boot string
}

// BootID returns the id the kernel chose for this boot.
func BootID() (string, error) { return Source{}.BootID() }

// BootID returns the id of the boot this source describes.
func (s Source) BootID() (string, error) {
	if s.Boot != "" {
		return s.Boot, nil
	}
	path := cmp.Or(s.BootIDPath, "/proc/sys/kernel/random/boot_id")
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read boot id: %w", err)
	}
	id := strings.TrimSpace(string(data))
	if id == "" {
		return "", fmt.Errorf("read boot id: %s is empty: %w", path, errdefs.ErrUnavailable)
	}
	return id, nil
}

// Args returns the command line of a process; nil if the process is gone or
// hidden, a zombie, or a thread of the kernel.
func Args(pid int) []string { return Source{}.Args(pid) }

// Args is the function [Args] for this source.
func (s Source) Args(pid int) []string {
	line, err := s.cmdline(pid)
	if err != nil || line == "" {
		return nil
	}
	return strings.Split(line, "\x00")
}

// cmdline is the file of proc(5): the arguments, with a NUL between them.
func (s Source) cmdline(pid int) (string, error) {
	data, err := os.ReadFile(s.path(pid, "cmdline"))
	return strings.TrimRight(string(data), "\x00"), err
}

// Cmdline returns the command line of a process on one line, for reports: the
// arguments separated by spaces, unprintable characters as '?', and the name in
// brackets for a process without arguments. It is empty if the process is gone
// or hidden.
func Cmdline(pid int) string { return Source{}.Cmdline(pid) }

// Cmdline is the function [Cmdline] for this source.
func (s Source) Cmdline(pid int) string {
	line, err := s.cmdline(pid)
	if err != nil {
		return ""
	}
	line = strings.ReplaceAll(line, "\x00", " ")
	if line == "" {
		st, err := s.stat(pid)
		if err != nil {
			return ""
		}
		line = "[" + st.comm + "]"
	}
	return strings.Map(printable, line)
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '?'
}

func (s Source) path(pid int, name string) string {
	return filepath.Join(cmp.Or(s.ProcRoot, "/proc"), strconv.Itoa(pid), name)
}

// stat is what we need of /proc/PID/stat, see proc(5).
type stat struct {
	comm      string
	state     byte
	parent    int
	threads   int
	startTime uint64
	// killed: SIGKILL is pending or has been taken, and so it does nothing of its
	// own any more, but its threads are not all gone yet.
	killed bool
}

// dead says whether the process has ended. A zombie has, unless only its first
// thread did: a process whose main thread called pthread_exit shows as a zombie
// while the others work on.
func (st stat) dead() bool {
	switch st.state {
	case 'X', 'x':
		return true
	case 'Z':
		return st.threads <= 1
	}
	return false
}

// stat reads the status of a process; errdefs.ErrNotFound when there is none.
func (s Source) stat(pid int) (stat, error) {
	data, err := os.ReadFile(s.path(pid, "stat"))
	// A process that ends while its file is read answers ESRCH.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
		return stat{}, fmt.Errorf("process %d: %w", pid, errdefs.ErrNotFound)
	}
	if err != nil {
		return stat{}, fmt.Errorf("read status of process %d: %w", pid, err)
	}
	st, err := parseStat(string(data))
	if err != nil {
		return stat{}, fmt.Errorf("read status of process %d: %w", pid, err)
	}
	return st, nil
}

const (
	exiting        = 0x4 // PF_EXITING of <linux/sched.h>, in field 9 (flags)
	sigkillPending = 1 << (unix.SIGKILL - 1)
)

// field is a number in a stat line, 0 if there is none.
func field(fields []string, i int) uint64 {
	if i >= len(fields) {
		return 0
	}
	n, _ := strconv.ParseUint(fields[i], 10, 64)
	return n
}

// parseStat reads the fields of one stat line. The name, field 2, stands in
// parentheses and may itself hold spaces and parentheses, so fields are counted
// from the last closing one.
func parseStat(line string) (stat, error) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return stat{}, fmt.Errorf("no process name in %q: %w", line, errdefs.ErrUnavailable)
	}
	const first = 3 // number of the field behind the name
	fields := strings.Fields(line[end+1:])
	if len(fields) <= 22-first || len(fields[0]) != 1 {
		return stat{}, fmt.Errorf("too few fields in %q: %w", line, errdefs.ErrUnavailable)
	}
	parent, errParent := strconv.Atoi(fields[4-first])
	threads, errThreads := strconv.Atoi(fields[20-first])
	start, errStart := strconv.ParseUint(fields[22-first], 10, 64)
	if err := errors.Join(errParent, errThreads, errStart); err != nil {
		return stat{}, err
	}
	st := stat{comm: line[open+1 : end], state: fields[0][0], parent: parent, threads: threads, startTime: start}
	st.killed = st.state == 'Z' || field(fields, 9-first)&exiting != 0 || field(fields, 31-first)&sigkillPending != 0
	return st, nil
}
