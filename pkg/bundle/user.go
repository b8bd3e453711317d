package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/sys/user"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// keepGroups stands in --group-add for the caller's own supplementary groups.
const keepGroups = "keep-groups"

// LookupUser finds "user[:group]", names or numbers, in the root file system's
// /etc/passwd and /etc/group. Empty is root. The name is "" for a number the image
// does not know. A name it does not know is errdefs.ErrNotFound.
func LookupUser(rootfs, spec string) (found container.ExecUser, name string, err error) {
	passwd, err := readInRoot(rootfs, "/etc/passwd")
	if err != nil {
		return found, "", err
	}
	group, err := readInRoot(rootfs, "/etc/group")
	if err != nil {
		return found, "", err
	}
	exec, err := user.GetExecUser(spec, &user.ExecUser{Home: "/"}, bytes.NewReader(passwd), bytes.NewReader(group))
	if err != nil {
		return found, "", classify(err)
	}
	found.UID, found.GID, found.Home = uint32(exec.Uid), uint32(exec.Gid), exec.Home
	if found.Home == "" {
		found.Home = "/"
	}
	// The primary group too, or a process could rid itself of a group that a
	// file denies access (CVE-2022-2989).
	addGroups(&found, append(exec.Sgids, exec.Gid))
	return found, nameOf(passwd, spec, exec.Uid), nil
}

// supplement adds the groups of --group-add, names or numbers, which it finds in the
// root file system's /etc/group. Errors are those of LookupUser.
func supplement(rootfs string, to *container.ExecUser, groups []string) error {
	if len(groups) == 0 || slices.Contains(groups, keepGroups) {
		return nil
	}
	group, err := readInRoot(rootfs, "/etc/group")
	if err != nil {
		return err
	}
	gids, err := user.GetAdditionalGroups(unique(groups), bytes.NewReader(group))
	if err != nil {
		return classify(err)
	}
	addGroups(to, gids)
	return nil
}

// addGroups adds to a user's supplementary groups, which are in order.
func addGroups(to *container.ExecUser, gids []int) {
	for _, gid := range gids {
		to.Groups = append(to.Groups, uint32(gid))
	}
	slices.Sort(to.Groups)
	to.Groups = slices.Compact(to.Groups)
}

// nameOf is the name of the passwd entry the user came from.
func nameOf(passwd []byte, spec string, uid int) string {
	wanted, _, _ := strings.Cut(spec, ":")
	if _, err := strconv.Atoi(wanted); err != nil && wanted != "" {
		return wanted
	}
	users, err := user.ParsePasswdFilter(bytes.NewReader(passwd), func(u user.User) bool { return u.Uid == uid })
	if err != nil || len(users) == 0 {
		return ""
	}
	return users[0].Name
}

func unique(in []string) []string {
	in = slices.Clone(in)
	slices.Sort(in)
	return slices.Compact(in)
}

func classify(err error) error {
	if errors.Is(err, user.ErrNoPasswdEntries) || errors.Is(err, user.ErrNoGroupEntries) {
		return &classified{err: err, class: errdefs.ErrNotFound}
	}
	return &classified{err: err, class: errdefs.ErrInvalidArgument}
}

// classified keeps an error's words, which are part of the command line's
// contract, and adds its class.
type classified struct{ err, class error }

func (c *classified) Error() string   { return c.err.Error() }
func (c *classified) Unwrap() []error { return []error{c.err, c.class} }

func (w *writer) user(context.Context) error {
	if w.cfg.Imageless() {
		w.Spec.User = container.ExecUser{Home: "/"}
		return nil
	}
	found, name, err := LookupUser(w.Spec.Rootfs, w.cfg.User)
	if err != nil {
		return err
	}
	if err := supplement(w.Spec.Rootfs, &found, w.cfg.Groups); err != nil {
		return fmt.Errorf("looking up supplemental groups for container %s: %w", w.Container.ID, err)
	}
	w.Spec.User, w.userName = found, name
	return w.accounts()
}

// keepGroups asks the runtime not to replace the caller's groups; crun alone can.
func (w *writer) keepGroups(spec *specs.Spec) {
	if slices.Contains(w.cfg.Groups, keepGroups) {
		spec.Annotations["run.oci.keep_original_groups"] = "1"
		spec.Process.User.AdditionalGids = nil
	}
}

// containerRoot is the host's IDs of the container's root.
func (w *writer) containerRoot() (uid, gid int) {
	return onHost(w.Spec.UIDMappings, 0), onHost(w.Spec.GIDMappings, 0)
}

func onHost(maps []specs.LinuxIDMapping, id uint32) int {
	for _, m := range maps {
		if m.ContainerID <= id && id-m.ContainerID < m.Size {
			return int(m.HostID + id - m.ContainerID)
		}
	}
	return int(id)
}
