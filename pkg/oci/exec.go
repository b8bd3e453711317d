package oci

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/errdefs"
)

// ExecOptions describes one more process in a running container. SessionID,
// ContainerID, Dir and Process are required.
type ExecOptions struct {
	SessionID, ContainerID string
	// Dir is the session's own directory, an absolute path: its conmon keeps
	// socket, fifo, pid files and exit file there. Made if it is not there;
	// removed by the caller.
	Dir string
	// Process as it would stand in config.json.
	Process *specs.Process
	// Stdin keeps a pipe to the process's standard input.
	Stdin bool
	// Attach connects streams and waits for the end; nil detaches at once.
	Attach *Streams
	// Started is called with the process's pid once it runs. An error from it
	// is returned in the end but ends nothing.
	Started func(pid int) error

	// Env is added to the environment of this conmon only.
	Env []string
	// PreserveFDs become descriptors 3, 4, ... of the process.
	PreserveFDs []*os.File
	// SystemdCgroup and CgroupOfConmon are as in [CreateOptions].
	SystemdCgroup  bool
	CgroupOfConmon func(pid int) error
	// ExtraExitArgs stand between Config.ExitCommand and the container's ID.
	ExtraExitArgs []string
	// NoExitCommand lets nothing run at the end.
	NoExitCommand bool
	// ExitDelay in seconds before the exit command runs, for others to read
	// the session's exit code.
	ExitDelay uint
}

// ExecResult is what became of an exec session, as far as Exec saw it.
type ExecResult struct {
	// PID and ConmonPID are 0 if the process never ran.
	PID, ConmonPID int
	// ExitCode is that of an attached session's process; -1 if it is not known.
	ExitCode int
}

// Exec runs one more process in a running container. With Attach it returns
// when the process has ended and its output is written, or with
// errdefs.ErrDetached when the user detached, after which the process goes on.
// Without it returns as soon as the process runs.
//
// The end of a detached session is read with [ExecExitStatus]. A process the
// OCI runtime could not run is a *CommandError.
func (r *Runtime) Exec(ctx context.Context, opts ExecOptions) (ExecResult, error) {
	result := ExecResult{ExitCode: -1}
	if opts.SessionID == "" || opts.ContainerID == "" || !filepath.IsAbs(opts.Dir) || opts.Process == nil {
		return result, fmt.Errorf("exec session %q of container %q in %q: %w",
			opts.SessionID, opts.ContainerID, opts.Dir, errdefs.ErrInvalidArgument)
	}
	if err := prepareExec(opts); err != nil {
		return result, err
	}
	result, err := r.exec(ctx, opts, result)
	if result.PID == 0 {
		err = attempted(err, "exec in container "+opts.ContainerID)
	}
	return result, err
}

// exec is Exec after its preparations.
func (r *Runtime) exec(ctx context.Context, opts ExecOptions, result ExecResult) (ExecResult, error) {
	// The bound is for the process to begin, not for its end.
	starting, cancel := r.bounded(ctx)
	defer cancel()
	m, err := r.spawn(starting, launch{
		id:            opts.ContainerID,
		args:          r.execArgs(opts),
		dir:           opts.Dir,
		env:           opts.Env,
		preserveFDs:   opts.PreserveFDs,
		attachPipe:    opts.Attach != nil,
		conmonPidFile: filepath.Join(opts.Dir, ConmonPidFileName),
		place:         opts.CgroupOfConmon,
	})
	if err != nil {
		return result, err
	}
	defer m.close()
	result.ConmonPID = m.pid
	var conn *net.UnixConn
	if opts.Attach != nil {
		if conn, err = m.execConnect(starting, opts); err == nil {
			defer conn.Close()
		}
	}
	if err == nil {
		result.PID, err = m.execStarted(starting, opts)
	}
	switch {
	case result.PID == 0:
		abandon(m.pid)
		return result, err
	case opts.Attach == nil:
		return result, err
	}
	cancel()
	return m.execAttached(ctx, conn, opts, result, err)
}

// execConnect connects before it lets conmon run the process, so that no output
// is lost.
func (m *monitor) execConnect(ctx context.Context, opts ExecOptions) (*net.UnixConn, error) {
	if err := m.awaitSocket(ctx); err != nil {
		return nil, err
	}
	conn, err := dialAttach(opts.Dir)
	if err != nil {
		return nil, err
	}
	if err := m.signalStart(); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// execAttached copies the streams of a process that runs until it ends. err is
// what went wrong on the way, and is returned with what goes wrong here.
func (m *monitor) execAttached(ctx context.Context, conn *net.UnixConn, opts ExecOptions, result ExecResult, err error) (ExecResult, error) {
	setInitialSize(result.PID, opts.Dir, opts.Attach.Resize)
	if streamErr := stream(ctx, conn, opts.Dir, *opts.Attach); streamErr != nil {
		return result, errors.Join(streamErr, err)
	}
	p, replyErr := m.reply(ctx)
	if replyErr != nil {
		return result, errors.Join(fmt.Errorf("read exit code of exec session %s: %w", opts.SessionID, replyErr), err)
	}
	result.ExitCode = p.value()
	return result, err
}

// awaitSocket waits until conmon says that its attach socket is there.
func (m *monitor) awaitSocket(ctx context.Context) error {
	defer interruptible(ctx, m.attach.ours)()
	p, err := readReply(ctx, bufio.NewReader(m.attach.ours))
	switch {
	case errors.Is(err, errdefs.ErrConmonDead):
		return m.died(err)
	case err != nil:
		return err
	case p.value() < 0:
		return m.failed(p)
	}
	return nil
}

// execStarted reads the process's pid and reports it. The pid is 0 only with an
// error.
func (m *monitor) execStarted(ctx context.Context, opts ExecOptions) (pid int, err error) {
	p, err := m.reply(ctx)
	switch {
	case errors.Is(err, errdefs.ErrConmonDead):
		return 0, m.died(err)
	case err != nil:
		return 0, fmt.Errorf("%s exec: %w", m.runtime.Name(), err)
	case p.value() <= 0:
		return 0, m.failed(p)
	}
	if opts.Started != nil {
		err = opts.Started(p.value())
	}
	return p.value(), err
}

// ExecExitStatus reads how a session ended from its directory; ok is false if
// it has not.
func ExecExitStatus(dir, containerID string) (exit Exit, ok bool, err error) {
	return ReadExitFile(filepath.Join(execExitDir(dir), containerID))
}

// execExitDir is a session's own: conmon names the exit file of a session
// after its container.
func execExitDir(dir string) string { return filepath.Join(dir, "exit") }

func processPath(dir string) string { return filepath.Join(dir, "process.json") }

func prepareExec(opts ExecOptions) error {
	if err := os.MkdirAll(execExitDir(opts.Dir), 0o700); err != nil {
		return fmt.Errorf("make directory of exec session %s: %w", opts.SessionID, err)
	}
	err := removeRemains(opts.Dir, filepath.Join(opts.Dir, PidFileName), filepath.Join(opts.Dir, ConmonPidFileName))
	if err != nil {
		return err
	}
	process, err := json.Marshal(opts.Process)
	if err != nil {
		return fmt.Errorf("encode process of exec session %s: %w", opts.SessionID, err)
	}
	// The environment may hold secrets.
	if err := os.WriteFile(processPath(opts.Dir), process, 0o600); err != nil {
		return fmt.Errorf("write process of exec session %s: %w", opts.SessionID, err)
	}
	return nil
}

// execArgs is conmon's command line for an exec session.
func (r *Runtime) execArgs(o ExecOptions) []string {
	args := r.conmonArgs(monitored{
		id: o.ContainerID, uuid: o.SessionID, name: o.SessionID, bundle: o.Dir,
		pidFile:       filepath.Join(o.Dir, PidFileName),
		conmonPidFile: filepath.Join(o.Dir, ConmonPidFileName),
		exitDir:       execExitDir(o.Dir),
		terminal:      o.Process.Terminal,
		stdin:         o.Stdin,
		preserveFDs:   len(o.PreserveFDs),
		systemdCgroup: o.SystemdCgroup,
	})
	args = append(args, "--exec", "--exec-process-spec", processPath(o.Dir), "--log-path", LogNone)
	if o.Attach != nil {
		args = append(args, "--exec-attach")
	}
	if !o.NoExitCommand {
		if o.ExitDelay > 0 {
			args = append(args, "--exit-delay", strconv.FormatUint(uint64(o.ExitDelay), 10))
		}
		args = append(args, r.exitCommandArgs(slices.Concat(o.ExtraExitArgs, []string{o.ContainerID}))...)
	}
	return args
}
