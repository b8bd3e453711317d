package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containers/common/pkg/config"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// CreatePod creates a pod, with its cgroup and infra container, and returns its
// ID. With a built-in infra container it touches the database and the cgroup
// tree, and opens neither image store nor network backend. On
// error nothing is left. Errors: class ErrExists for a taken name,
// ErrInvalidArgument for options that cannot be.
func (r *Runtime) CreatePod(ctx context.Context, opts PodCreateOptions) (string, error) {
	if opts.Infra != nil { // it could never start
		if _, err := r.oci(); err != nil {
			return "", err
		}
	}
	if err := r.recover(ctx); err != nil {
		return "", err
	}
	if opts.Name != "" {
		if err := checkName(opts.Name); err != nil {
			return "", fmt.Errorf("running pod create option: %w", err)
		}
	}
	if opts.Replace {
		if err := r.replacePod(ctx, opts.Name); err != nil {
			return "", err
		}
	}
	plan, err := r.planPod(ctx, opts)
	if err != nil {
		return "", err
	}
	// Under its lock, so that who replaces it meanwhile waits for it to be made.
	if err := r.locked(ctx, plan.pod.ID, func() error { return r.recordAndMakePod(ctx, plan) }); err != nil {
		return "", err
	}
	return plan.pod.ID, nil
}

// recordAndMakePod makes what was planned; on error nothing is left of it.
func (r *Runtime) recordAndMakePod(ctx context.Context, plan *podPlan) error {
	if err := r.recordPod(ctx, plan); err != nil {
		return err
	}
	if err := r.makePod(ctx, plan); err != nil {
		return undo(ctx, err, func(ctx context.Context) error { return r.unmakePod(ctx, plan.pod.ID) })
	}
	return nil
}

// podPlan is a pod about to be recorded.
type podPlan struct {
	pod     *pod.Pod
	infra   *container.Container // nil without one
	volumes []string             // recorded for infra, still to be made
}

func (r *Runtime) planPod(ctx context.Context, opts PodCreateOptions) (*podPlan, error) {
	cfg := *opts.Config
	if cfg.ExitPolicy == "" {
		policy, err := config.ParsePodExitPolicy(string(r.settings.Conf.Engine.PodExitPolicy))
		if err != nil {
			return nil, fmt.Errorf("running pod create option: %w in containers.conf: %w", err, errdefs.ErrInvalidArg)
		}
		cfg.ExitPolicy = string(policy)
	}
	p := &pod.Pod{ID: newID(), Name: opts.Name, State: pod.Creating, Owner: r.self, Config: &cfg}
	if err := r.planPodCgroup(ctx, p); err != nil {
		return nil, err
	}
	plan := &podPlan{pod: p}
	if opts.Infra == nil {
		return plan, nil
	}
	var err error
	plan.infra, err = r.planInfra(ctx, p, opts)
	return plan, err
}

// planPodCgroup decides where the pod's cgroup goes.
func (r *Runtime) planPodCgroup(ctx context.Context, p *pod.Pod) error {
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	cfg := p.Config
	if err := m.ValidateParent(cfg.CgroupParent); err != nil {
		return err
	}
	if cfg.CgroupParent == "" {
		cfg.CgroupParent = m.DefaultParent()
	}
	cfg.CgroupManager = m.Name()
	if cfg.CgroupParent == "" {
		r.warnUnlimited("pod", cfg.Resources != nil || len(cfg.ReadBPS)+len(cfg.WriteBPS)+len(cfg.BlkioWeightDevice) > 0)
	}
	if err := r.warnUndelegated("pod", func() (*specs.LinuxResources, error) { return podLimits(cfg) }); err != nil {
		return err
	}
	if !cfg.ShareParent {
		return nil
	}
	if cfg.CgroupPath, err = m.PodPath(cfg.CgroupParent, p.ID); err != nil {
		return err
	}
	if err := m.Ready(ctx); err != nil {
		return fmt.Errorf("make cgroup of pod %s: %w", p.Name, err)
	}
	return nil
}

// planInfra completes the infra container's configuration.
func (r *Runtime) planInfra(ctx context.Context, p *pod.Pod, opts PodCreateOptions) (*container.Container, error) {
	user := *opts.Infra
	user.Infra = true
	if user.Image.RawName == "" && user.Rootfs == "" {
		user.Image.RawName = r.settings.Conf.Engine.InfraImage
	}
	if len(user.Entrypoint) == 0 && r.settings.Conf.Engine.InfraImage != "" && r.settings.Conf.Engine.InfraCommand != "" && user.Image.RawName != "" {
		user.Entrypoint, user.EntrypointSet = strings.Fields(r.settings.Conf.Engine.InfraCommand), true
	}
	if err := r.resolveVolumesFrom(ctx, &user.Storage); err != nil {
		return nil, err
	}
	img, err := r.ensureImage(ctx, &user, PullOptions{Policy: "missing"})
	if err != nil {
		return nil, err
	}
	name := opts.InfraName
	if name == "" {
		name = shortID(p.ID) + "-infra"
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	id := newID()
	in := surroundings{id: id, settings: r.settings, image: img, pod: &podContext{pod: p}}
	cfg, err := complete(&user, in)
	if err != nil {
		return nil, err
	}
	if err := r.resolveCgroupParent(cfg, in.pod); err != nil {
		return nil, err
	}
	if err := r.resolveNetworks(ctx, cfg); err != nil {
		return nil, err
	}
	if err := r.resolveUserNS(ctx, cfg); err != nil {
		return nil, err
	}
	c := &container.Container{ID: id, Name: name, PodID: p.ID, Config: cfg, State: container.Creating}
	r.claim(c, intentCreate)
	return c, nil
}

// recordPod takes the names and records pod and infra container as being made.
func (r *Runtime) recordPod(ctx context.Context, plan *podPlan) error {
	p, infra := plan.pod, plan.infra
	return r.store.Update(ctx, func(tx *store.Tx) (err error) {
		if p.Name == "" {
			if p.Name, err = freeName(ctx, tx); err != nil {
				return err
			}
		}
		p.CreatedAt = tx.Now()
		if infra != nil {
			p.InfraID = infra.ID
		}
		if err := tx.InsertPod(ctx, p); err != nil {
			return fmt.Errorf("adding pod to state: %w", err)
		}
		if infra == nil {
			return nil
		}
		if infra.Config.Hostname == "" {
			infra.Config.Hostname = p.Name
		}
		infra.CreatedAt = tx.Now().Add(time.Nanosecond) // after its pod, before any member
		if plan.volumes, err = r.recordVolumes(ctx, tx, infra); err != nil {
			return err
		}
		return tx.InsertContainer(ctx, infra)
	})
}

// makePod makes on the host what the rows say, then marks them made.
func (r *Runtime) makePod(ctx context.Context, plan *podPlan) error {
	p, infra := plan.pod, plan.infra
	if err := r.makePodCgroup(ctx, p); err != nil {
		return err
	}
	if err := r.writePodBlueprint(p); err != nil {
		return err
	}
	if infra != nil {
		if err := r.makeInfra(ctx, infra, plan.volumes); err != nil {
			return err
		}
	}
	return r.store.Update(ctx, func(tx *store.Tx) error {
		if infra != nil {
			if err := markVolumesReady(ctx, tx, plan.volumes); err != nil {
				return err
			}
			if err := markCreated(ctx, tx, infra); err != nil {
				return err
			}
		}
		p.State, p.Owner = pod.Ready, container.Owner{}
		if err := tx.SavePod(ctx, p); err != nil {
			return err
		}
		return tx.AddEvent(ctx, podEvent(p, event.Create))
	})
}

func (r *Runtime) makeInfra(ctx context.Context, infra *container.Container, volumes []string) error {
	if err := r.makeVolumes(ctx, volumes); err != nil {
		return err
	}
	if err := r.makeLayer(infra); err != nil {
		return err
	}
	return r.writeBlueprint(infra)
}

// unmakePod undoes a pod create that failed or was cut off.
func (r *Runtime) unmakePod(ctx context.Context, id string) error {
	var p *pod.Pod
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		p, err = tx.Pod(ctx, id)
		return err
	})
	if errors.Is(err, errdefs.ErrNoSuchPod) {
		return nil
	}
	if err != nil {
		return err
	}
	if p.InfraID != "" {
		if err := r.unmakeContainer(ctx, p.InfraID); err != nil {
			return err
		}
	}
	if err := r.removePodCgroup(ctx, p); err != nil {
		return err
	}
	if err := r.removePodBlueprint(id); err != nil {
		return err
	}
	return r.store.Update(ctx, func(tx *store.Tx) error { return tx.DeletePod(ctx, id) })
}

// replacePod force-removes the pod of that name, if there is one.
func (r *Runtime) replacePod(ctx context.Context, name string) error {
	if name == "" {
		return fmt.Errorf("cannot replace pod without --name being set")
	}
	var id string
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		id, err = tx.PodNamed(ctx, name)
		return err
	})
	if err != nil || id == "" {
		return err
	}
	err = r.removePod(ctx, id, RemoveOptions{Force: true})
	if errors.Is(err, errdefs.ErrNoSuchPod) {
		return nil // somebody else was faster
	}
	return err
}

// podEvent is an event about a pod.
func podEvent(p *pod.Pod, status event.Status) event.Event {
	e := event.Event{Type: event.Pod, Status: status, ID: p.ID, Name: p.Name}
	if p.Config != nil {
		e.Attributes = p.Config.Labels
	}
	return e
}

// podStatus derives a pod's status from its containers as they are now.
func (r *Runtime) podStatus(members []*container.Container) pod.Status {
	states := make([]container.State, 0, len(members))
	for _, c := range members {
		if c.IsInit() || hidden(c) {
			continue
		}
		r.observe(c)
		states = append(states, c.State)
	}
	return pod.StatusOf(states)
}
