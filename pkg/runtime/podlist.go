package runtime

import (
	"context"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// PodListing is one pod in a list. The JSON keys are those of podman-pod-ps(1).
type PodListing struct {
	// Cgroup is the parent of the pod's cgroup.
	Cgroup     string
	Containers []PodListContainer
	Created    time.Time
	ID         string `json:"Id"`
	InfraID    string `json:"InfraId"`
	Name       string
	Namespace  string
	// Networks are those of the infra container.
	Networks []string
	Status   string
	Labels   map[string]string
}

// PodListContainer is a container of a listed pod.
type PodListContainer struct {
	ID           string `json:"Id"`
	Name         string `json:"Names"`
	Status       string
	RestartCount uint
	init         bool
}

// Id is ID under the name JSON has for it.
func (c PodListContainer) Id() string { return c.ID } //nolint:revive // templates are written with either

// Names is Name under the name JSON has for it.
func (c PodListContainer) Names() string { return c.Name }

// PodListOptions select pods.
type PodListOptions struct {
	// Filters are "key=value" as podman-pod-ps(1) has them.
	Filters []string
	// Latest selects the newest pod; filters are ignored.
	Latest bool
}

// ListPods returns the pods that pass the filters, newest first, in a fixed
// number of queries. It takes no lock and writes nothing; pods that
// the database describes wrongly are listed with the status Error. Errors: class ErrInvalidArgument for a filter
// that cannot be, before anything is read; ErrNoSuchPod for the latest of none.
func (r *Runtime) ListPods(ctx context.Context, opts PodListOptions) ([]PodListing, error) {
	if opts.Latest {
		opts.Filters = nil
	}
	bind, err := parseFilters(opts.Filters, podFilters(), malformedPodFilter)
	if err != nil {
		return nil, err
	}
	match, err := bind(ctx, r)
	if err != nil {
		return nil, err
	}
	var summaries []*store.PodSummary
	err = r.store.View(ctx, func(tx *store.Tx) (err error) {
		var only string
		if opts.Latest {
			if only, err = tx.NewestPod(ctx); err != nil {
				return err
			}
		}
		summaries, err = tx.PodSummaries(ctx, only)
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]PodListing, 0, len(summaries))
	for _, s := range summaries {
		if p := r.podListing(s); match(&p) {
			list = append(list, p)
		}
	}
	return list, nil
}

// podListing overlays a summary with the truth.
func (r *Runtime) podListing(s *store.PodSummary) PodListing {
	p := PodListing{
		Cgroup: s.CgroupParent, Created: s.CreatedAt.Local(), ID: s.ID, InfraID: s.InfraID, Name: s.Name,
		Networks: s.Networks, Labels: s.Labels, Containers: make([]PodListContainer, 0, len(s.Containers)),
	}
	if p.Networks == nil {
		p.Networks = []string{}
	}
	if p.Labels == nil {
		p.Labels = map[string]string{}
	}
	states := make([]container.State, 0, len(s.Containers))
	for i := range s.Containers {
		c := &s.Containers[i]
		state := r.observeSummary(c)
		p.Containers = append(p.Containers, PodListContainer{ID: c.ID, Name: c.Name, Status: string(state), RestartCount: c.RestartCount, init: c.Init})
		if !c.Init {
			states = append(states, state)
		}
	}
	p.Status = string(pod.StatusOf(states))
	if misfit(s) {
		p.Status = string(pod.StatusError)
	}
	return p
}

// observeSummary is what observe makes of the summary's state.
func (r *Runtime) observeSummary(s *store.ContainerSummary) container.State {
	c := container.Container{ID: s.ID, State: s.State, Intent: s.Intent, Owner: s.Owner}
	c.Runtime.Process, c.Runtime.Exited = s.Process, s.Exited
	r.observe(&c)
	return c.State
}
