package cgroupmgr

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Stats are what the processes of a cgroup, and of those below it, use and have
// used. What the kernel does not count on this host is zero.
type Stats struct {
	// CPU is the processor time since the cgroup was made.
	CPU time.Duration
	// Memory and MemoryLimit, the least of those that hold, are in bytes; no
	// limit is zero.
	Memory, MemoryLimit uint64
	// BlockRead and BlockWrite are the bytes moved from and to block devices.
	BlockRead, BlockWrite uint64
	PIDs                  uint64
}

// noLimit is the least value that version 1 shows for "no limit": the greatest
// number of bytes that is a whole number of pages, whatever their size.
const noLimit = 1<<63 - 1<<20

// Stats implements [Manager].
func (t tree) Stats(p string) (Stats, error) {
	found := false
	for _, h := range t.layout.Hierarchies {
		_, err := os.Stat(filepath.Join(h.Dir, p))
		found = found || err == nil
	}
	if p == "" || !found {
		return Stats{}, fmt.Errorf("read statistics of cgroup %q: %w", p, errdefs.ErrNoCgroup)
	}
	var s Stats
	err := errors.Join(t.cpuStats(p, &s), t.memoryStats(p, &s), t.blockStats(p, &s), t.pidStats(p, &s))
	if err != nil {
		return Stats{}, fmt.Errorf("read statistics of cgroup %s: %w", p, err)
	}
	return s, nil
}

// cpuStats: version 2 counts time in every cgroup, with the cpu controller or
// without.
func (t tree) cpuStats(p string, s *Stats) error {
	if h, ok := t.layout.hierarchy("cpuacct", ""); ok {
		n, err := readNumber(filepath.Join(h.Dir, p, "cpuacct.usage"))
		s.CPU = time.Duration(n) //nolint:gosec // nanoseconds: 292 years fit
		return err
	}
	for _, h := range t.layout.Hierarchies {
		if !h.Unified {
			continue
		}
		return eachLine(filepath.Join(h.Dir, p, "cpu.stat"), func(line string) error {
			if text, ok := strings.CutPrefix(line, "usage_usec "); ok {
				n, err := strconv.ParseInt(text, 10, 64)
				s.CPU = time.Duration(n) * time.Microsecond
				return err
			}
			return nil
		})
	}
	return nil
}

// crunCgroup is where crun has a container's processes within the scope that it
// asks systemd for.
const crunCgroup = "container"

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func (t tree) memoryStats(p string, s *Stats) error {
	h, ok := t.layout.hierarchy("memory", "memory")
	if !ok {
		return nil
	}
	usage, limit := "memory.usage_in_bytes", "memory.limit_in_bytes"
	if h.Unified {
		usage, limit = "memory.current", "memory.max"
	}
	var err error
	if s.Memory, err = readNumber(filepath.Join(h.Dir, p, usage)); err != nil {
		return err
	}
	// crun limits a cgroup of its own in systemd's scope.
	if inner := path.Join(p, crunCgroup); h.Unified && exists(filepath.Join(h.Dir, inner, limit)) {
		p = inner
	}
	// A pod's limit holds for its containers too.
	for ; p != "/" && p != "."; p = path.Dir(p) {
		n, err := readNumber(filepath.Join(h.Dir, p, limit))
		if err != nil {
			return err
		}
		if n > 0 && n < noLimit && (s.MemoryLimit == 0 || n < s.MemoryLimit) {
			s.MemoryLimit = n
		}
	}
	return nil
}

// OOMKills implements [Manager].
func (t tree) OOMKills(p string) (n uint64, known bool) {
	h, ok := t.layout.hierarchy("memory", "memory")
	if !ok || p == "" {
		return 0, false
	}
	file := "memory.oom_control" // has the count since Linux 4.13
	if h.Unified {
		file = "memory.events"
	}
	err := eachLine(filepath.Join(h.Dir, p, file), func(line string) (err error) {
		if text, ok := strings.CutPrefix(line, "oom_kill "); ok {
			n, err = strconv.ParseUint(text, 10, 64)
			known = err == nil
		}
		return err
	})
	return n, known && err == nil
}

// lookTries bounds how often the cgroups below one are looked at again because
// they changed meanwhile; each needs another one to go or to be short of memory.
const lookTries = 20

// OOMKillsGone implements [Manager]: only cgroups that somebody else removes go
// before podctl has looked at them.
func (m *cgroupfs) OOMKillsGone(string) (n uint64, known bool) { return 0, false }

// OOMKillsGone implements [Manager]. Version 1 counts for each cgroup alone.
func (m *systemd) OOMKillsGone(parent string) (n uint64, known bool) {
	if m.layout.Kind != V2 {
		return 0, false
	}
	return m.oomKillsGone(m.cgroup(m.slice(parent)))
}

// oomKillsGone takes what the cgroups below p count from what p counts, which is
// theirs and that of all that were there before.
func (t tree) oomKillsGone(p string) (n uint64, known bool) {
	var before map[string]uint64
	for range lookTries {
		if n, known = t.OOMKills(p); !known || n == 0 {
			return n, known
		}
		after, ok := t.oomKillsBelow(p)
		if !ok {
			return 0, false
		}
		if before != nil && maps.Equal(before, after) {
			for _, k := range after {
				n -= min(k, n) // more where the tree was mounted to count locally
			}
			return n, true
		}
		before = after
	}
	return 0, false
}

// oomKillsBelow returns the counts of the cgroups directly below p.
func (t tree) oomKillsBelow(p string) (counts map[string]uint64, ok bool) {
	h, ok := t.layout.hierarchy("memory", "memory")
	if !ok {
		return nil, false
	}
	entries, err := os.ReadDir(filepath.Join(h.Dir, p))
	if err != nil {
		return nil, false
	}
	counts = map[string]uint64{}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if n, known := t.OOMKills(path.Join(p, e.Name())); known {
			counts[e.Name()] = n
		}
	}
	return counts, true
}

func (t tree) pidStats(p string, s *Stats) (err error) {
	if h, ok := t.layout.hierarchy("pids", "pids"); ok {
		s.PIDs, err = readNumber(filepath.Join(h.Dir, p, "pids.current"))
	}
	return err
}

func (t tree) blockStats(p string, s *Stats) error {
	h, ok := t.layout.hierarchy("blkio", "io")
	if !ok {
		return nil
	}
	if h.Unified {
		return eachLine(filepath.Join(h.Dir, p, "io.stat"), s.addDeviceV2)
	}
	return eachLine(filepath.Join(h.Dir, p, "blkio.throttle.io_service_bytes_recursive"), s.addDeviceV1)
}

// addDeviceV1 reads "8:0 Read 4096"; the sums ("8:0 Total", "Total") are left.
func (s *Stats) addDeviceV1(line string) error {
	words := strings.Fields(line)
	if len(words) != 3 {
		return nil
	}
	n, err := strconv.ParseUint(words[2], 10, 64)
	switch words[1] {
	case "Read":
		s.BlockRead += n
	case "Write":
		s.BlockWrite += n
	}
	return err
}

// addDeviceV2 reads "8:0 rbytes=4096 wbytes=0 rios=1 ...".
func (s *Stats) addDeviceV2(line string) error {
	for _, word := range strings.Fields(line) {
		key, value, _ := strings.Cut(word, "=")
		if key != "rbytes" && key != "wbytes" {
			continue
		}
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return err
		}
		if key == "rbytes" {
			s.BlockRead += n
		} else {
			s.BlockWrite += n
		}
	}
	return nil
}

// readNumber reads a file with one number in it. "max" and a file that is not
// there are zero: controllers that are not enabled have no files.
func readNumber(file string) (n uint64, err error) {
	err = eachLine(file, func(line string) error {
		if line == "max" || line == "" {
			return nil
		}
		n, err = strconv.ParseUint(line, 10, 64)
		return err
	})
	return n, err
}

// eachLine calls fn with every line of a file; none if it is not there.
func eachLine(file string, fn func(line string) error) error {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(b)) {
		if err := fn(strings.TrimSpace(line)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}
