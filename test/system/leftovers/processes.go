package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// programs are those podctl starts, and itself.
var programs = regexp.MustCompile(`^(podctl|conmon|aardvark-dns|netavark|runc(:.*)?|crun|catatonit|pasta.*|slirp4netns)$`)

// ours is in the name of each cgroup of podctl's.
var ours = regexp.MustCompile(`podctl[-_]`)

// longest is how much of a command line is shown, in bytes.
const longest = 300

// processes finds those with a session of their own, as what podctl starts has, or
// with one of the names. On a bare host only those count that work on our
// directories or are in a cgroup of podctl's.
func (h *host) processes() error {
	own, err := unix.Getsid(0)
	if err != nil {
		return err
	}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == 1 || pid == h.pause {
			continue
		}
		comm, session, ok := stat(dir)
		if !ok || session == own && !programs.MatchString(comm) {
			continue
		}
		cmdline := strings.TrimRight(strings.ReplaceAll(text(dir, "cmdline"), "\x00", " "), " ")
		if cmdline == "" { // a kernel thread, or gone
			continue
		}
		if !h.isolated && !strings.Contains(cmdline, h.testDir) && !ours.MatchString(text(dir, "cgroup")) {
			continue
		}
		h.add("process", strconv.Itoa(pid)+" "+comm+": "+strings.ReplaceAll(cmdline[:min(longest, len(cmdline))], "\n", " "))
	}
	return nil
}

// stat reads name and session of a process from proc(5)'s stat; not ok for one that
// is gone or a zombie.
func stat(dir string) (comm string, session int, ok bool) {
	before, after, found := cutLast(text(dir, "stat"), ") ")
	fields := strings.Fields(after)
	if !found || len(fields) < 4 || fields[0] == "Z" {
		return "", 0, false
	}
	_, comm, _ = strings.Cut(before, "(")
	session, err := strconv.Atoi(fields[3])
	return comm, session, err == nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// text is what is in a file, nothing if it cannot be read.
func text(path ...string) string {
	data, _ := os.ReadFile(filepath.Join(path...))
	return string(data)
}

// pausePID is the process that keeps this user's namespaces.
func pausePID() int {
	var p struct {
		PID int `json:"pid"`
	}
	if json.Unmarshal([]byte(text(os.Getenv("XDG_RUNTIME_DIR"), "podctl", "pause.json")), &p) != nil {
		return 0
	}
	return p.PID
}

// elsewhere are where podctl mounts by default.
var elsewhere = []string{"/run/netns/", "/run/containers/", "/run/podctl/", "/var/lib/containers/", "/var/lib/podctl/"}

// mounts finds those there are, of a user those in the namespaces kept. Two
// directories are mounted on themselves at first use, by the store and for network
// namespaces, and stay so.
func (h *host) mounts() error {
	process := "self"
	if h.pause > 0 {
		process = strconv.Itoa(h.pause)
	}
	for line := range strings.Lines(text("/proc", process, "mountinfo")) {
		const target = 4
		fields := strings.Fields(line)
		if len(fields) <= target || fields[target] == filepath.Join(h.root, "overlay") || fields[target] == "/run/netns" {
			continue
		}
		in := func(dir string) bool { return strings.HasPrefix(fields[target], dir) }
		if h.isolated || in(h.testDir+"/") || slices.ContainsFunc(elsewhere, in) {
			h.add("mount", fields[target])
		}
	}
	return nil
}
