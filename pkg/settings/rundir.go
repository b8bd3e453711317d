package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/containers/storage/pkg/unshare"

	"github.com/podctl/podctl/pkg/errdefs"
)

// UserRunDir is the directory for what an ordinary user's podctl keeps until the
// next boot: XDG_RUNTIME_DIR, else /run/user/UID. It must be the user's own and
// closed to others. The libraries would take a directory in /tmp where there is
// neither; that one is swept, and two of a user's logins would not share it.
//
// XDG_RUNTIME_DIR is set to what was found: the libraries, and the commands run
// at a container's end, are to look at the same place. So is
// DBUS_SESSION_BUS_ADDRESS where there is a bus in it: sudo and cron take that
// away, and the libraries would not look there.
func UserRunDir() (string, error) {
	dir, err := findRunDir()
	if err != nil {
		return "", err
	}
	if bus := filepath.Join(dir, "bus"); os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" && isSocket(bus) {
		err = os.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+bus)
	}
	return dir, errors.Join(err, os.Setenv("XDG_RUNTIME_DIR", dir))
}

func isSocket(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().Type() == fs.ModeSocket
}

func findRunDir() (string, error) {
	uid := strconv.Itoa(unshare.GetRootlessUID())
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		fallback := filepath.Join("/run/user", uid)
		if checkRunDir(fallback) != nil {
			return "", fmt.Errorf("XDG_RUNTIME_DIR is not set and there is no %s: log in through a session (as root, loginctl enable-linger %s makes one that stays), or set XDG_RUNTIME_DIR to a directory of your own with mode 0700: %w",
				fallback, uid, errdefs.ErrUnavailable)
		}
		return fallback, nil
	}
	if !filepath.IsAbs(dir) {
		return "", fmt.Errorf("XDG_RUNTIME_DIR is %s, which is no absolute path: unset it or set it to a directory of your own with mode 0700: %w", dir, errdefs.ErrInvalidArg)
	}
	if err := checkRunDir(dir); err != nil {
		return "", fmt.Errorf("XDG_RUNTIME_DIR: %w: set it to a directory of your own with mode 0700, or unset it: %w", err, errdefs.ErrUnavailable)
	}
	return dir, nil
}

// checkRunDir tells what makes a directory unfit. Inside the user namespace the
// user is 0, and so is what the user owns.
func checkRunDir(dir string) error {
	st, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !st.IsDir() {
		return fmt.Errorf("%s is no directory", dir)
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); !ok || int(sys.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user", dir)
	}
	if mode := st.Mode().Perm(); mode&0o700 != 0o700 || mode&0o022 != 0 {
		return fmt.Errorf("%s has mode %#o", dir, mode)
	}
	return nil
}
