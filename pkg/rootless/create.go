package rootless

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/containers/storage/pkg/idtools"
	"github.com/containers/storage/pkg/reexec"
	"github.com/containers/storage/pkg/unshare"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/proc"
)

// pauseName is the name under which this program starts a pause process.
const pauseName = "podctl-pause"

// Register lets this program start pause processes; prepare is run in each new
// mount namespace before anything else is. main calls it before [reexec.Init].
func Register(prepare func() error) {
	reexec.Register(pauseName, func() { pause(prepare) })
}

// Arguments of a pause process.
const (
	program = 1 + iota // catatonit
	anew               // given if the namespaces are new
)

// Descriptors of a pause process that is being started.
const (
	readyFD = 3 // it writes a byte when it is in its namespaces
	goFD    = 4 // it goes on when a byte comes, and ends when none can
)

// pause is what a pause process does: it says that it is there, waits until it
// has been written down, and becomes catatonit.
func pause(prepare func() error) {
	if len(os.Args) > anew {
		// What it is for is said where it is missed.
		_ = prepare()
	}
	b := make([]byte, 1)
	if _, err := unix.Write(readyFD, b); err != nil {
		os.Exit(1)
	}
	if n, err := os.NewFile(goFD, "go").Read(b); n != 1 || err != nil {
		os.Exit(1)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		os.Exit(1)
	}
	for fd := range 3 {
		if err := unix.Dup3(int(null.Fd()), fd, 0); err != nil {
			os.Exit(1)
		}
	}
	unix.CloseOnExec(readyFD)
	unix.CloseOnExec(goFD)
	_ = os.Chdir("/") // it keeps no directory busy
	_ = syscall.Exec(os.Args[program], []string{"catatonit", "-P"}, nil)
	os.Exit(1)
}

// create makes the namespaces, with a pause process in them.
func create(cfg Config) (*namespaces, error) {
	uids, gids, err := mappings()
	if err != nil {
		return nil, err
	}
	cmd := unshare.Command(pauseName, cfg.PauseProgram, "new")
	cmd.UnshareFlags = unix.CLONE_NEWUSER | unix.CLONE_NEWNS
	cmd.UidMappings, cmd.UseNewuidmap = uids, true
	cmd.GidMappings, cmd.UseNewgidmap = gids, true
	cmd.GidMappingsEnableSetgroups = true
	cmd.Setsid = true // a ^C is not for it
	pid, err := startPause(cfg, cmd.Cmd, func() error {
		if err := cmd.Start(); err != nil {
			return err
		}
		return checkMapped(cmd.Process.Pid, uids)
	})
	if err != nil {
		return nil, err
	}
	return open(pid)
}

// pauseIn starts a pause process in namespaces that are there.
func pauseIn(cfg Config, ns *namespaces) error {
	cmd := reexec.Command(pauseName, cfg.PauseProgram)
	// After those of startPause.
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d,%d", joinVar, goFD+1, goFD+2))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	_, err := startPause(cfg, cmd, func() error {
		cmd.ExtraFiles = append(cmd.ExtraFiles, ns.user, ns.mount)
		return cmd.Start()
	})
	return err
}

// startPause starts a pause process, writes it down and lets it stay. Whoever is
// killed in here takes it along.
func startPause(cfg Config, cmd *exec.Cmd, start func() error) (pid int, err error) {
	readyR, readyW, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer readyR.Close()
	defer readyW.Close()
	goR, goW, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer goR.Close()
	defer goW.Close()
	said, saidW, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer said.Close()
	defer saidW.Close()
	cmd.Stderr = saidW
	cmd.ExtraFiles = []*os.File{readyW, goR}
	err = start()
	_ = saidW.Close()
	_ = readyW.Close()
	if err == nil {
		_, err = io.ReadFull(readyR, make([]byte, 1))
	}
	if err == nil {
		err = writeRecord(cfg.Dir, cmd.Process.Pid)
	}
	if err == nil {
		_, err = goW.Write([]byte{0})
	}
	if err != nil {
		if cmd.Process != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		return 0, refusal(err, said)
	}
	pid = cmd.Process.Pid
	return pid, cmd.Process.Release()
}

// refusal adds what the starting process said to the error, and the remedy where
// the kernel does not let users have namespaces.
func refusal(err error, said io.Reader) error {
	text, _ := io.ReadAll(io.LimitReader(said, 4096))
	words := strings.Join(strings.Fields(string(text)), " ")
	for _, knob := range []string{"/proc/sys/user/max_user_namespaces", "/proc/sys/kernel/unprivileged_userns_clone"} {
		if value, readErr := os.ReadFile(knob); readErr == nil && strings.TrimSpace(string(value)) == "0" {
			name := strings.ReplaceAll(strings.TrimPrefix(knob, "/proc/sys/"), "/", ".")
			return fmt.Errorf("this host lets no user make one: as root, set sysctl %s above 0: %w", name, errdefs.ErrUnavailable)
		}
	}
	if words != "" {
		return fmt.Errorf("%w (%s): %w", err, words, errdefs.ErrUnavailable)
	}
	return fmt.Errorf("%w: %w", err, errdefs.ErrUnavailable)
}

// mappings are the IDs of the user namespace: the user is 0, and the ranges the
// user was given follow.
func mappings() (uids, gids []specs.LinuxIDMapping, err error) {
	for _, program := range []string{"newuidmap", "newgidmap"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, nil, fmt.Errorf("%s, which maps the IDs of users, was not found: install the package uidmap: %w", program, errdefs.ErrUnavailable)
		}
	}
	name, _ := account()
	if name == "" {
		name = fmt.Sprint(os.Geteuid())
	}
	subs, err := idtools.NewIDMappings(name, name)
	if err != nil || len(subs.UIDs()) == 0 || len(subs.GIDs()) == 0 {
		return nil, nil, noRanges(name, err)
	}
	return inOrder(os.Geteuid(), subs.UIDs()), inOrder(os.Getegid(), subs.GIDs()), nil
}

func noRanges(name string, cause error) error {
	if cause == nil {
		cause = errors.New("none found")
	}
	return fmt.Errorf("user %s has no ranges of subordinate IDs in /etc/subuid and /etc/subgid (%w): as root, run usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s, with numbers no other user has: %w",
		name, cause, name, errdefs.ErrUnavailable)
}

// inOrder maps 0 to the user's own ID and what follows to the ranges.
func inOrder(own int, ranges []idtools.IDMap) []specs.LinuxIDMapping {
	maps := []specs.LinuxIDMapping{{ContainerID: 0, HostID: uint32(own), Size: 1}}
	next := uint32(1)
	for _, r := range ranges {
		maps = append(maps, specs.LinuxIDMapping{ContainerID: next, HostID: uint32(r.HostID), Size: uint32(r.Size)})
		next += uint32(r.Size)
	}
	return maps
}

// checkMapped makes sure that newuidmap did what it was asked. The library goes
// on with one ID where it did not, in which hardly any image can be unpacked.
func checkMapped(pid int, want []specs.LinuxIDMapping) error {
	uids, gids, err := unshare.GetHostIDMappings(fmt.Sprint(pid))
	if err != nil {
		return err
	}
	if len(uids) < len(want) || len(gids) < 2 {
		return fmt.Errorf("newuidmap or newgidmap did not map the ranges of /etc/subuid and /etc/subgid: check that both programs are setuid root (package uidmap) and that the ranges are right: %w", errdefs.ErrUnavailable)
	}
	return nil
}

// Paused reports whether a pause process is written down in dir and alive, and
// which: for reports.
func Paused(dir string) (proc.Process, bool) {
	p, err := readRecord(dir)
	return p, err == nil && p.Alive()
}
