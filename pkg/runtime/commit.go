package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/containers/image/v5/manifest"
	ociv1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/image"
)

// CommitOptions say what becomes of a container as an image.
type CommitOptions struct {
	// Name is the image's, "" for none.
	Name string
	// Docker makes an image in Docker's format instead of OCI's.
	Docker          bool
	Author, Message string
	// Changes are instructions of a Dockerfile.
	Changes []string
	// IncludeVolumes makes the container's volumes volumes of the image, without
	// what is in them.
	IncludeVolumes bool
	// Pause freezes a running container meanwhile.
	Pause bool
	// Squash makes an image of one layer.
	Squash bool
}

// CommitContainer makes an image of a container, running or not, and returns the
// image's ID. Mounts are not in it. Errors: ErrNoSuchCtr, also for a container
// that was made of no image.
func (r *Runtime) CommitContainer(ctx context.Context, id string, opts CommitOptions) (imageID string, err error) {
	c, err := r.container(ctx, id)
	if err != nil {
		return "", err
	}
	images, err := r.library()
	if err != nil {
		return "", err
	}
	if opts.Pause && c.State == container.Running {
		if err := r.PauseContainer(ctx, id); err != nil {
			return "", err
		}
		defer func() {
			ctx, cancel := detached(ctx) // also if the user gave up
			defer cancel()
			err = errors.Join(err, r.UnpauseContainer(ctx, id))
		}()
	}
	err = r.withRootfs(ctx, id, func(c *container.Container, dir string) error {
		commit := image.CommitOptions{
			Name: opts.Name, Docker: opts.Docker, Author: opts.Author, Message: opts.Message, Changes: opts.Changes,
			CreatedBy: strings.Join(slices.Concat(c.Config.Entrypoint, c.Config.Command), " "),
			Config:    r.imageConfig(c, opts.IncludeVolumes),
		}
		if h := c.Config.Health; hasHealthCheck(c) {
			commit.Healthcheck = &manifest.Schema2HealthConfig{Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, StartPeriod: h.StartPeriod, Retries: int(h.Retries)} //nolint:gosec // a count
		}
		if opts.Squash {
			content, err := tarRootfs(c, dir)
			if err != nil {
				return fmt.Errorf("commit container %s: %w", id, err)
			}
			defer content.Close()
			commit.Squash = untilDone{ctx, content}
		}
		if imageID, err = images.Commit(ctx, id, commit); err != nil {
			return err
		}
		return r.report(ctx, c, event.Commit)
	})
	return imageID, err
}

// imageConfig is how a container runs, for an image made of it.
func (r *Runtime) imageConfig(c *container.Container, volumes bool) ociv1.ImageConfig {
	cfg := c.Config
	config := ociv1.ImageConfig{
		User: cfg.User, Env: cfg.Env, Entrypoint: cfg.Entrypoint, Cmd: cfg.Command, WorkingDir: cfg.WorkDir,
		Labels: cfg.Labels, StopSignal: signalName(cfg.StopSignal), ExposedPorts: exposedPorts(cfg),
	}
	if volumes {
		config.Volumes = map[string]struct{}{}
		for _, v := range cfg.Storage.Volumes {
			config.Volumes[v.Destination] = struct{}{}
		}
	}
	return config
}
