package network

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"
)

// quietly runs fn, which makes libnetwork run netavark, and sends what netavark
// and its children write on stderr to the debug log. libnetwork hands them
// whatever os.Stderr is at that moment and offers no other way; so os.Stderr is
// swapped while fn runs, one call at a time (libnetwork serializes them
// anyway). Code that keeps the stream it was given at start is not affected.
//
// The other end is memory, not a pipe: aardvark-dns keeps the descriptor for
// its whole life, so a pipe would never end, and would kill it once closed.
func quietly(fn func() error) error {
	fd, err := unix.MemfdCreate("netavark-stderr", unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("make a file for netavark's stderr: %w", err)
	}
	sink := os.NewFile(uintptr(fd), "netavark-stderr")
	defer sink.Close()

	err = withStderr(sink, fn)
	last := debugLines(io.NewSectionReader(sink, 0, maxNoise))
	if err != nil && strings.HasPrefix(err.Error(), noMessage) {
		return crashed(err, last)
	}
	return err
}

// noMessage is how the error of libnetwork begins for a netavark that failed
// without a message on its standard output, where libnetwork looks; what follows
// is what the JSON decoder thought of that.
const noMessage = "netavark: : "

// crashed is the error of a netavark that crashed or was killed, with the last
// line of its standard error.
func crashed(err error, last string) error {
	if last != "" {
		return fmt.Errorf("netavark ended without a result: %s", last)
	}
	return fmt.Errorf("netavark ended without a result or a reason, as one that was killed does (%s)", strings.TrimPrefix(err.Error(), noMessage))
}

// maxNoise bounds what is copied to the log.
const maxNoise = 1 << 20

// stderrMu guards os.Stderr, which is the process's and not a Backend's.
var stderrMu sync.Mutex

func withStderr(sink *os.File, fn func() error) error {
	stderrMu.Lock()
	saved := os.Stderr
	os.Stderr = sink
	defer func() {
		os.Stderr = saved
		stderrMu.Unlock()
	}()
	return fn()
}

// debugLines logs each line and returns the last one.
func debugLines(r io.Reader) (last string) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if text := strings.TrimSpace(lines.Text()); text != "" {
			logrus.Debugf("netavark: %s", text)
			last = text
		}
	}
	return last
}
