package oci

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// firstFreeFD is the first descriptor after the standard ones.
const firstFreeFD = 3

// launch is one start of conmon.
type launch struct {
	// id is the container's.
	id   string
	args []string
	// dir is the bundle: conmon writes files into its working directory.
	dir string
	env []string
	// preserveFDs are passed on as descriptors 3, 4, ... for the container.
	preserveFDs []*os.File
	// held are kept open by conmon itself.
	held []*os.File
	// stdio are conmon's standard streams; nil is /dev/null.
	stdio [3]*os.File
	// attachPipe asks for the third pipe, on which conmon says that its attach
	// socket is ready.
	attachPipe    bool
	conmonPidFile string
	// place is called with conmon's pid before conmon does anything.
	place func(pid int) error
}

// monitor is a started conmon and our ends of its pipes.
type monitor struct {
	runtime *Runtime
	args    []string
	bundle  string
	pid     int
	sync    pipe
	start   pipe
	attach  pipe
	replies *bufio.Reader
	// words is what conmon wrote to its standard error; nil if that is not ours.
	words *os.File
}

// spawn starts conmon, has it placed in its cgroup and lets it go. conmon then
// forks; the first process exits and the second one stays. The caller closes
// the monitor.
func (r *Runtime) spawn(ctx context.Context, l launch) (_ *monitor, err error) {
	m := &monitor{runtime: r, args: l.args, bundle: l.dir}
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	if err := m.openPipes(l.attachPipe); err != nil {
		return nil, err
	}
	if err := sealDescriptors(); err != nil {
		return nil, err
	}
	present, err := announce(l.dir)
	if err != nil {
		return nil, err
	}
	defer present.Close() // conmon has its own copy by then
	l.held = append(slices.Clone(l.held), present)
	m.words = notepad()
	cmd := m.command(l)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start conmon: %w", errors.Join(err, errdefs.ErrUnavailable))
	}
	m.closeChildEnds()
	// Until it is let go conmon is one process that has done nothing.
	end := func() { _ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL) } // it may be a script that waits for the real one
	stop := context.AfterFunc(ctx, end)
	err = m.letGo(cmd.Process.Pid, l.place)
	if err != nil {
		end()
	}
	waitErr := cmd.Wait()
	stop()
	switch {
	case ctx.Err() != nil:
		abandon(readPid(l.conmonPidFile))
		return nil, fmt.Errorf("start conmon: %w", context.Cause(ctx))
	case waitErr != nil && (err == nil || errors.Is(err, unix.EPIPE)):
		return nil, m.died(waitErr)
	case err != nil:
		return nil, err
	}
	m.pid = readPid(l.conmonPidFile)
	return m, nil
}

func (m *monitor) openPipes(attach bool) (err error) {
	if m.sync, err = childWrites("sync"); err != nil {
		return err
	}
	m.replies = bufio.NewReader(m.sync.ours)
	if m.start, err = childReads("start"); err != nil {
		return err
	}
	if attach {
		m.attach, err = childWrites("attach")
	}
	return err
}

// command is conmon's command line with its descriptors: first those for the
// container, which expects them from 3 on, then the pipes.
func (m *monitor) command(l launch) *exec.Cmd {
	cmd := exec.Command(m.runtime.cfg.ConmonPath, l.args...)
	cmd.Dir = l.dir
	cmd.ExtraFiles = slices.Clone(l.preserveFDs)
	env := slices.Clone(l.env)
	pass := func(name string, file *os.File) {
		if file != nil {
			env = append(env, fmt.Sprintf("%s=%d", name, firstFreeFD+len(cmd.ExtraFiles)))
			cmd.ExtraFiles = append(cmd.ExtraFiles, file)
		}
	}
	pass("_OCI_SYNCPIPE", m.sync.child)
	pass("_OCI_STARTPIPE", m.start.child)
	pass("_OCI_ATTACHPIPE", m.attach.child)
	cmd.ExtraFiles = append(cmd.ExtraFiles, l.held...)
	cmd.Env = m.runtime.environ(l.id, env...)
	// Neither a ^C at our terminal nor its end may reach conmon. It calls
	// setsid itself, but only after it was let go.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// Set only if there is one: a nil file in an interface is not nil.
	if l.stdio[0] != nil {
		cmd.Stdin = l.stdio[0]
	}
	if l.stdio[1] != nil {
		cmd.Stdout = l.stdio[1]
	}
	switch {
	case l.stdio[2] != nil:
		cmd.Stderr = l.stdio[2]
	case m.words != nil:
		cmd.Stderr = m.words
	}
	return cmd
}

func (m *monitor) letGo(pid int, place func(int) error) error {
	if place != nil {
		if err := place(pid); err != nil {
			return fmt.Errorf("place conmon in its cgroup: %w", err)
		}
	}
	return m.signalStart()
}

// signalStart writes what conmon waits for on the start pipe.
func (m *monitor) signalStart() error {
	if _, err := m.start.ours.Write([]byte{0}); err != nil {
		return fmt.Errorf("let conmon go: %w", err)
	}
	return nil
}

// reply is one line from conmon: API version 1 says data, older ones say pid
// and, for the end of an exec session, exit_code.
type reply struct {
	Data     *int   `json:"data"`
	Pid      *int   `json:"pid"`
	ExitCode *int   `json:"exit_code"`
	Message  string `json:"message"`
}

func (p reply) value() int {
	for _, v := range []*int{p.Data, p.Pid, p.ExitCode} {
		if v != nil {
			return *v
		}
	}
	return -1
}

// reply reads conmon's next line on the sync pipe. conmon being gone is
// errdefs.ErrConmonDead.
func (m *monitor) reply(ctx context.Context) (reply, error) {
	defer interruptible(ctx, m.sync.ours)()
	return readReply(ctx, m.replies)
}

func readReply(ctx context.Context, from *bufio.Reader) (reply, error) {
	line, err := from.ReadString('\n')
	switch {
	case ctx.Err() != nil:
		return reply{}, context.Cause(ctx)
	case errors.Is(err, io.EOF) && strings.TrimSpace(line) == "":
		return reply{}, errdefs.ErrConmonDead
	case err != nil && !errors.Is(err, io.EOF):
		return reply{}, fmt.Errorf("read from conmon: %w", err)
	}
	var p reply
	if err := json.Unmarshal([]byte(line), &p); err != nil {
		return reply{}, fmt.Errorf("read from conmon %q: %w", oneLine(line), err)
	}
	return p, nil
}

// failed is the error for a reply that says that the OCI runtime failed.
func (m *monitor) failed(p reply) error {
	failure := m.refusal()
	if failure == nil {
		failure = classify(m.runtime.Name(), p.Message)
		failure.Args = m.args
	}
	if v := p.value(); v < -1 {
		failure.ExitStatus = -v
	}
	return failure
}

// died is the error for a conmon that ended before it answered. With some log
// drivers that is all it does when the OCI runtime failed, so the runtime's log
// is asked first.
func (m *monitor) died(err error) error {
	if failure := m.refusal(); failure != nil {
		return failure
	}
	failure := &CommandError{
		Program: filepath.Base(m.runtime.cfg.ConmonPath), Message: oneLine(err.Error()),
		Args: m.args, ExitStatus: -1, Class: errdefs.ErrConmonDead,
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		failure.ExitStatus = exit.ExitCode()
	}
	if errors.Is(err, errdefs.ErrConmonDead) {
		failure.Message = "no answer"
	}
	if said := m.said(); said != "" {
		failure.Message += ": " + said
	}
	return failure
}

// notepadSize is how much of conmon's standard error is kept.
const notepadSize = 4096

// notepad makes a file in memory for conmon's standard error, nil if that cannot
// be. A pipe would break when we end, and any other file grow as long as the
// container runs: this one does neither.
func notepad() *os.File {
	fd, err := unix.MemfdCreate("conmon-stderr", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil
	}
	err = unix.Ftruncate(fd, notepadSize)
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL)
	}
	if err != nil {
		unix.Close(fd)
		return nil
	}
	return os.NewFile(uintptr(fd), "conmon-stderr")
}

// said is what conmon wrote to its standard error, on one line.
func (m *monitor) said() string {
	if m.words == nil {
		return ""
	}
	text := make([]byte, notepadSize)
	n, _ := m.words.ReadAt(text, 0) // nothing read is nothing said
	return oneLine(strings.ReplaceAll(string(text[:n]), "\x00", " "))
}

// refusal is the error the OCI runtime logged; nil if it logged none. Its log
// has the reason alone and whole, unlike what conmon relays.
func (m *monitor) refusal() *CommandError {
	log, _ := os.ReadFile(m.logPath()) // no log says as little as an empty one
	if !severeIn(string(log)) {
		return nil
	}
	failure := classify(m.runtime.Name(), string(log))
	failure.Args = m.args
	return failure
}

func (m *monitor) logPath() string { return filepath.Join(m.bundle, runtimeLogName) }

func (m *monitor) closeChildEnds() {
	m.sync.closeChild()
	m.start.closeChild()
	m.attach.closeChild()
}

func (m *monitor) close() {
	m.sync.close()
	m.start.close()
	m.attach.close()
	if m.words != nil {
		m.words.Close()
	}
}

// readPid reads a pid file; 0 if there is none.
func readPid(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 0 {
		return 0
	}
	return pid
}
