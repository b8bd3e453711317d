package runtime

import (
	"context"
	"errors"
	"os"

	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/errdefs"
)

// RunOptions are what `run` hands to the engine.
type RunOptions struct {
	Create CreateOptions
	// Detach leaves the container in the background.
	Detach bool
	// Attach is what is connected to it otherwise.
	Attach AttachOptions
	// Created is called with the ID of the created container before it starts.
	// Its error ends the run. Optional.
	Created func(id string) error
	// PreserveFDs become descriptors 3, 4, ... of the process.
	PreserveFDs []*os.File
	// Stdio are the process's own streams with the log driver passthrough.
	Stdio [3]*os.File
}

// RunResult is what became of a container that was run.
type RunResult struct {
	// ID is set as soon as the container was created.
	ID string
	// ExitCode is the process's; 0 for one in the background.
	ExitCode int
}

// StartError says that a container was created but did not start.
type StartError struct {
	ID  string
	Err error
}

func (e *StartError) Error() string { return e.Err.Error() }

// Unwrap returns why.
func (e *StartError) Unwrap() error { return e.Err }

// RunContainer creates a container, starts it after what it depends on and,
// unless detached, stays connected until its process has ended; no output is
// lost. When it returns, the container was cleaned up after, and one that removes
// itself is gone, also one that did not start.
//
// Errors: those of CreateContainer; a *StartError when it did not start;
// errdefs.ErrDetached when the user detached and it goes on.
func (r *Runtime) RunContainer(ctx context.Context, opts RunOptions) (RunResult, error) {
	if opts.Create.Config.AutoRemoveImage {
		// What is needed at the end is asked for at the beginning.
		if _, err := r.library(); err != nil {
			return RunResult{ExitCode: unknownExit}, err
		}
	}
	id, err := r.CreateContainer(ctx, opts.Create)
	if err != nil {
		return RunResult{ExitCode: unknownExit}, err
	}
	result := RunResult{ID: id}
	if opts.Created != nil {
		if err := opts.Created(id); err != nil {
			return result, undo(ctx, err, func(ctx context.Context) error { return r.discard(ctx, id) })
		}
	}
	start := startOptions{preserveFDs: opts.PreserveFDs, stdio: opts.Stdio}
	if opts.Detach {
		if err = r.startWithDependencies(ctx, id, start); err != nil {
			err = &StartError{ID: id, Err: err}
		}
	} else {
		result.ExitCode, err = r.startAttached(ctx, id, opts.Attach, start)
	}
	var failed *StartError
	switch {
	case errors.As(err, &failed):
		return result, r.discardFailed(ctx, opts, id, err)
	case err != nil || opts.Detach:
		return result, err
	}
	r.cleanUpAfter(ctx, id)
	if opts.Create.Config.AutoRemoveImage {
		if err := r.removeImageIfUnused(ctx, opts.Create.Config.Image.RawName); err != nil {
			logrus.Warnf("removing the image of container %s: %v", shortID(id), err)
		}
	}
	return result, nil
}

// discardFailed removes a container that was to remove itself and did not start.
func (r *Runtime) discardFailed(ctx context.Context, opts RunOptions, id string, cause error) error {
	if !opts.Create.Config.AutoRemove {
		return cause
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := r.discard(ctx, id); err != nil {
		logrus.Warnf("container %s, which did not start, could not be removed: %v", shortID(id), err)
	}
	return cause
}

func (r *Runtime) discard(ctx context.Context, id string) error {
	return r.removeContainers(ctx, []string{id}, RemoveOptions{Force: true, Volumes: true, Ignore: true})
}

// cleanUpAfter does what conmon's exit command does as well: whoever comes first
// does it, and the container is seen as ended, or not at all, when we return.
func (r *Runtime) cleanUpAfter(ctx context.Context, id string) {
	ctx, cancel := detached(ctx)
	defer cancel()
	err := r.CleanupContainer(ctx, id, CleanupOptions{StoppedOnly: true})
	if err != nil && !errors.Is(err, errdefs.ErrNotFound) {
		logrus.Warnf("cleaning up after container %s: %v", shortID(id), err)
	}
}
