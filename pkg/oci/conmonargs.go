package oci

import (
	"fmt"
	"path/filepath"
)

// monitored is what the command lines for a container and for an exec session
// have in common.
type monitored struct {
	id, uuid, name, bundle          string
	pidFile, conmonPidFile, exitDir string
	terminal, stdin, systemdCgroup  bool
	preserveFDs                     int
}

// conmonArgs is the common part of conmon's command line.
func (r *Runtime) conmonArgs(m monitored) []string {
	args := []string{
		"--api-version", "1",
		"--cid", m.id,
		"--cuuid", m.uuid,
		"--name", m.name,
		"--runtime", r.cfg.RuntimePath,
		"--bundle", m.bundle,
		"--container-pidfile", m.pidFile,
		"--conmon-pidfile", m.conmonPidFile,
		"--exit-dir", m.exitDir,
		// The attach socket stays in the bundle, however long its path.
		"--full-attach",
		"--log-level", conmonLogLevel(r.cfg.LogLevel),
	}
	for _, arg := range append(r.globalArgs(), "--log-format", "json", "--log", filepath.Join(m.bundle, runtimeLogName)) {
		args = append(args, "--runtime-arg", arg)
	}
	if m.preserveFDs > 0 {
		args = append(args, "--runtime-opt", "--preserve-fds", "--runtime-opt", fmt.Sprint(m.preserveFDs))
	}
	if m.systemdCgroup {
		args = append(args, "--systemd-cgroup")
	}
	// With a terminal, standard input comes with it.
	switch {
	case m.terminal:
		args = append(args, "--terminal")
	case m.stdin:
		args = append(args, "--stdin")
	}
	return args
}

// exitCommandArgs makes conmon run the exit command with the given last
// arguments.
func (r *Runtime) exitCommandArgs(last []string) []string {
	if len(r.cfg.ExitCommand) == 0 {
		return nil
	}
	args := []string{"--exit-command", r.cfg.ExitCommand[0]}
	for _, arg := range append(r.cfg.ExitCommand[1:len(r.cfg.ExitCommand):len(r.cfg.ExitCommand)], last...) {
		args = append(args, "--exit-command-arg", arg)
	}
	return args
}

// conmonLogLevel turns a logrus level into one conmon accepts.
func conmonLogLevel(level string) string {
	switch level {
	case "trace", "debug", "info", "error":
		return level
	case "fatal", "panic":
		return "error"
	}
	return "warning"
}
