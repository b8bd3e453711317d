package network

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/containernetworking/plugins/pkg/ns"
	"github.com/containers/common/pkg/netns"
	"golang.org/x/sys/unix"
)

// CreateNS makes a network namespace that lives at path until [RemoveNS], with
// its loopback interface up; if from is a path it is the namespace there. It is
// idempotent: a namespace that is there already is kept, unless it is another
// than from; a file left by an interrupted call is replaced.
func CreateNS(path, from string) error {
	if from != "" {
		if err := RemoveNS(path); err != nil {
			return err
		}
	}
	if !HasNS(path) {
		if err := makeNS(path, from); err != nil {
			return fmt.Errorf("create network namespace %s: %w", path, err)
		}
	}
	// Not netavark's business with --network none, and harmless otherwise.
	if err := inNS(path, loopbackUp); err != nil {
		return fmt.Errorf("bring loopback up in %s: %w", path, err)
	}
	return nil
}

func makeNS(path, from string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if from != "" {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			return err
		}
		return unix.Mount(from, path, "", unix.MS_BIND, "")
	}
	made, err := netns.NewNSAtPath(path)
	if err != nil {
		return err
	}
	return made.Close()
}

func loopbackUp() error {
	return withInterface("lo", func(socket int, request *unix.Ifreq) error {
		if err := unix.IoctlIfreq(socket, unix.SIOCGIFFLAGS, request); err != nil {
			return err
		}
		request.SetUint16(request.Uint16() | unix.IFF_UP)
		return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request)
	})
}

// HasNS tells whether a network namespace is mounted at path.
func HasNS(path string) bool {
	var st unix.Statfs_t
	return unix.Statfs(path, &st) == nil && int64(st.Type) == unix.NSFS_MAGIC
}

// busyWait bounds how long RemoveNS waits for a mount that is going away in
// another mount namespace; busyStep is the pause between looks.
const (
	busyWait = 10 * time.Second
	busyStep = 5 * time.Millisecond
)

// RemoveNS lets go of the namespace at path: every mount on it, then the file.
// Idempotent: nothing there, only the file, or several mounts are all fine.
// The namespace itself lives on while processes are in it.
func RemoveNS(path string) error {
	// A race of two creators, or a copied mount tree, can stack mounts.
	for {
		err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
		if errors.Is(err, unix.ENOENT) {
			return nil
		}
		if errors.Is(err, unix.EINVAL) {
			break // no longer a mount point
		}
		if err != nil {
			return fmt.Errorf("unmount network namespace %s: %w", path, err)
		}
	}
	deadline := time.Now().Add(busyWait)
	for {
		err := os.Remove(path)
		if err == nil || errors.Is(err, os.ErrNotExist) {
			return nil
		}
		// EBUSY: unmounted, but another process still walks the mount.
		if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			return fmt.Errorf("remove network namespace: %w", err)
		}
		time.Sleep(busyStep)
	}
}

// inNS runs fn on a thread inside the namespace at path.
func inNS(path string, fn func() error) error {
	return ns.WithNetNSPath(path, func(ns.NetNS) error { return fn() })
}
