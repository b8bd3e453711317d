package runtime

import (
	"context"
	"fmt"
	"slices"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/store"
)

// ContainerClone is a copy of a container about to be made.
type ContainerClone struct {
	SourceID string
	// Create is what the copy will be; the caller may change it before it hands
	// it to CreateContainer.
	Create CreateOptions
	// Reset are the kinds of namespaces the copy takes from its pod instead of
	// having them as the source has.
	Reset []string
}

// PrepareContainerClone reads a container and describes a copy of it, named after
// it, in the pod named or else in that of the source. Nothing is made yet.
// Errors: class ErrNotFound; class ErrInvalidState for a damaged container or
// pod; class ErrInvalidArgument for an infra container.
func (r *Runtime) PrepareContainerClone(ctx context.Context, nameOrID, podNameOrID string) (*ContainerClone, error) {
	target, err := r.podContextOf(ctx, podNameOrID)
	if err != nil {
		return nil, err
	}
	clone := new(ContainerClone)
	return clone, r.store.View(ctx, func(tx *store.Tx) error {
		id, err := tx.LookupContainer(ctx, nameOrID)
		if err != nil {
			return err
		}
		c, err := tx.Container(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case c.Config == nil:
			return fmt.Errorf("container %s: %s: it cannot be cloned: %w", c.Name, c.Damage, errdefs.ErrInvalidState)
		case c.Config.Infra:
			return fmt.Errorf("container %s is the infra container of a pod, clone the pod: %w", c.Name, errdefs.ErrInvalidArg)
		}
		from, err := r.originOf(ctx, tx, c)
		if err != nil {
			return err
		}
		cfg, err := recipe(c.Config, from)
		if err != nil {
			return err
		}
		clone.SourceID, clone.Create = id, CreateOptions{Config: cfg, Requires: cfg.Requires, Pod: c.PodID}
		clone.Create.Name, err = cloneName(c.Name, func(name string) (bool, error) {
			id, err := tx.ContainerNamed(ctx, name)
			return id != "", err
		})
		if target != nil && target.pod.ID != c.PodID {
			clone.Create.Pod, clone.Create.Requires = target.pod.ID, nil
			clone.Reset = moveTo(cfg, target)
		}
		return err
	})
}

// originOf reads the pod a container is in.
func (r *Runtime) originOf(ctx context.Context, tx *store.Tx, c *container.Container) (origin, error) {
	from := origin{dir: r.settings.ContainerDir(c.ID)}
	if c.PodID == "" {
		return from, nil
	}
	var err error
	if from.pod, err = tx.Pod(ctx, c.PodID); err != nil {
		return from, err
	}
	if from.pod.InfraID != "" {
		from.infra, err = tx.Container(ctx, from.pod.InfraID)
	}
	return from, err
}

// moveTo leaves to a pod what its members cannot have otherwise, and returns the
// kinds of namespaces that is about.
func moveTo(cfg *container.Config, p *podContext) (reset []string) {
	for kind, ns := range cfg.Namespaces.ByKind() {
		// Namespaces of other containers are out of reach from a pod.
		if p.shares(kind) || ns.Shares() {
			*ns = container.Namespace{}
			reset = append(reset, kind)
		}
	}
	slices.Sort(reset)
	cfg.Resources.CgroupParent = ""
	if p.shares("net") {
		n := &cfg.Network
		n.Networks, n.Order, n.Options, n.Ports, n.PublishAll, n.HostAdd = nil, nil, nil, nil, false, nil
	}
	if p.shares("uts") {
		cfg.Hostname = ""
	}
	return reset
}
