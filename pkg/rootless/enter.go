package rootless

import "C" // join.c, which joins before Go starts

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/containers/storage/pkg/unshare"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/handover"
)

// joinVar tells join.c the descriptors of the namespaces.
const joinVar = "_PODCTL_JOIN"

// Config is what Enter needs to know.
type Config struct {
	// Dir is where the pause process is written down: one for all of the user's
	// commands, whatever their flags. Made with mode 0700 if it is not there.
	Dir string
	// PauseProgram is catatonit.
	PauseProgram string
	// Env is set, as NAME=VALUE, for the program inside.
	Env []string
}

// Needed reports whether this process has to enter: it is no root of any kind.
func Needed() bool { return os.Geteuid() != 0 }

// Enter replaces this program by itself, with the same arguments, inside the
// user's namespaces. It returns only when it fails. What was done before is done
// again, so call it before anything that counts.
//
// Errors name the remedy: errdefs.ErrUnavailable where the user has no ranges of
// subordinate IDs, where newuidmap is missing or may not, and where the kernel
// refuses user namespaces.
func Enter(cfg Config) error {
	ns, err := find(cfg)
	if err != nil {
		return fmt.Errorf("enter the user namespace: %w", err)
	}
	// Kept open over exec, for join.c.
	for _, f := range []*os.File{ns.user, ns.mount} {
		if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFD, 0); err != nil {
			return fmt.Errorf("enter the user namespace: %w", err)
		}
	}
	self, err := handover.Program()
	if err != nil {
		return err
	}
	err = syscall.Exec(self, os.Args, environ(cfg, ns))
	return fmt.Errorf("run %s in the user namespace: %w", self, err)
}

// environ is the environment inside. The names are those the storage library
// looks for: that the user is not the host's root, and who it is.
func environ(cfg Config, ns *namespaces) []string {
	drop := []string{unshare.UsernsEnvName, "_CONTAINERS_ROOTLESS_UID", "_CONTAINERS_ROOTLESS_GID", joinVar}
	env := append([]string{
		unshare.UsernsEnvName + "=done",
		"_CONTAINERS_ROOTLESS_UID=" + strconv.Itoa(os.Geteuid()),
		"_CONTAINERS_ROOTLESS_GID=" + strconv.Itoa(os.Getegid()),
		ns.joinEnv(),
	}, cfg.Env...)
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		drop = append(drop, name)
	}
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); !slices.Contains(drop, name) {
			env = append(env, kv)
		}
	}
	return env
}

// namespaces are a user namespace and the mount namespace in it, held open.
type namespaces struct {
	user, mount *os.File
}

func (n *namespaces) joinEnv() string {
	return fmt.Sprintf("%s=%d,%d", joinVar, n.user.Fd(), n.mount.Fd())
}

func (n *namespaces) close() {
	for _, f := range []*os.File{n.user, n.mount} {
		if f != nil {
			f.Close()
		}
	}
}

// errNotOurs: a process is in no user namespace of this user's.
var errNotOurs = errors.New("not in a user namespace of this user")

// open takes hold of the namespaces a process is in, if they are the user's own
// and not those this process is in already.
func open(pid int) (_ *namespaces, err error) {
	n := &namespaces{}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	if n.user, err = os.Open(fmt.Sprintf("/proc/%d/ns/user", pid)); err != nil {
		return nil, err
	}
	if n.mount, err = os.Open(fmt.Sprintf("/proc/%d/ns/mnt", pid)); err != nil {
		return nil, err
	}
	// As inode numbers: the same file can be under many names.
	mine, err := os.Stat("/proc/self/ns/user")
	if err != nil {
		return nil, err
	}
	theirs, err := n.user.Stat()
	if err != nil {
		return nil, err
	}
	owner, err := unix.IoctlGetInt(int(n.user.Fd()), getOwnerUID)
	if os.SameFile(mine, theirs) || err != nil || owner != os.Geteuid() {
		return nil, errNotOurs
	}
	return n, nil
}

// getOwnerUID is NS_GET_OWNER_UID of ioctl_ns(2).
const getOwnerUID = 0xb704

// account is the user's entry in the password database, as far as there is one.
func account() (name, home string) {
	u, err := user.LookupId(strconv.Itoa(os.Geteuid()))
	if err != nil {
		return "", ""
	}
	return u.Username, u.HomeDir
}

// Home is the user's home directory: HOME, else what the password database says.
func Home() (string, error) {
	if home := os.Getenv("HOME"); home != "" {
		return home, nil
	}
	_, home := account()
	if home == "" {
		return "", fmt.Errorf("find the home directory of user %d: set HOME: %w", os.Geteuid(), errdefs.ErrUnavailable)
	}
	return home, nil
}
