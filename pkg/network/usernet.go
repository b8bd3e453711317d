package network

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/containers/storage/pkg/lockfile"
	"github.com/vishvananda/netlink"
	"go.etcd.io/bbolt"
)

// userNet is the network namespace that all networks of an ordinary user are in.
// libnetwork makes it with the first container and removes it, with the pasta in
// it, with the last, by a counter in a file. A process killed between its work and
// its count leaves the counter wrong: too low, and the networks of containers that
// run are taken away; too high, and it stays for good. So the counter is set right
// by what can be seen. The zero value is for root, who has no such namespace.
type userNet struct {
	dir  string // of the namespace and its counter
	lock string // libnetwork's
}

func newUserNet(cfg Config) userNet {
	if !cfg.Rootless {
		return userNet{}
	}
	return userNet{dir: filepath.Join(cfg.RunDir, "rootless-netns"), lock: filepath.Join(cfg.ConfigDir, "netavark.lock")}
}

func (u userNet) ns() string { return filepath.Join(u.dir, "rootless-netns") }

// recount writes what decide makes of the counter, under libnetwork's lock.
func (u userNet) recount(leases leaseDB, decide func(count, leased int) int) error {
	if u.dir == "" || !HasNS(u.ns()) {
		return nil
	}
	lock, err := lockfile.GetLockFile(u.lock)
	if err != nil {
		return err
	}
	lock.Lock()
	defer lock.Unlock()
	leased, err := leases.count()
	if err != nil {
		return err
	}
	path := filepath.Join(u.dir, "ref-count")
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	count, _ := strconv.Atoi(strings.TrimSpace(string(text))) // none is 0
	if now := decide(count, leased); now != count {
		return os.WriteFile(path, []byte(strconv.Itoa(now)), 0o600)
	}
	return nil
}

// raise makes the counter at least what is attached, before one is taken off.
func (u userNet) raise(leases leaseDB) error {
	return u.recount(leases, func(count, leased int) int { return max(count, leased) })
}

// removeUnused removes the namespace if nothing is attached to it any more.
func (b *Backend) removeUnused() error {
	unused := false
	err := b.user.recount(b.leases, func(count, leased int) int {
		if leased > 0 || hasVeth(b.user.ns()) { // networks without leases have interfaces
			return count
		}
		unused = true
		return 0
	})
	if err != nil || !unused {
		return err
	}
	// Counts itself in and out again, and removes what nobody else is in by then.
	if err := b.net.RunInRootlessNetns(func() error { return nil }); err != nil {
		return fmt.Errorf("remove the namespace of the user's networks: %w", err)
	}
	return nil
}

// hasVeth reports whether a container has the other end of an interface in the
// namespace; true if that cannot be told.
func hasVeth(nsPath string) bool {
	found := true
	err := inNS(nsPath, func() error {
		links, err := netlink.LinkList()
		if err != nil {
			return err
		}
		found = false
		for _, l := range links {
			found = found || l.Type() == "veth"
		}
		return nil
	})
	return err != nil || found
}

// count is how many containers have leases, each on each of its networks.
func (l leaseDB) count() (n int, err error) {
	db, err := l.open()
	if db == nil {
		return 0, err
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(_ []byte, network *bbolt.Bucket) error {
			if ids := network.Bucket(idsBucket); ids != nil {
				return ids.ForEach(func(_, _ []byte) error { n++; return nil })
			}
			return nil
		})
	})
	return n, err
}
