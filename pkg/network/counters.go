package network

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Counters are the bytes the network interfaces that a process sees have
// received and sent, the loopback interface left out. They are zero for a
// process in our own network namespace, whose traffic is not its own, and for
// one that is gone.
func Counters(pid int) (received, sent uint64, err error) {
	ours, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return 0, 0, fmt.Errorf("read network counters: %w", err)
	}
	theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err == nil && ours != theirs {
		var text []byte
		if text, err = os.ReadFile(fmt.Sprintf("/proc/%d/net/dev", pid)); err == nil {
			received, sent, err = parseCounters(string(text))
		}
	}
	// A process that ends has no namespaces any more, before it has no files.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EINVAL) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read network counters of process %d: %w", pid, err)
	}
	return received, sent, nil
}

// Where the bytes are in a line of proc_pid_net(5)'s dev, counted behind the
// interface's name.
const (
	receivedColumn = 0
	sentColumn     = 8
)

func parseCounters(text string) (received, sent uint64, err error) {
	for line := range strings.Lines(text) {
		name, rest, ok := strings.Cut(line, ":")
		columns := strings.Fields(rest)
		if !ok || len(columns) <= sentColumn || strings.TrimSpace(name) == "lo" {
			continue
		}
		in, err := strconv.ParseUint(columns[receivedColumn], 10, 64)
		if err != nil {
			return 0, 0, err
		}
		out, err := strconv.ParseUint(columns[sentColumn], 10, 64)
		if err != nil {
			return 0, 0, err
		}
		received += in
		sent += out
	}
	return received, sent, nil
}
