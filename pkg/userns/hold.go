package userns

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// Held is a user namespace held by a process.
type Held struct {
	cmd   *exec.Cmd
	stdin io.Closer
}

// New makes a user namespace with these ranges and, if asked to, a network
// namespace that belongs to it. The kernel's refusal is of class
// ErrInvalidArgument: it is the ranges that it does not like, or ErrUnavailable
// where it lets nobody make user namespaces.
func New(maps *container.IDMappings, withNet bool) (*Held, error) {
	// cat waits for an end of input that comes with podctl's own.
	cmd := exec.Command("cat")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER, UidMappings: toSyscall(maps.UID), GidMappings: toSyscall(maps.GID),
		GidMappingsEnableSetgroups: true,
	}
	if withNet {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET
	}
	h, err := start(cmd)
	switch {
	case err == nil:
		return h, nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EACCES), errors.Is(err, exec.ErrNotFound):
		err = fmt.Errorf("%w: %w", err, errdefs.ErrUnavailable)
	default:
		err = fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	return nil, fmt.Errorf("make user namespace with UIDs %s and GIDs %s: %w", maps.UID, maps.GID, err)
}

func toSyscall(maps []container.IDMap) (out []syscall.SysProcIDMap) {
	for _, m := range maps {
		out = append(out, syscall.SysProcIDMap{ContainerID: int(m.ContainerID), HostID: int(m.HostID), Size: int(m.Size)})
	}
	return out
}

// Join holds a user namespace that there is at path and, if asked to, makes a
// network namespace that belongs to it. Errors: class ErrNotFound without the
// namespace, ErrUnavailable without nsenter and unshare of util-linux.
func Join(path string, withNet bool) (*Held, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("join user namespace: %w: %w", err, errdefs.ErrNotFound)
	}
	// Only a process of one thread may change its user namespace: not podctl.
	args := []string{"--user=" + path, "--"}
	if withNet {
		args = append(args, "unshare", "--net", "--")
	}
	cmd := exec.Command("nsenter", append(args, "sh", "-c", "echo; exec cat")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("join user namespace %s: %w", path, err)
	}
	h, err := start(cmd)
	if errors.Is(err, exec.ErrNotFound) {
		err = fmt.Errorf("%w: install util-linux: %w", err, errdefs.ErrUnavailable)
	}
	if err != nil {
		return nil, fmt.Errorf("join user namespace %s: %w", path, err)
	}
	if _, err := bufio.NewReader(out).ReadByte(); err != nil { // it is in there once it speaks
		h.Release()
		return nil, fmt.Errorf("join user namespace %s: %s: %w", path, strings.TrimSpace(stderr.String()), errdefs.ErrInvalidArgument)
	}
	return h, nil
}

func start(cmd *exec.Cmd) (*Held, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return &Held{cmd: cmd, stdin: in}, nil
}

// Release ends the process. The namespaces live on while others are in them, or
// something is mounted on them. For nil it does nothing.
func (h *Held) Release() {
	if h == nil {
		return
	}
	_ = h.stdin.Close()      // a pipe: nothing was written
	_ = h.cmd.Process.Kill() // nothing is lost with it
	_ = h.cmd.Wait()         // it was killed
}

// UserNS and NetNS are the namespaces' paths until Release.
func (h *Held) UserNS() string { return h.path("user") }
func (h *Held) NetNS() string  { return h.path("net") }

func (h *Held) path(kind string) string {
	return fmt.Sprintf("/proc/%d/ns/%s", h.cmd.Process.Pid, kind)
}

// Mappings are the namespace's ranges, as podctl sees the IDs.
func (h *Held) Mappings() (*container.IDMappings, error) {
	uids, err := ReadMap(fmt.Sprintf("/proc/%d/uid_map", h.cmd.Process.Pid))
	if err != nil {
		return nil, err
	}
	gids, err := ReadMap(fmt.Sprintf("/proc/%d/gid_map", h.cmd.Process.Pid))
	return &container.IDMappings{UID: uids, GID: gids}, err
}
