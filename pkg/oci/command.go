package oci

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	goruntime "runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// globalArgs stand before every subcommand of the OCI runtime.
func (r *Runtime) globalArgs() []string {
	return slices.Concat([]string{"--root", r.cfg.RuntimeRoot}, r.cfg.RuntimeFlags)
}

// command runs the OCI runtime, for the container id, and returns what it wrote to
// standard output.
// A failure is a *CommandError, or the context's error if that ended it.
func (r *Runtime) command(ctx context.Context, id string, stdin io.Reader, args ...string) ([]byte, error) {
	return r.run(ctx, id, stdin, append(r.globalArgs(), args...))
}

func (r *Runtime) run(ctx context.Context, id string, stdin io.Reader, args []string) ([]byte, error) {
	ctx, cancel := r.bounded(ctx)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, r.cfg.RuntimePath, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	cmd.Env = r.environ(id)
	// A ^C at the terminal goes to its whole process group. Whether it ends
	// this step is the context's decision, so the program must not get it.
	// If we are killed it goes too, so that whoever comes next finds nobody at
	// work. The kernel takes the end of the thread for ours: that stays with us.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) } // the runtime may be a script that waits for the real one
	// What the OCI runtime leaves behind may hold its standard error open.
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return stdout.Bytes(), nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s %s: %w", r.Name(), r.subcommand(args), context.Cause(ctx))
	}
	return nil, r.commandError(args, stderr.String(), err)
}

// subcommand is what the OCI runtime is told to do with args.
func (r *Runtime) subcommand(args []string) string {
	if global := len(r.globalArgs()); len(args) > global {
		return args[global]
	}
	return strings.Join(args, " ")
}

// commandError is the error of an OCI runtime that could not be run or failed.
func (r *Runtime) commandError(args []string, output string, err error) *CommandError {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		// It never ran: this says nothing about the container's command.
		return &CommandError{
			Program: r.Name(), Message: oneLine(err.Error()),
			Args: args, ExitStatus: -1, Class: errdefs.ErrOCIRuntime,
		}
	}
	if output == "" {
		output = err.Error()
	}
	failure := classify(r.Name(), output)
	failure.Args, failure.ExitStatus = args, exit.ExitCode()
	return failure
}
