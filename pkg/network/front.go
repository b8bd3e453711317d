package network

import (
	"encoding/json"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// raise is by how much the nice value of what holds libnetwork's lock is lower.
const raise = 10

// inFront runs fn, and the processes it starts, before what else waits for a
// processor: where many containers are connected at once, all others wait for the
// one that holds libnetwork's lock. Who may not have it so (CAP_SYS_NICE) runs fn as
// it is. A program that fn leaves behind would keep that for good, so that fn must
// not start aardvark-dns.
func inFront(fn func() error) error {
	runtime.LockOSThread() // nice values are a thread's, and its children have them from it: setpriority(2)
	defer runtime.UnlockOSThread()
	// The system call returns 20 minus the nice value, to be no error: getpriority(2).
	kernel, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	nice := 20 - kernel
	if err == nil && unix.Setpriority(unix.PRIO_PROCESS, 0, nice-raise) == nil {
		defer func() { _ = unix.Setpriority(unix.PRIO_PROCESS, 0, nice) }() // anyone may be nicer
	}
	return fn()
}

// mayHaveDNS reports whether netavark may start aardvark-dns for one of the
// networks. It asks their files and not libnetwork, for whose lock it would wait.
func (b *Backend) mayHaveDNS(names iter.Seq[string]) bool {
	for name := range names {
		text, err := os.ReadFile(filepath.Join(b.configDir, name+".json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue // the default network, which is there without a file, has no DNS
		}
		var network struct {
			DNSEnabled bool `json:"dns_enabled"`
		}
		if err != nil || json.Unmarshal(text, &network) != nil || network.DNSEnabled {
			return true
		}
	}
	return false
}
