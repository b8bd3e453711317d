package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/containers/psgo"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/store"
)

// defaultDescriptors are the columns of top where none are asked for.
func defaultDescriptors() []string {
	return []string{"user", "pid", "ppid", "pcpu", "etime", "tty", "time", "args"}
}

// TopDescriptors are the names of all columns top knows, sorted.
func TopDescriptors() []string { return psgo.ListDescriptors() }

// TopContainer lists the processes of a running container: rows of columns, the
// header first. Arguments that name no columns are given to ps, the container's
// or else the host's; the rows have one column then, the line ps wrote. Errors:
// class ErrInvalidState for a container that does not run.
func (r *Runtime) TopContainer(ctx context.Context, id string, args []string) ([][]string, error) {
	c, err := r.container(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := container.Check(container.OpTop, id, c.State); err != nil {
		return nil, err
	}
	pid := strconv.Itoa(c.Runtime.Process.PID)
	rows, err := psgo.JoinNamespaceAndProcessInfo(pid, descriptors(args))
	if !errors.Is(err, psgo.ErrUnknownDescriptor) {
		return rows, describeTop(err)
	}
	if len(args) == 1 {
		args = strings.Fields(args[0])
	}
	lines, err := r.psInside(ctx, id, args)
	if errors.Is(err, errdefs.ErrOCICommandNotFound) {
		lines, err = psOnHost(ctx, pid, args)
	}
	for _, line := range lines {
		rows = append(rows, []string{line})
	}
	return rows, err
}

// TopPod lists the processes of a pod's running containers; those that share a PID
// namespace have one list. Nothing running is no row at all. Errors: class
// ErrInvalidArgument for an unknown column.
func (r *Runtime) TopPod(ctx context.Context, podID string, args []string) ([][]string, error) {
	var members []*container.Container
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		members, err = tx.PodContainers(ctx, podID)
		return err
	})
	if err != nil {
		return nil, err
	}
	var pids []string
	for _, c := range members {
		if r.observe(c); c.State == container.Running {
			pids = append(pids, strconv.Itoa(c.Runtime.Process.PID))
		}
	}
	if len(pids) == 0 {
		return nil, nil
	}
	rows, err := psgo.JoinNamespaceAndProcessInfoByPids(pids, descriptors(args))
	return rows, describeTop(err)
}

// descriptors takes separate words and comma lists.
func descriptors(args []string) (list []string) {
	for _, arg := range args {
		for name := range strings.SplitSeq(arg, ",") {
			if name = strings.TrimSpace(name); name != "" {
				list = append(list, name)
			}
		}
	}
	if len(list) == 0 {
		return defaultDescriptors()
	}
	return list
}

func describeTop(err error) error {
	if errors.Is(err, psgo.ErrUnknownDescriptor) {
		return &topError{err}
	}
	if err != nil {
		return fmt.Errorf("list processes: %w", err)
	}
	return nil
}

// topError keeps the words of an unknown column and adds its class.
type topError struct{ err error }

func (e *topError) Error() string   { return e.err.Error() }
func (e *topError) Unwrap() []error { return []error{e.err, errdefs.ErrInvalidArgument} }

// psInside runs the container's own ps.
func (r *Runtime) psInside(ctx context.Context, id string, args []string) ([]string, error) {
	var stdout, stderr bytes.Buffer
	none := ""
	result, err := r.ExecContainer(ctx, id, ExecOptions{
		Command: append([]string{"ps"}, args...), NoSession: true,
		Attach: AttachOptions{Stdout: &stdout, Stderr: &stderr, DetachKeys: &none},
	})
	if err != nil {
		return nil, err
	}
	if result.ExitCode != 0 {
		return nil, fmt.Errorf("ps in container %s: exit code %d: %s: %w", id, result.ExitCode, strings.TrimSpace(stderr.String()), errdefs.ErrInvalidArg)
	}
	return withoutCommand(splitLines(stdout.String()), append([]string{"ps"}, args...)), nil
}

// withoutCommand leaves out the last line that ends in the command: it is about the
// process that made the list.
func withoutCommand(lines, command []string) []string {
	text := " " + strings.Join(command, " ")
	for i := len(lines) - 1; i > 0; i-- {
		if strings.HasSuffix(lines[i], text) {
			return slices.Delete(lines, i, i+1)
		}
	}
	return lines
}

// psOnHost runs the host's ps and keeps the lines of the container's processes.
func psOnHost(ctx context.Context, pid string, args []string) ([]string, error) {
	own, err := psgo.JoinNamespaceAndProcessInfo(pid, []string{"hpid"})
	if err != nil {
		return nil, describeTop(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "ps", args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %s: %w", strings.TrimSpace(stderr.String()), err)
	}
	return linesOf(splitLines(string(out)), own)
}

// linesOf keeps the header and the lines whose PID is one of pids.
func linesOf(lines []string, pids [][]string) ([]string, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	column := slices.Index(strings.Fields(lines[0]), "PID")
	if column < 0 {
		return nil, fmt.Errorf("output of ps has no column PID to tell the container's processes by: %w", errdefs.ErrInvalidArg)
	}
	kept := lines[:1:1]
	for _, line := range lines[1:] {
		fields := strings.Fields(line)
		if column < len(fields) && slices.ContainsFunc(pids, func(row []string) bool { return row[0] == fields[column] }) {
			kept = append(kept, line)
		}
	}
	return kept, nil
}

func splitLines(text string) []string {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
