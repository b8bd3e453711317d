package oci

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/relief"
)

// Names of the files in a bundle, or a session's directory, into which conmon
// writes its own pid and that of the process.
const (
	ConmonPidFileName = "conmon.pid"
	PidFileName       = "pidfile"
)

// Names of other files in a bundle.
const (
	runtimeLogName   = "oci-log"
	attachSocketName = "attach"
	controlFifoName  = "ctl"
)

// Log drivers conmon knows.
const (
	LogK8sFile     = "k8s-file"
	LogJournald    = "journald"
	LogNone        = "none"
	LogPassthrough = "passthrough"
)

// CreateOptions says how conmon is to watch a container. ID, Name and Bundle
// are required.
type CreateOptions struct {
	ID, Name string
	// Bundle is the absolute path of the directory with config.json.
	Bundle string

	// LogDriver is one of the Log constants; empty is LogNone.
	LogDriver string
	// LogPath is required for LogK8sFile.
	LogPath string
	// LogSizeMax in bytes; 0 or less: no limit.
	LogSizeMax int64
	LogTag     string

	// PidFile receives the container's pid, ConmonPidFile conmon's. Empty: a
	// file in the bundle.
	PidFile, ConmonPidFile string

	// Terminal must be what config.json says of the process.
	Terminal bool
	// Stdin keeps a pipe to the container's standard input.
	Stdin bool
	// LeaveStdinOpen keeps that pipe open when an attached client is done.
	LeaveStdinOpen bool

	// Timeout in seconds after which conmon kills the container; 0: never.
	Timeout uint
	// SdNotifySocket is the host's notify socket conmon relays to.
	SdNotifySocket string
	// Env is added to the environment of this conmon only.
	Env []string
	// PreserveFDs become descriptors 3, 4, ... of the container's process. They
	// are not closed here.
	PreserveFDs []*os.File
	// Held are descriptors conmon keeps open as long as it lives, and gives to
	// nobody: sockets that reserve the host's ports. They are not closed here.
	Held []*os.File

	// Stdio are the container's standard input, output and error with
	// LogPassthrough; conmon keeps them open as long as it lives.
	Stdio [3]*os.File

	// SystemdCgroup makes the OCI runtime ask systemd for the cgroup: the
	// bundle's cgroupsPath is then slice:prefix:name.
	SystemdCgroup bool
	// NoCgroup keeps the OCI runtime from making a cgroup for the container.
	NoCgroup bool

	// CgroupOfConmon is called with conmon's pid before conmon starts anything:
	// the place to move it to its cgroup. An error ends the create.
	CgroupOfConmon func(pid int) error

	// ExtraExitArgs stand between Config.ExitCommand and the ID.
	ExtraExitArgs []string
	// NoExitCommand lets nothing run at the end.
	NoExitCommand bool
}

// Created names the processes of a created container.
type Created struct {
	// PID is the container's first process, waiting to be started.
	PID int
	// ConmonPID is 0 if conmon did not say.
	ConmonPID int
}

// Create starts conmon, which has the OCI runtime create the container, and
// returns when the container waits to be started. Not idempotent: remains of an
// earlier try are to be removed first with a forced [Runtime.Delete].
//
// On error no conmon of this call goes on and nothing was started; the OCI
// runtime may know a half-made container, which a forced Delete removes. What
// the OCI runtime refused is a *CommandError; a conmon that died is
// errdefs.ErrConmonDead.
func (r *Runtime) Create(ctx context.Context, opts CreateOptions) (Created, error) {
	opts, err := opts.complete()
	if err != nil {
		return Created{}, err
	}
	if err := r.prepareCreate(opts); err != nil {
		return Created{}, err
	}
	created, err := r.create(ctx, opts)
	return created, attempted(err, "create container "+opts.ID)
}

// attempted says of an error what was attempted. What the OCI runtime refused is
// left in its own words, which say it.
func attempted(err error, what string) error {
	var refused *CommandError
	if err == nil || errors.As(err, &refused) && !errors.Is(err, errdefs.ErrConmonDead) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

// create is Create after its preparations.
func (r *Runtime) create(ctx context.Context, opts CreateOptions) (Created, error) {
	ctx, cancel := r.bounded(ctx)
	defer cancel()
	m, err := r.spawn(ctx, launch{
		id:            opts.ID,
		args:          r.createArgs(opts),
		dir:           opts.Bundle,
		env:           opts.Env,
		preserveFDs:   opts.PreserveFDs,
		held:          opts.Held,
		stdio:         opts.Stdio,
		conmonPidFile: opts.ConmonPidFile,
		place:         opts.CgroupOfConmon,
	})
	if err != nil {
		return Created{}, err
	}
	defer m.close()
	p, err := m.reply(ctx)
	switch {
	case ctx.Err() != nil:
		abandon(m.pid)
		return Created{}, fmt.Errorf("%s create: %w", r.Name(), context.Cause(ctx))
	case errors.Is(err, errdefs.ErrConmonDead):
		return Created{}, m.died(err)
	case err != nil:
		return Created{}, err
	case p.value() <= 0:
		return Created{}, m.failed(p)
	}
	return Created{PID: p.value(), ConmonPID: m.pid}, nil
}

// complete checks the options and fills in the defaults.
func (o CreateOptions) complete() (CreateOptions, error) {
	if o.ID == "" || o.Name == "" || !filepath.IsAbs(o.Bundle) {
		return o, fmt.Errorf("container %q named %q in bundle %q: %w", o.ID, o.Name, o.Bundle, errdefs.ErrInvalidArgument)
	}
	if o.LogDriver == LogK8sFile && o.LogPath == "" {
		return o, fmt.Errorf("log driver %s without a path: %w", o.LogDriver, errdefs.ErrInvalidArgument)
	}
	if o.LogDriver != LogPassthrough && o.Stdio != [3]*os.File{} {
		return o, fmt.Errorf("streams for log driver %q: %w", o.LogDriver, errdefs.ErrInvalidArgument)
	}
	if o.PidFile == "" {
		o.PidFile = filepath.Join(o.Bundle, PidFileName)
	}
	if o.ConmonPidFile == "" {
		o.ConmonPidFile = filepath.Join(o.Bundle, ConmonPidFileName)
	}
	return o, nil
}

// prepareCreate makes the directories conmon writes to and removes what an
// earlier conmon left in the bundle: conmon does not replace a fifo or socket,
// and an old pid file would name a stranger.
func (r *Runtime) prepareCreate(o CreateOptions) error {
	dirs := []string{r.cfg.ExitDir, r.cfg.RuntimeRoot}
	if r.cfg.PersistDir != "" {
		dirs = append(dirs, r.persistDir(o.ID))
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make directory for container %s: %w", o.ID, err)
		}
	}
	return removeRemains(o.Bundle, o.PidFile, o.ConmonPidFile)
}

func removeRemains(bundle string, paths ...string) error {
	for _, name := range []string{runtimeLogName, attachSocketName, controlFifoName, "winsz", presenceName} {
		paths = append(paths, filepath.Join(bundle, name))
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove remains of an earlier conmon: %w", err)
		}
	}
	return nil
}

// createArgs is conmon's command line for a container.
func (r *Runtime) createArgs(o CreateOptions) []string {
	args := r.conmonArgs(monitored{
		id: o.ID, uuid: o.ID, name: o.Name, bundle: o.Bundle,
		pidFile: o.PidFile, conmonPidFile: o.ConmonPidFile, exitDir: r.cfg.ExitDir,
		terminal: o.Terminal, stdin: o.Stdin, preserveFDs: len(o.PreserveFDs), systemdCgroup: o.SystemdCgroup,
	})
	if r.cfg.PersistDir != "" {
		args = append(args, "--persist-dir", r.persistDir(o.ID))
	}
	if o.LeaveStdinOpen {
		args = append(args, "--leave-stdin-open")
	}
	if o.NoCgroup && r.Name() == "crun" {
		// runc makes none that config.json does not name.
		args = append(args, "--runtime-arg", "--cgroup-manager=disabled")
	}
	if r.cfg.NoPivot {
		args = append(args, "--no-pivot")
	}
	if !r.cfg.Keyring {
		args = append(args, "--no-new-keyring")
	}
	if o.Timeout > 0 {
		args = append(args, "--timeout", strconv.FormatUint(uint64(o.Timeout), 10))
	}
	if o.SdNotifySocket != "" {
		args = append(args, "--sdnotify-socket", o.SdNotifySocket)
	}
	args = append(args, logArgs(o)...)
	if !o.NoExitCommand {
		last := slices.Clone(o.ExtraExitArgs)
		if r.cfg.PersistDir != "" {
			last = append(last, relief.Flag, r.reliefFile(o.ID))
		}
		args = append(args, r.exitCommandArgs(append(last, o.ID))...)
	}
	return args
}

func logArgs(o CreateOptions) []string {
	path := o.LogDriver
	switch o.LogDriver {
	case LogK8sFile:
		path += ":" + o.LogPath
	case "":
		path = LogNone
	}
	args := []string{"--log-path", path}
	if o.LogSizeMax > 0 {
		args = append(args, "--log-size-max", strconv.FormatInt(o.LogSizeMax, 10))
	}
	if o.LogTag != "" {
		args = append(args, "--log-tag", o.LogTag)
	}
	return args
}
