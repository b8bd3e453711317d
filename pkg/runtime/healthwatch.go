package runtime

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/proc"
)

// A container with a health check that has an interval is watched by a process
// of its own beside its conmon, so that checks need no service manager. It is
// started before the container's process and waits, at the container's lock, for
// whoever starts that. It ends with the container's process, and is killed
// when a container is taken down. If it is killed there are no checks until the
// container is started again; nothing else depends on it.

// watched says whether a container's health check runs by itself.
// DISABLE_HC_SYSTEMD is podman's word for no.
func watched(c *container.Container) bool {
	return hasHealthCheck(c) && c.Config.Health.Interval > 0 && os.Getenv("DISABLE_HC_SYSTEMD") != "true"
}

// startHealthWatch starts the watch of a container that is about to run.
func (r *Runtime) startHealthWatch(ctx context.Context, c *container.Container) error {
	if !watched(c) || len(r.healthCommand) == 0 {
		return nil
	}
	pid, err := r.host.Detach(slices.Concat(r.healthCommand, []string{c.ID}))
	if err != nil {
		return fmt.Errorf("watch the health of container %s: %w", c.ID, err)
	}
	watch, err := r.processes.Of(pid)
	if err != nil {
		return fmt.Errorf("watch the health of container %s: %w", c.ID, err)
	}
	// Until it is recorded nobody else knows of it, but by then it is in no
	// cgroup that anybody removes, and a container that does not run ends it.
	b, err := json.Marshal(watch)
	if err != nil {
		return err
	}
	if err := os.WriteFile(r.healthWatchFile(c.ID), b, 0o600); err != nil {
		return fmt.Errorf("watch the health of container %s: %w", c.ID, err)
	}
	return r.placeAnother(ctx, c, newID(), pid)
}

// endHealthWatch kills the watch of a container, unless that is who asks.
func (r *Runtime) endHealthWatch(ctx context.Context, c *container.Container) error {
	if c.Config == nil || c.Config.Health == nil {
		return nil
	}
	file := r.healthWatchFile(c.ID)
	b, err := os.ReadFile(file)
	if err != nil {
		return nil //nolint:nilerr // there is none
	}
	var watch container.Owner
	if json.Unmarshal(b, &watch) == nil && watch != r.self {
		if err := r.killAndWait(ctx, watch); err != nil {
			return err
		}
	}
	return os.Remove(file)
}

func (r *Runtime) healthWatchFile(id string) string {
	return filepath.Join(r.settings.ContainerDir(id), "healthwatch.json")
}

// WatchHealth runs the health check of a container that is being started, the
// first time an interval after its start, until its process has ended. It is
// what startHealthWatch starts.
func (r *Runtime) WatchHealth(ctx context.Context, id string) error {
	var c *container.Container
	err := r.locked(ctx, id, func() (err error) {
		c, err = r.container(ctx, id)
		return err
	})
	if err != nil || c.State != container.Running {
		return err
	}
	process := proc.Process(c.Runtime.Process)
	// Only the pauses end with the process: an unhealthy container may have to be
	// started again after it was stopped.
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_ = r.processes.Wait(running, process)
		cancel()
	}()
	for r.processes.Alive(process) {
		if !pause(running, r.healthInterval(c)) {
			return nil
		}
		if _, err := r.CheckHealth(ctx, id); err != nil {
			logrus.Debugf("health of container %s: %v", id, err) // paused, or about to end
		}
		if c, err = r.container(ctx, id); err != nil {
			return err
		}
		if !watched(c) { // updated meanwhile
			return nil
		}
	}
	return nil
}

// healthInterval is the time until the next check.
func (r *Runtime) healthInterval(c *container.Container) time.Duration {
	h := c.Config.Health
	if s := r.readHealth(c); s.startup(h) && h.StartupEvery > 0 {
		return h.StartupEvery
	}
	return h.Interval
}

// pause waits and reports whether the context still goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
