package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// A service container stands for the pods made from one Kubernetes file: it is
// named in their configuration (pod.Config.ServiceID) and goes with the last of them.

// refuseOwned refuses the removal of a pod that a service owns.
func (r *Runtime) refuseOwned(ctx context.Context, tx *store.Tx, p *pod.Pod) error {
	if p.Config == nil || p.Config.ServiceID == "" {
		return nil
	}
	service, err := tx.Container(ctx, p.Config.ServiceID)
	if errors.Is(err, errdefs.ErrNoSuchCtr) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("pod %s belongs to the service of container %s (%s): use --force to remove it all the same: %w", p.ID, service.ID, service.Name, errdefs.ErrInvalidState)
}

// refuseService refuses the removal of a service container that has pods.
func (r *Runtime) refuseService(ctx context.Context, tx *store.Tx, c *container.Container) error {
	pods, err := tx.PodsOfService(ctx, c.ID)
	if err != nil || len(pods) == 0 {
		return err
	}
	return fmt.Errorf("container %s is the service container of pod(s) %s and cannot be removed without removing the pod(s)", c.ID, joinIDs(pods))
}

// removeService removes the service container of a pod that is being removed,
// unless others need it.
func (r *Runtime) removeService(ctx context.Context, p *pod.Pod, opts RemoveOptions) error {
	if p.Config == nil || p.Config.ServiceID == "" {
		return nil
	}
	var others []string
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		others, err = tx.PodsOfService(ctx, p.Config.ServiceID)
		return err
	})
	if err != nil || len(others) > 0 {
		return err
	}
	err = r.removeContainers(ctx, []string{p.Config.ServiceID}, RemoveOptions{Force: true, Volumes: true, Timeout: opts.Timeout})
	if errors.Is(err, errdefs.ErrNotFound) {
		return nil
	}
	return err
}
