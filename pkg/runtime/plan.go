package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/store"
)

// Step is one thing a verb would do, for --dry-run.
type Step struct {
	// Wave numbers from 1 what is done one after another. The steps of a wave wait
	// for nothing but those of earlier waves, and are done at the same time.
	Wave   int
	Action string // "start", "stop", "remove", ...
	Kind   string // "container" or "pod"
	ID     string
	Name   string
}

// String is the step as users see it.
func (s Step) String() string {
	return fmt.Sprintf("%d %s %s %s %s", s.Wave, s.Action, s.Kind, shortID(s.ID), s.Name)
}

// Actions beyond the plain words.
const (
	actRun        = "run init"
	actStopRemove = "stop and remove"
)

// plan collects steps wave by wave. What is refused on the way goes to errs: a
// plan says all of it at once.
type plan struct {
	steps []Step
	wave  int
	errs  error
}

// add appends a wave; empty ones are not counted.
func (p *plan) add(action func(*container.Container) string, wave []*container.Container) {
	begun := false
	for _, c := range wave {
		word := action(c)
		if word == "" {
			continue
		}
		if !begun {
			begun = true
			p.wave++
		}
		p.steps = append(p.steps, Step{Wave: p.wave, Action: word, Kind: "container", ID: c.ID, Name: c.Name})
	}
}

// walk appends the waves of a graph.
func (p *plan) walk(g *depgraph.Graph, dir depgraph.Direction, byID map[string]*container.Container, action func(*container.Container) string) {
	for _, ids := range g.Waves(dir) {
		wave := make([]*container.Container, 0, len(ids))
		for _, id := range ids {
			wave = append(wave, byID[id])
		}
		p.add(action, wave)
	}
}

// refuse is the action of a container on which the operation fails.
func (p *plan) refuse(err error) string {
	p.errs = errors.Join(p.errs, err)
	return ""
}

// check asks the transition table.
func (p *plan) check(op container.Operation, word, failing string) func(*container.Container) string {
	return func(c *container.Container) string {
		verdict, err := container.Check(op, c.ID, c.State)
		switch {
		case err != nil:
			return p.refuse(fmt.Errorf("%s container %s: %w", failing, c.ID, err))
		case verdict == container.Act:
			return word
		}
		return ""
	}
}

// together merges plans that are carried out at the same time.
func together(plans []*plan) ([]Step, error) {
	var (
		steps []Step
		errs  error
	)
	for _, p := range plans {
		steps = append(steps, p.steps...)
		errs = errors.Join(errs, p.errs)
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(a.Wave, b.Wave) })
	return steps, errs
}

// each makes a plan for every pod.
func each(targets []Target, one func(id string) (*plan, error)) ([]Step, error) {
	var plans []*plan
	for _, t := range targets {
		p, err := one(t.ID)
		if p == nil {
			p = &plan{}
		}
		p.errs = errors.Join(p.errs, err)
		plans = append(plans, p)
	}
	return together(plans)
}

// PlanStartPods is what StartPod would do to the pods. It changes nothing. The
// error says what would fail; the steps are those that would be done all the same.
func (r *Runtime) PlanStartPods(ctx context.Context, targets []Target) ([]Step, error) {
	return each(targets, func(id string) (*plan, error) {
		s, g, err := r.startablePod(ctx, id)
		if err != nil {
			return nil, err
		}
		p, done := &plan{}, map[string]bool{}
		start := p.check(container.OpStartIn, "start", "starting")
		once := func(c *container.Container) string {
			if done[c.ID] {
				return ""
			}
			done[c.ID] = true
			word := start(c)
			if word != "" && c.IsInit() {
				return actRun
			}
			return word
		}
		for _, c := range s.members { // as StartPod: each with what it needs, to its end
			if c.IsInit() {
				needs := within(c.DependsOn, s.members)
				p.walk(g.Subgraph(append(needs, c.ID)), depgraph.Outwards, s.byID, once)
			}
		}
		p.walk(g, depgraph.Outwards, s.byID, once)
		return p, nil
	})
}

// PlanStopPods is PlanStartPods for StopPod.
func (r *Runtime) PlanStopPods(ctx context.Context, targets []Target) ([]Step, error) {
	return each(targets, func(id string) (*plan, error) {
		s, err := r.viewPod(ctx, id)
		if err != nil {
			return nil, err
		}
		g, err := s.graph()
		if err != nil {
			return nil, err
		}
		p := &plan{}
		p.walk(g, depgraph.Inwards, s.byID, p.check(container.OpStop, "stop", "stopping"))
		return p, nil
	})
}

// PlanRemovePods is PlanStartPods for RemovePod.
func (r *Runtime) PlanRemovePods(ctx context.Context, targets []Target, opts RemoveOptions) ([]Step, error) {
	opts.ofPod = true
	return each(targets, func(id string) (p *plan, err error) {
		err = r.store.View(ctx, func(tx *store.Tx) error {
			s, err := r.removablePod(ctx, tx, id, opts)
			if err != nil {
				return err
			}
			g, err := depgraph.Build(s.nodes())
			if err != nil {
				g = depgraph.BuildWithoutEdges(s.nodes())
			}
			p = &plan{}
			p.walk(g, depgraph.Inwards, s.byID, removalAction)
			p.steps = append(p.steps, Step{Wave: p.wave + 1, Action: "remove", Kind: "pod", ID: id, Name: s.pod.Name})
			return nil
		})
		return p, err
	})
}

func removalAction(c *container.Container) string {
	if c.State.HasProcess() {
		return actStopRemove
	}
	return "remove"
}

// PlanStartContainers is PlanStartPods for StartContainer, what the containers
// depend on included.
func (r *Runtime) PlanStartContainers(ctx context.Context, targets []Target) ([]Step, error) {
	byID, err := r.readAll(ctx, targets, func(_ *store.Tx, c *container.Container) ([]string, error) { return c.DependsOn, nil })
	if err != nil {
		return nil, err
	}
	g, err := depgraph.Build(nodesOf(byID))
	if err != nil {
		return nil, graphError(err)
	}
	p := &plan{}
	p.walk(g, depgraph.Outwards, byID, p.check(container.OpStartIn, "start", "starting"))
	return p.steps, p.errs
}

// PlanStopContainers is PlanStartPods for StopContainers.
func (r *Runtime) PlanStopContainers(ctx context.Context, targets []Target) ([]Step, error) {
	byID, err := r.readAll(ctx, targets, nil)
	if err != nil {
		return nil, err
	}
	g, err := r.graphOf(ctx, targets)
	if err != nil {
		return nil, err
	}
	p := &plan{}
	p.walk(g, depgraph.Inwards, byID, p.check(container.OpStop, "stop", "stopping"))
	return p.steps, p.errs
}

// PlanRemoveContainers is PlanStartPods for RemoveContainers.
func (r *Runtime) PlanRemoveContainers(ctx context.Context, sel Selection, opts RemoveOptions) ([]Step, error) {
	opts.Depend = opts.Depend || sel.All
	list, err := r.resolveEach(ctx, sel)
	if err != nil {
		return nil, err
	}
	p := &plan{}
	var named, pods []Target
	for _, rm := range list {
		p.errs = errors.Join(p.errs, rm.Err)
		if rm.Err != nil {
			continue
		}
		podID, err := r.podOfInfra(ctx, rm.ID)
		switch {
		case err != nil:
			p.errs = errors.Join(p.errs, err)
		case podID != "" && opts.Depend:
			pods = append(pods, Target{ID: podID})
		default:
			named = append(named, rm.Target)
		}
	}
	if err := r.planRemoval(ctx, p, named, opts); err != nil {
		return nil, err
	}
	steps, err := r.PlanRemovePods(ctx, pods, opts)
	p.errs = errors.Join(p.errs, err)
	for _, s := range steps { // pods go last; what is gone by then is no step
		if !slices.ContainsFunc(p.steps, func(have Step) bool { return have.ID == s.ID }) {
			s.Wave += p.wave
			p.steps = append(p.steps, s)
		}
	}
	return renumber(p.steps), p.errs
}

// renumber closes the gaps between waves.
func renumber(steps []Step) []Step {
	wave, last := 0, 0
	for i := range steps {
		if steps[i].Wave != last {
			wave, last = wave+1, steps[i].Wave
		}
		steps[i].Wave = wave
	}
	return steps
}

// planRemoval adds the removal of containers that are no infra containers.
func (r *Runtime) planRemoval(ctx context.Context, p *plan, named []Target, opts RemoveOptions) error {
	byID, err := r.readAll(ctx, named, func(tx *store.Tx, c *container.Container) ([]string, error) {
		if !opts.Depend {
			return nil, nil
		}
		return tx.Dependents(ctx, c.ID)
	})
	if err != nil {
		return err
	}
	var set []*container.Container
	for _, c := range byID {
		set = append(set, c)
	}
	slices.SortFunc(set, func(a, b *container.Container) int { return cmp.Compare(a.ID, b.ID) })
	refused := map[string]bool{}
	err = r.store.View(ctx, func(tx *store.Tx) error {
		for _, c := range set {
			if err := r.refuseRemoval(ctx, tx, c, set, opts); err != nil {
				refused[c.ID] = true
				p.errs = errors.Join(p.errs, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	g, err := depgraph.Build(nodesOf(byID))
	if err != nil {
		g = depgraph.BuildWithoutEdges(nodesOf(byID))
	}
	p.walk(g, depgraph.Inwards, byID, func(c *container.Container) string {
		if refused[c.ID] {
			return ""
		}
		return removalAction(c)
	})
	return nil
}

// readAll reads the targets as they are now and, if more is given, what it names,
// and so on.
func (r *Runtime) readAll(ctx context.Context, targets []Target, more func(*store.Tx, *container.Container) ([]string, error)) (map[string]*container.Container, error) {
	byID := map[string]*container.Container{}
	err := r.store.View(ctx, func(tx *store.Tx) error {
		ids := IDs(targets)
		for i := 0; i < len(ids); i++ {
			if byID[ids[i]] != nil {
				continue
			}
			c, err := tx.Container(ctx, ids[i])
			if err != nil {
				return err
			}
			r.observe(c)
			byID[c.ID] = c
			if more == nil {
				continue
			}
			next, err := more(tx, c)
			if err != nil {
				return err
			}
			ids = append(ids, next...)
		}
		return nil
	})
	return byID, err
}

// nodesOf are the nodes of containers with the edges among them.
func nodesOf(byID map[string]*container.Container) []depgraph.Node {
	var nodes []depgraph.Node
	for id, c := range byID {
		deps := slices.DeleteFunc(slices.Clone(c.DependsOn), func(dep string) bool { return byID[dep] == nil })
		nodes = append(nodes, depgraph.Node{ID: id, DependsOn: deps})
	}
	return nodes
}
