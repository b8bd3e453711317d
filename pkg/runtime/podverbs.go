package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/cgroupmgr"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// podSnapshot is a pod with its containers, read in one transaction.
type podSnapshot struct {
	pod     *pod.Pod
	members []*container.Container
	byID    map[string]*container.Container
}

// readPod reads a pod and its containers as they are now. Containers still being
// made are left out.
func (r *Runtime) readPod(ctx context.Context, tx *store.Tx, id string) (*podSnapshot, error) {
	s, err := r.readWholePod(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	s.members = slices.DeleteFunc(s.members, func(c *container.Container) bool {
		made := !hidden(c) || !r.alive(c.Owner)
		if !made {
			delete(s.byID, c.ID)
		}
		return !made
	})
	return s, nil
}

// readWholePod is readPod with the containers that are still being made.
func (r *Runtime) readWholePod(ctx context.Context, tx *store.Tx, id string) (*podSnapshot, error) {
	p, err := tx.Pod(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := tx.PodContainers(ctx, id)
	if err != nil {
		return nil, err
	}
	s := &podSnapshot{pod: p, byID: map[string]*container.Container{}}
	for _, c := range all {
		r.observe(c)
		s.add(c)
	}
	return s, nil
}

func (s *podSnapshot) add(c *container.Container) {
	s.members = append(s.members, c)
	s.byID[c.ID] = c
}

// viewPod is readPod in a transaction of its own.
func (r *Runtime) viewPod(ctx context.Context, id string) (s *podSnapshot, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		s, err = r.readPod(ctx, tx, id)
		return err
	})
	return s, err
}

// graph is the dependency graph of the pod's containers. Edges to containers that
// are not in the pod are missing nodes, and so is an infra container that is not:
// a damaged database.
func (s *podSnapshot) graph() (*depgraph.Graph, error) {
	g, err := depgraph.Build(s.nodes())
	if err != nil {
		return nil, fmt.Errorf("generating dependency graph for pod %s: %w", s.pod.ID, graphError(err))
	}
	if id := s.pod.InfraID; id != "" && s.byID[id] == nil && s.pod.State == pod.Ready {
		return nil, fmt.Errorf("generating dependency graph for pod %s: missing infra container: %s: %w", s.pod.ID, id, errdefs.ErrInternal)
	}
	return g, nil
}

func (s *podSnapshot) nodes() []depgraph.Node {
	nodes := make([]depgraph.Node, 0, len(s.members))
	for _, c := range s.members {
		nodes = append(nodes, depgraph.Node{ID: c.ID, DependsOn: c.DependsOn})
	}
	return nodes
}

// refuseGone refuses a verb on a pod that is being removed.
func (r *Runtime) refuseGone(s *podSnapshot) error {
	if s.pod.State == pod.Removing && r.alive(s.pod.Owner) {
		return fmt.Errorf("pod %s is being removed: %w", s.pod.Name, errdefs.ErrPodRemoved)
	}
	if s.pod.Damage != "" {
		return fmt.Errorf("pod %s: %s: remove it with `pod rm --force`: %w", s.pod.Name, s.pod.Damage, errdefs.ErrInvalidState)
	}
	return nil
}

// memberErrors turns the results of a walk into one error a container, wrapped
// with the verb. A node blocked by another gets blockedText, if there is one.
func memberErrors(res *depgraph.Result, verb, blockedText string) error {
	var errs error
	for _, e := range res.Errors() {
		var blocked *depgraph.BlockedError
		if errors.As(e.Err, &blocked) {
			if blockedText != "" {
				errs = errors.Join(errs, fmt.Errorf(verb+" container %s: "+blockedText+": %w", e.ID, e.ID, errdefs.ErrCtrState))
			}
			continue
		}
		errs = errors.Join(errs, fmt.Errorf(verb+" container %s: %w", e.ID, e.Err))
	}
	return errs
}

// StartPod starts a pod's containers: init containers one after another, then
// the rest in dependency order, in parallel. Running ones are left alone.
func (r *Runtime) StartPod(ctx context.Context, id string) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	s, g, err := r.startablePod(ctx, id)
	if err != nil {
		return err
	}
	if err := r.runInitContainers(ctx, s); err != nil {
		return err
	}
	g = g.Subgraph(s.regular())
	res := g.Walk(ctx, depgraph.WalkOptions{Direction: depgraph.Outwards, Workers: workers()}, func(ctx context.Context, ctr string) error {
		return r.startOne(ctx, ctr, startOptions{})
	})
	if err := memberErrors(res, "starting", "a dependency of container %s failed to start"); err != nil {
		return err
	}
	return r.addPodEvent(ctx, s.pod, event.Start)
}

// startablePod reads a pod that is to be started and its graph.
func (r *Runtime) startablePod(ctx context.Context, id string) (*podSnapshot, *depgraph.Graph, error) {
	s, err := r.viewPod(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if err := r.refuseGone(s); err != nil {
		return nil, nil, err
	}
	if len(s.members) == 0 {
		return nil, nil, fmt.Errorf("no containers in pod %s have no dependencies, cannot start pod: %w", id, errdefs.ErrNoSuchCtr)
	}
	g, err := s.graph()
	return s, g, err
}

// regular are the IDs of all but the init containers.
func (s *podSnapshot) regular() []string {
	var ids []string
	for _, c := range s.members {
		if !c.IsInit() {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// runInitContainers runs the pod's init containers one after another, each to
// its successful end, and removes those of type once. Nothing runs when the pod
// does already.
func (r *Runtime) runInitContainers(ctx context.Context, s *podSnapshot) error {
	for _, c := range s.members {
		if !c.IsInit() {
			continue
		}
		if c.State == container.Running {
			continue
		}
		if err := r.startWithDependencies(ctx, c.ID, startOptions{}); err != nil {
			return fmt.Errorf("starting container %s: %w", c.ID, err)
		}
		code, err := r.awaitExit(ctx, c.ID)
		if err != nil {
			return err
		}
		if code != 0 {
			return fmt.Errorf("init container %s exited with code %d", c.ID, code)
		}
		if c.Config.InitType == "once" {
			if err := r.removeContainers(ctx, []string{c.ID}, RemoveOptions{Volumes: true, Ignore: true}); err != nil {
				return err
			}
		}
	}
	return nil
}

// StopPod stops a pod's containers, dependents first, and removes its cgroup.
func (r *Runtime) StopPod(ctx context.Context, id string, opts StopOptions) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	auto, err := r.stopPod(ctx, id, opts)
	for _, ctr := range auto {
		err = errors.Join(err, r.removeIfAuto(ctx, ctr))
	}
	return err
}

// stopPod is StopPod; it returns the stopped containers that remove themselves.
func (r *Runtime) stopPod(ctx context.Context, id string, opts StopOptions) (auto []string, err error) {
	var (
		s *podSnapshot
		g *depgraph.Graph
	)
	err = r.store.Update(ctx, func(tx *store.Tx) (err error) {
		if s, err = r.readPod(ctx, tx, id); err != nil {
			return err
		}
		if g, err = s.graph(); err != nil {
			return err
		}
		return tx.AddEvent(ctx, podEvent(s.pod, event.Stop))
	})
	if err != nil {
		return nil, err
	}
	res := g.Walk(ctx, depgraph.WalkOptions{Direction: depgraph.Inwards, Workers: workers()}, func(ctx context.Context, ctr string) error {
		err := r.stopAfterDependents(ctx, ctr, opts)
		if errors.Is(err, errdefs.ErrNoSuchCtr) {
			return nil // it removed itself
		}
		return err
	})
	for _, ctr := range res.Succeeded() {
		if c := s.byID[ctr]; c.Config != nil && c.Config.AutoRemove && c.State == container.Running {
			auto = append(auto, ctr)
		}
	}
	if err := memberErrors(res, "stopping", "a container that depends on container %s could not be stopped"); err != nil {
		return auto, err
	}
	return auto, r.removeIdlePodCgroup(ctx, id)
}

// busy reports whether any container has a process or is about to.
func (s *podSnapshot) busy() bool {
	for _, c := range s.members {
		if c.State.HasProcess() || isStart(c.Intent) {
			return true
		}
	}
	return false
}

// KillPod signals every running container of a pod at once.
func (r *Runtime) KillPod(ctx context.Context, id string, sig unix.Signal) error {
	return r.eachMember(ctx, id, "killing", event.Kill, func(s container.State) bool { return s == container.Running || s == container.Stopping },
		func(ctx context.Context, ctr string) error { return r.KillContainer(ctx, ctr, sig) })
}

// PausePod freezes every running container of a pod.
func (r *Runtime) PausePod(ctx context.Context, id string) error {
	if r.settings.Rootless {
		layout, err := cgroupmgr.Detect(cgroupmgr.DefaultRoot)
		if err == nil && layout.Kind != cgroupmgr.V2 {
			return fmt.Errorf("can not pause pods containing rootless containers with cgroup V1: %w", errdefs.ErrNoCgroup)
		}
	}
	return r.eachMember(ctx, id, "pausing", event.Pause, func(s container.State) bool { return s == container.Running }, r.PauseContainer)
}

// UnpausePod thaws every paused container of a pod; false for a pod that is
// neither paused nor degraded, which is left alone.
func (r *Runtime) UnpausePod(ctx context.Context, id string) (bool, error) {
	s, err := r.viewPod(ctx, id)
	if err != nil {
		return false, err
	}
	if status := r.podStatus(s.members); status != pod.StatusPaused && status != pod.StatusDegraded {
		return false, nil
	}
	return true, r.eachMember(ctx, id, "unpausing", event.Unpause, func(s container.State) bool { return s == container.Paused }, r.UnpauseContainer)
}

// eachMember does something to all members in certain states, at once and in no
// order.
func (r *Runtime) eachMember(ctx context.Context, id, verb string, status event.Status, in func(container.State) bool, do func(context.Context, string) error) error {
	s, err := r.viewPod(ctx, id)
	if err != nil {
		return err
	}
	var nodes []depgraph.Node
	for _, c := range s.members {
		if in(c.State) {
			nodes = append(nodes, depgraph.Node{ID: c.ID})
		}
	}
	res := depgraph.BuildWithoutEdges(nodes).Walk(ctx, depgraph.WalkOptions{Workers: workers()}, func(ctx context.Context, ctr string) error {
		err := do(ctx, ctr)
		if errors.Is(err, errdefs.ErrInvalidState) || errors.Is(err, errdefs.ErrNotFound) {
			return nil // it ended in the meantime
		}
		return err
	})
	return errors.Join(memberErrors(res, verb, ""), r.addPodEvent(ctx, s.pod, status))
}

func (r *Runtime) addPodEvent(ctx context.Context, p *pod.Pod, status event.Status) error {
	return r.store.Update(ctx, func(tx *store.Tx) error { return tx.AddEvent(ctx, podEvent(p, status)) })
}

// awaitExit waits until a container's process has ended and returns its exit
// code.
func (r *Runtime) awaitExit(ctx context.Context, id string) (int, error) {
	return r.WaitContainer(ctx, id, WaitOptions{Interval: time.Second})
}
