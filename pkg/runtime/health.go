package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/store"
)

// CheckHealth runs a container's health check once, notes what it found, does
// what the container's configuration wants done when it is unhealthy, and
// returns how this one run ended: "healthy", "unhealthy", or "starting" for a
// startup check. Errors: ErrNoSuchCtr, class ErrInvalidState for a container
// that does not run or has no check.
func (r *Runtime) CheckHealth(ctx context.Context, id string) (string, error) {
	c, err := r.container(ctx, id)
	if err != nil {
		return "", err
	}
	switch {
	case c.State != container.Running:
		return "", invalidStateError(fmt.Sprintf("container %s is not running", id))
	case healthStatus(c) == "":
		return "", invalidStateError(fmt.Sprintf("container %s has no defined healthcheck", id))
	}
	h, state := c.Config.Health, r.readHealth(c)
	startup := state.startup(h)
	test, limit := h.Test, h.Timeout
	if startup {
		test, limit = h.StartupTest, h.StartupLimit
	}
	result, err := r.runCheck(ctx, id, test, limit)
	if err != nil {
		return "", err
	}
	if state, err = r.recordHealth(ctx, c, result); err != nil {
		return "", err
	}
	if err := r.onFailure(ctx, c, state, startup); err != nil {
		return "", err
	}
	switch {
	case startup:
		return healthStarting, nil
	case result.code == 0:
		return healthHealthy, nil
	}
	return healthUnhealthy, nil
}

// invalidStateError is a sentence of class ErrInvalidState.
type invalidStateError string

func (e invalidStateError) Error() string        { return string(e) }
func (e invalidStateError) Is(target error) bool { return target == errdefs.ErrInvalidState }

// runCheck executes a check in the container. One that takes too long is killed
// and has failed; one that cannot be executed has failed too.
func (r *Runtime) runCheck(ctx context.Context, id string, test []string, limit time.Duration) (healthResult, error) {
	bounded, cancel := ctx, func() {}
	if limit > 0 {
		bounded, cancel = context.WithTimeout(ctx, limit)
	}
	defer cancel()
	out, none := &sharedBuffer{}, ""
	res := healthResult{start: time.Now()}
	done, err := r.ExecContainer(bounded, id, ExecOptions{
		Command: checkCommand(test), NoSession: true, Attach: AttachOptions{Stdout: out, Stderr: out, DetachKeys: &none},
	})
	res.end, res.code, res.output = time.Now(), done.ExitCode, out.String()
	switch {
	case ctx.Err() != nil:
		return res, errors.Join(ctx.Err(), r.killCheck(done.PID))
	case bounded.Err() != nil:
		res.code = unknownExit
		res.output += fmt.Sprintf("%v of %s", errdefs.ErrHealthcheckTimeout, limit)
		return res, r.killCheck(done.PID)
	case errors.Is(err, errdefs.ErrInvalidState):
		return res, err // stopped in between
	case err != nil:
		if res.code == 0 || res.code == unknownExit {
			res.code = 1
		}
		res.output += err.Error()
	}
	return res, nil
}

// killCheck ends the process of a check that nobody waits for any more.
func (r *Runtime) killCheck(pid int) error {
	if pid == 0 {
		return nil
	}
	p, err := r.processes.Of(pid)
	if err != nil {
		return nil //nolint:nilerr // it has ended
	}
	if err := r.processes.Signal(p, unix.SIGKILL); err != nil && r.processes.Alive(p) {
		return fmt.Errorf("kill health check, process %d: %w", pid, err)
	}
	return nil
}

// checkCommand is what a check executes: it begins with "CMD" or "CMD-SHELL".
func checkCommand(test []string) []string {
	switch {
	case test[0] == "CMD-SHELL":
		return []string{"/bin/sh", "-c", strings.Join(test[1:], " ")}
	case test[0] == "CMD":
		return test[1:]
	}
	return test
}

// recordHealth counts a run in, and tells of it.
func (r *Runtime) recordHealth(ctx context.Context, c *container.Container, res healthResult) (state healthState, err error) {
	err = r.locked(ctx, c.ID, func() error {
		state = r.readHealth(c)
		state.add(c.Config.Health, res)
		if err := r.writeHealth(c, state); err != nil {
			return err
		}
		if !r.settings.Conf.Engine.HealthcheckEvents {
			return nil
		}
		return r.store.Update(ctx, func(tx *store.Tx) error {
			e := containerEvent(c, event.HealthStatus)
			e.Health, e.HealthStreak, e.HealthLog = state.Status, state.FailingStreak, state.eventLog(c.Config.Health)
			return tx.AddEvent(ctx, e)
		})
	})
	return state, err
}

// onFailure does what is to be done about an unhealthy container, or about one
// whose startup check failed too often.
func (r *Runtime) onFailure(ctx context.Context, c *container.Container, state healthState, startup bool) error {
	h := c.Config.Health
	if startup {
		if h.StartupTries > 0 && state.FailingStreak >= int(h.StartupTries) { //nolint:gosec // a count
			return r.restartUnhealthy(ctx, c)
		}
		return nil
	}
	if state.Status != healthUnhealthy || state.FailingStreak == 0 {
		return nil
	}
	switch h.OnFailure {
	case "kill":
		return r.KillContainer(ctx, c.ID, unix.SIGKILL)
	case "stop":
		return r.StopContainer(ctx, c.ID, StopOptions{})
	case "restart":
		return r.restartUnhealthy(ctx, c)
	}
	return nil
}

func (r *Runtime) restartUnhealthy(ctx context.Context, c *container.Container) error {
	return errors.Join(r.RestartContainers(ctx, []Target{{ID: c.ID, Name: c.Name}}, StopOptions{})...)
}

// sharedBuffer collects what is written from several goroutines, up to a size.
type sharedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

// maxCheckOutput bounds what is kept of a check that never stops talking.
const maxCheckOutput = 1 << 20

func (b *sharedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.text.Len() < maxCheckOutput {
		b.text.Write(p)
	}
	return len(p), nil
}

func (b *sharedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
