package bundle

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/moby/sys/user"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// accounts makes a user and group named by number known in /etc/passwd and
// /etc/group, and the users of the host that were asked for. An image without
// any accounts is left without while nobody names one.
func (w *writer) accounts() error {
	if w.cfg.NoPasswd {
		return nil
	}
	var passwd, group []string
	for _, name := range w.cfg.HostUsers {
		p, g, err := hostUser(name)
		if err != nil {
			return err
		}
		passwd, group = append(passwd, p), append(group, g)
	}
	_, _, groupGiven := strings.Cut(w.cfg.User, ":")
	unknown := w.cfg.User != "" && w.userName == ""
	if unknown || w.cfg.PasswdEntry != "" {
		passwd = append(passwd, w.passwdEntry())
	}
	if unknown || groupGiven || w.cfg.GroupEntry != "" {
		group = append(group, w.groupEntry())
	}
	if err := w.addEntries("passwd", passwd); err != nil {
		return err
	}
	return w.addEntries("group", group)
}

func (w *writer) passwdEntry() string {
	u := w.Spec.User
	name, home := strconv.Itoa(int(u.UID)), u.Home
	if known := cmp.Or(w.userName, w.cfg.UserName); known != "" {
		name = known
	}
	if home == "/" && w.cfg.WorkDir != "" {
		home = w.cfg.WorkDir
	}
	if w.cfg.PasswdEntry == "" {
		return fmt.Sprintf("%s:*:%d:%d:container user:%s:/bin/sh", name, u.UID, u.GID, home)
	}
	return strings.NewReplacer("$USERNAME", name, "$UID", strconv.Itoa(int(u.UID)), "$GID", strconv.Itoa(int(u.GID)),
		"$NAME", "container user", "$HOME", home).Replace(w.cfg.PasswdEntry)
}

func (w *writer) groupEntry() string {
	gid := strconv.Itoa(int(w.Spec.User.GID))
	name, _, _ := strings.Cut(w.cfg.User, ":")
	if w.cfg.GroupEntry == "" {
		return cmp.Or(w.cfg.GroupName, gid) + ":x:" + gid + ":" + cmp.Or(w.cfg.UserName, name)
	}
	return strings.NewReplacer("$GROUPNAME", gid, "$GID", gid, "$USERLIST", name).Replace(w.cfg.GroupEntry)
}

// addEntries adds lines to /etc/passwd or /etc/group, but for those whose name or
// number is there. A root file system that can be written gets them itself, so
// that programs in it can go on replacing the file; else a copy is bound.
func (w *writer) addEntries(name string, lines []string) error {
	old, err := readInRoot(w.Spec.Rootfs, "/etc/"+name)
	if err != nil {
		return err
	}
	text := bytes.Clone(old)
	for _, line := range lines {
		if hasEntry(text, line) {
			continue
		}
		if len(text) > 0 && text[len(text)-1] != '\n' {
			text = append(text, '\n')
		}
		text = append(text, line+"\n"...)
	}
	if len(text) == len(old) {
		return nil
	}
	if !w.cfg.Storage.ReadOnly && !w.Spec.ReadonlyRootfs {
		return w.appendInRoot(name, text[len(old):])
	}
	path := filepath.Join(w.Dir, name)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return w.bind(path, "/etc/"+name)
}

func hasEntry(text []byte, line string) bool {
	wanted := strings.Split(line, ":")
	for entry := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(entry), ":")
		if fields[0] == wanted[0] || len(fields) > 2 && len(wanted) > 2 && fields[2] == wanted[2] {
			return true
		}
	}
	return false
}

func (w *writer) appendInRoot(name string, more []byte) error {
	f, err := openInRoot(w.Spec.Rootfs, "/etc/"+name, os.O_WRONLY|os.O_APPEND)
	if errors.Is(err, fs.ErrNotExist) {
		var etc string
		if etc, err = dirInRoot(w.Spec.Rootfs, "/etc", 0o755); err == nil {
			// Not where a dangling link points: the file is to be made here.
			f, err = os.OpenFile(filepath.Join(etc, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		}
	}
	if err != nil {
		return fmt.Errorf("add to /etc/%s in the root file system: %w", name, err)
	}
	_, err = f.Write(more)
	return errors.Join(err, f.Close())
}

// hostUser is the host's entries for a user and its group.
func hostUser(name string) (passwd, group string, err error) {
	u, err := user.LookupUser(name)
	if id, notNumber := strconv.Atoi(name); err != nil && notNumber == nil {
		u, err = user.LookupUid(id)
	}
	if err != nil {
		return "", "", fmt.Errorf("add host user %q: %w: %w", name, err, errdefs.ErrInvalidArg)
	}
	groupName := strconv.Itoa(u.Gid)
	if g, err := user.LookupGid(u.Gid); err == nil {
		groupName = g.Name
	}
	return fmt.Sprintf("%s:*:%d:%d:%s:%s:%s", u.Name, u.Uid, u.Gid, u.Gecos, u.Home, u.Shell),
		fmt.Sprintf("%s:x:%d:%s", groupName, u.Gid, u.Name), nil
}

// bind adds a generated file to what is bound into the container, with the
// mode, whatever the umask, owner and label with which all in it can read it.
func (w *writer) bind(source, destination string) error {
	if err := os.Chmod(source, 0o644); err != nil {
		return fmt.Errorf("bind %s: %w", destination, err)
	}
	if err := w.own(source); err != nil {
		return err
	}
	w.bindOnly(source, destination)
	return nil
}

// bindOnly binds a file that is another's to care for.
func (w *writer) bindOnly(source, destination string) {
	options := []string{"rw"}
	if w.cfg.Storage.ReadOnly {
		options = []string{"ro", "nosuid", "noexec", "nodev"}
	}
	w.Spec.Files = append(w.Spec.Files, container.Mount{Source: source, Destination: destination, Options: options})
}
