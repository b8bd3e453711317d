package runtime

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// PodClone is a copy of a pod about to be made.
type PodClone struct {
	// SourceID is the pod that is copied.
	SourceID string
	// Pod is what the copy will be; the caller may change it before ClonePod.
	Pod     PodCreateOptions
	infraID string
	members []CloneMember
}

// CloneMember is a copy of a pod's container about to be made.
type CloneMember struct {
	sourceID, name string
	config         *container.Config
}

// PreparePodClone reads a pod and describes a copy of it: named after it, with
// its own hostname left open. Nothing is made yet. Errors: ErrNoSuchPod, class
// ErrInvalidState for a damaged pod.
func (r *Runtime) PreparePodClone(ctx context.Context, nameOrID string) (*PodClone, error) {
	clone := new(PodClone)
	err := r.store.View(ctx, func(tx *store.Tx) error {
		id, err := tx.LookupPod(ctx, nameOrID)
		if err != nil {
			return err
		}
		s, err := r.readPod(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := r.refuseGone(s); err != nil {
			return err
		}
		return r.describeClone(ctx, tx, s, clone)
	})
	return clone, err
}

func (r *Runtime) describeClone(ctx context.Context, tx *store.Tx, s *podSnapshot, clone *PodClone) error {
	cfg, err := podRecipe(s.pod.Config)
	if err != nil {
		return err
	}
	clone.SourceID, clone.infraID, clone.Pod.Config = s.pod.ID, s.pod.InfraID, cfg
	if clone.Pod.Name, err = cloneName(s.pod.Name, func(name string) (bool, error) {
		id, err := tx.PodNamed(ctx, name)
		return id != "", err
	}); err != nil {
		return err
	}
	g, err := s.graph()
	if err != nil {
		return err
	}
	given := map[string]bool{} // names given to copies
	for _, id := range g.Order(depgraph.Outwards) {
		c := s.byID[id]
		name, err := cloneName(c.Name, func(name string) (bool, error) {
			id, err := tx.ContainerNamed(ctx, name)
			return id != "" || given[name], err
		})
		if err != nil {
			return err
		}
		given[name] = true
		config, err := recipe(c.Config, origin{dir: r.settings.ContainerDir(id), pod: s.pod, infra: s.byID[s.pod.InfraID]})
		if err != nil {
			return fmt.Errorf("container %s: %w", c.Name, err)
		}
		if id == s.pod.InfraID {
			config.Hostname = ""
			clone.Pod.Infra, clone.Pod.InfraName = config, name
			continue
		}
		clone.members = append(clone.members, CloneMember{sourceID: id, name: name, config: config})
	}
	return nil
}

// podRecipe is what must be asked for to get a pod configured like c.
func podRecipe(c *pod.Config) (*pod.Config, error) {
	var out pod.Config
	b, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("copy configuration of pod: %w", err)
	}
	out.CgroupPath, out.CgroupManager, out.Hostname, out.ServiceID = "", "", "", ""
	return &out, nil
}

// ClonePod makes the copy, pod and containers, and returns its ID. On error
// nothing is left of it. Errors: as CreatePod and CreateContainer.
func (r *Runtime) ClonePod(ctx context.Context, clone *PodClone) (string, error) {
	id, err := r.CreatePod(ctx, clone.Pod)
	if err != nil {
		return "", err
	}
	if err := r.cloneMembers(ctx, clone, id); err != nil {
		return "", undo(ctx, err, func(ctx context.Context) error { return r.removePod(ctx, id, RemoveOptions{Force: true}) })
	}
	return id, nil
}

// cloneMembers makes the containers, each after those it depends on, whose
// copies it then depends on.
func (r *Runtime) cloneMembers(ctx context.Context, clone *PodClone, podID string) error {
	copies := map[string]string{}
	for _, m := range clone.members {
		cfg := m.config
		cfg.CreateCommand = clone.Pod.Config.CreateCommand
		for _, ns := range cfg.Namespaces.ByKind() {
			if id, ok := copies[ns.Value]; ok && ns.Mode == container.ModeContainer {
				ns.Value = id
			}
		}
		var requires []string
		for _, id := range cfg.Requires {
			if own, ok := copies[id]; ok {
				requires = append(requires, own)
			} else if id != clone.infraID {
				requires = append(requires, id)
			}
		}
		id, err := r.createContainer(ctx, CreateOptions{Name: m.name, Config: cfg, Pod: podID, Requires: requires, Pull: PullOptions{Policy: "never"}})
		if err != nil {
			return fmt.Errorf("clone container %s: %w", m.sourceID, err)
		}
		copies[m.sourceID] = id
	}
	return nil
}
