package network

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/proc"
)

// uplinkEnd bounds how long a program may take to end. The kernel takes its
// interface down meanwhile, which is slow on a busy host.
const uplinkEnd = 10 * time.Second

// Disconnect ends the programs of [Backend.Connect] that serve the namespace at
// nsPath, also those of a Connect that was killed, and waits until they are gone:
// until then they hold the host's ports. They would end by themselves, but older
// pastas miss the removal of a namespace when another goes at the same moment.
// Idempotent.
func (b *Backend) Disconnect(ctx context.Context, nsPath string) error {
	ctx, cancel := context.WithTimeout(ctx, uplinkEnd)
	defer cancel()
	var errs []error
	for _, p := range uplinksOf(nsPath) {
		err := p.Signal(unix.SIGKILL)
		if err == nil {
			err = p.Wait(ctx)
		}
		if err != nil && !errors.Is(err, errdefs.ErrNotFound) {
			errs = append(errs, fmt.Errorf("end process %d, which serves the network namespace %s: %w", p.PID, nsPath, err))
		}
	}
	return errors.Join(errs...)
}

// uplinksOf finds the programs by the path in their command line. No pid is
// written down that could be lost or stale.
func uplinksOf(nsPath string) (found []proc.Process) {
	pids, err := proc.All()
	if err != nil {
		return nil
	}
	for _, pid := range pids {
		p, err := proc.Of(pid) // first: it is that process whose command line is read
		if err != nil {
			continue
		}
		if args := proc.Args(pid); len(args) > 0 && servesNS(args, nsPath) {
			found = append(found, p)
		}
	}
	return found
}

// servesNS recognizes a command line of [Backend.Connect].
func servesNS(args []string, nsPath string) bool {
	program := args[0][strings.LastIndex(args[0], "/")+1:]
	if program != Pasta && program != Slirp {
		return false
	}
	for _, arg := range args[1:] {
		if arg == nsPath {
			return true
		}
	}
	return false
}
