package oci

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Start lets the process of a created container run. Not idempotent.
func (r *Runtime) Start(ctx context.Context, id string) error {
	if started, err := r.startLikeRunc(ctx, id); started {
		return err
	}
	_, err := r.command(ctx, id, nil, "start", id)
	return err
}

// KillOptions refines [Runtime.Kill].
type KillOptions struct {
	// All sends the signal to every process of the container, not only to its
	// first. Needed where the container has no PID namespace of its own.
	All bool
}

// Kill sends a signal to a container. A container without a running process
// is errdefs.ErrCtrStopped, one the OCI runtime does not know is
// errdefs.ErrNoSuchCtr: for most callers both mean the work is done.
func (r *Runtime) Kill(ctx context.Context, id string, signal unix.Signal, opts KillOptions) error {
	args := []string{"kill"}
	if opts.All {
		args = append(args, "--all")
	}
	_, err := r.command(ctx, id, nil, append(args, id, fmt.Sprint(int(signal)))...)
	if err == nil || ctx.Err() != nil {
		return err
	}
	// The runtimes word "too late" in many ways; the state is said in one.
	state, stateErr := r.State(ctx, id)
	switch {
	case errors.Is(stateErr, errdefs.ErrNoSuchCtr):
		return stateErr
	case stateErr == nil && state.Status == specs.StateStopped:
		return fmt.Errorf("send signal %d to container %s: %w", int(signal), id, errdefs.ErrCtrStopped)
	}
	return err
}

// pauseTries is how often a container is frozen anew that did not freeze in time.
const pauseTries = 5

// Pause freezes all processes of a running container. On cgroup version 1 each of
// them has to be run to be frozen; runc waits for that 200 milliseconds and thaws
// them again, which on a busy host is too short.
func (r *Runtime) Pause(ctx context.Context, id string) (err error) {
	for range pauseTries {
		_, err = r.command(ctx, id, nil, "pause", id)
		var failed *CommandError
		if !errors.As(err, &failed) || failed.Message != "unable to freeze" {
			break
		}
	}
	return err
}

// Resume lets the processes of a paused container run again.
func (r *Runtime) Resume(ctx context.Context, id string) error {
	_, err := r.command(ctx, id, nil, "resume", id)
	return err
}

// DeleteOptions refines [Runtime.Delete].
type DeleteOptions struct {
	// Force kills what still runs. Without it a running container is an error.
	Force bool
}

// Delete removes what the OCI runtime keeps of a container, the half-made
// remains of a killed create included. Idempotent: a container the runtime does
// not know is success.
func (r *Runtime) Delete(ctx context.Context, id string, opts DeleteOptions) error {
	if r.deleteLikeRunc(id) {
		return nil
	}
	args := []string{"delete"}
	if opts.Force {
		args = append(args, "--force")
	}
	_, err := r.command(ctx, id, nil, append(args, id)...)
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		if _, stateErr := r.State(ctx, id); !errors.Is(stateErr, errdefs.ErrNoSuchCtr) {
			return err
		}
	}
	return r.removeRecord(id)
}

// removeRecord removes the directory of a container the OCI runtime has deleted.
// It cannot do so itself if it was killed at exec or create: runc binds its own
// program to a file in there for a moment, to run it from a mount that is read-only.
func (r *Runtime) removeRecord(id string) error {
	if r.cfg.RuntimeRoot == "" || id == "" {
		return nil
	}
	dir := filepath.Join(r.cfg.RuntimeRoot, id)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for remains of container %s: %w", id, err)
	}
	for _, e := range entries {
		_ = unix.Unmount(filepath.Join(dir, e.Name()), unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW) // mostly it is none
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove remains of container %s: %w", id, err)
	}
	return nil
}

// State asks the OCI runtime about a container; one it does not know is
// errdefs.ErrNoSuchCtr.
func (r *Runtime) State(ctx context.Context, id string) (*specs.State, error) {
	out, err := r.command(ctx, id, nil, "state", id)
	if err != nil {
		if unknownContainer(err) {
			return nil, fmt.Errorf("container %s in %s: %w", id, r.Name(), errdefs.ErrNoSuchCtr)
		}
		return nil, err
	}
	state := new(specs.State)
	if err := json.Unmarshal(out, state); err != nil {
		return nil, fmt.Errorf("read state of container %s: %w", id, err)
	}
	return state, nil
}

// unknownContainer tells whether a runtime said that it has no such container:
// runc "container does not exist", crun "error opening file .../status: No such
// file or directory".
func unknownContainer(err error) bool {
	var failed *CommandError
	if !errors.As(err, &failed) || failed.ExitStatus < 0 {
		return false
	}
	msg := strings.ToLower(failed.Message)
	return strings.Contains(msg, "does not exist") || strings.Contains(msg, "no such file or directory")
}

// Update changes the limits of a running container. Fields left empty keep
// their values.
func (r *Runtime) Update(ctx context.Context, id string, resources *specs.LinuxResources) error {
	input, err := json.Marshal(resources)
	if err != nil {
		return fmt.Errorf("encode resources of container %s: %w", id, err)
	}
	_, err = r.command(ctx, id, bytes.NewReader(input), "update", "--resources", "-", id)
	return err
}

// Version is what the OCI runtime prints about itself, without the last newline.
func (r *Runtime) Version(ctx context.Context) (string, error) {
	out, err := r.run(ctx, "", nil, []string{"--version"})
	return strings.TrimSpace(string(out)), err
}
