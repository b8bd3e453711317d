package runtime

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
)

// recover finishes or undoes what killed commands left half done. Every verb
// that changes something calls it first; with nothing left behind it costs one
// read. What cannot be mended now is reported and left for the next command: it
// must not keep the verb from its own work.
func (r *Runtime) recover(ctx context.Context) error {
	if once, ok := ctx.Value(recoverKey{}).(*recovery); ok {
		// What it mends with may be verbs, which recover by themselves.
		once.Do(func() { once.err = r.recoverAll(context.WithValue(ctx, recoverKey{}, nil)) })
		return once.err
	}
	return r.recoverAll(ctx)
}

// recovery is one that several verbs begin with.
type recovery struct {
	sync.Once
	err error
}

type recoverKey struct{}

// recoverOnce is for verbs of one command: the first of them recovers for all.
func recoverOnce(ctx context.Context) context.Context {
	return context.WithValue(ctx, recoverKey{}, new(recovery))
}

func (r *Runtime) recoverAll(ctx context.Context) error {
	var dead abandoned
	if err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		dead, err = r.findAbandoned(ctx, tx)
		return err
	}); err != nil {
		return err
	}
	if err := r.settleAll(ctx, dead); err != nil {
		return err
	}
	if err := r.locks.Sweep(); err != nil {
		logrus.Debugf("sweep locks of killed holders: %v", err) // they are in nobody's way
	}
	return nil
}

// settleAll mends one thing after another, until all is well or something takes too
// long: then the next would too, and the verb has its own work to do. The error is
// ErrNoLibrary, if somebody else has to mend.
func (r *Runtime) settleAll(ctx context.Context, dead abandoned) (lacking error) {
	inTime := true
	mend := func(kind, name string, grace time.Duration, fn func(context.Context, string) error) {
		if !inTime {
			return
		}
		var err error
		if inTime, err = r.mend(ctx, kind, name, grace, fn); errors.Is(err, ErrNoLibrary) {
			lacking = err
		}
	}
	for _, id := range dead.ended {
		mend("container", id, 0, r.resumeCleanup)
	}
	for _, c := range dead.inOrder() {
		if c.Intent == intentCleanup || c.Intent == intentStartAgain {
			mend("container", c.ID, 0, r.resumeCleanup)
		} else {
			mend("container", c.ID, grace(c), r.recoverContainer)
		}
	}
	for _, p := range dead.pods {
		switch p.State {
		case pod.Creating:
			mend("pod", p.ID, 0, r.resumePodUnmaking)
		case pod.Removing:
			mend("pod", p.ID, dead.grace, r.resumePodRemoval)
		}
	}
	for _, s := range dead.sessions {
		mend("exec session", s.ID, 0, func(ctx context.Context, _ string) error { return r.recoverSession(ctx, s) })
	}
	for _, name := range dead.volumes {
		mend("volume", name, 0, r.recoverVolume)
	}
	return lacking
}

// grace is how long a container may take to stop while its removal is carried on.
func grace(c *container.Container) time.Duration {
	if t := stopTimeOf(c.Intent); t != nil {
		return *t
	}
	return c.StopTimeout()
}

// mendTime bounds what a verb spends on one thing that others left, besides the
// grace period of what has to be stopped first.
const mendTime = 30 * time.Second

// mend runs one recovery, and reports one that failed. It is false if the time
// ran out, or a program hung.
func (r *Runtime) mend(ctx context.Context, kind, name string, grace time.Duration, fn func(context.Context, string) error) (inTime bool, err error) {
	limited, cancel := context.WithTimeout(ctx, mendTime+grace)
	defer cancel()
	err = fn(limited, name)
	if err != nil && !errors.Is(err, errdefs.ErrNotFound) && !errors.Is(err, ErrNoLibrary) {
		logrus.Warnf("an interrupted command left %s %s half done, and it cannot be mended now: %v", kind, shortID(name), err)
	}
	var hung *proc.TimeoutError
	return limited.Err() == nil && !errors.As(err, &hung), err
}

// abandoned is what dead owners left.
type abandoned struct {
	containers []*container.Container
	pods       []*pod.Pod
	volumes    []string
	sessions   []*store.ExecSession
	// ended are containers whose process and conmon are gone, and nobody recorded
	// the end.
	ended []string
	// grace is the longest stop timeout in a pod that is being removed.
	grace time.Duration
}

// inOrder are the containers, dependents first: a removal may only go on so.
func (a abandoned) inOrder() []*container.Container {
	nodes := make([]depgraph.Node, 0, len(a.containers))
	byID := make(map[string]*container.Container, len(a.containers))
	for _, c := range a.containers {
		nodes = append(nodes, depgraph.Node{ID: c.ID, DependsOn: within(c.DependsOn, a.containers)})
		byID[c.ID] = c
	}
	g, err := depgraph.Build(nodes)
	if err != nil {
		return a.containers
	}
	ordered := make([]*container.Container, 0, len(nodes))
	for _, id := range g.Order(depgraph.Inwards) {
		ordered = append(ordered, byID[id])
	}
	return ordered
}

// deathTime is how long a podctl that was killed may take to go. Until then it
// may hold locks.
const deathTime = 2 * time.Second

// lives reports whether an owner is alive. It waits for one that was killed: who
// kills a podctl and then runs another need not wait in between.
func (r *Runtime) lives(ctx context.Context, o container.Owner) bool {
	if !r.alive(o) {
		return false
	}
	if r.processes.Killed(proc.Process(o)) {
		soon, cancel := context.WithTimeout(ctx, deathTime)
		defer cancel()
		_ = r.processes.Wait(soon, proc.Process(o)) // then it counts as alive
	}
	return r.alive(o)
}

// findAbandoned looks for transitional rows whose owner is dead.
func (r *Runtime) findAbandoned(ctx context.Context, tx *store.Tx) (abandoned, error) {
	var dead abandoned
	pods, err := tx.PodsInTransition(ctx)
	if err != nil {
		return dead, err
	}
	dying := map[string]bool{}
	for _, p := range pods {
		if p.State != pod.Creating && p.State != pod.Removing {
			continue // damaged: for the user to decide
		}
		if r.lives(ctx, p.Owner) {
			continue
		}
		dead.pods = append(dead.pods, p)
		dying[p.ID] = true
		members, err := tx.PodContainers(ctx, p.ID)
		if err != nil {
			return dead, err
		}
		for _, c := range members {
			dead.grace = max(dead.grace, grace(c))
		}
	}
	list, err := tx.ContainersBusy(ctx)
	if err != nil {
		return dead, err
	}
	for _, b := range list {
		if r.lives(ctx, b.Owner) || dying[b.PodID] {
			continue
		}
		c, err := tx.Container(ctx, b.ID)
		if err != nil {
			return dead, err
		}
		dead.containers = append(dead.containers, c)
	}
	up, err := tx.ContainersUp(ctx)
	if err != nil {
		return dead, err
	}
	for _, u := range up {
		if !r.alive(u.Process) && !r.alive(u.Conmon) {
			dead.ended = append(dead.ended, u.ID)
		}
	}
	sessions, err := tx.ExecSessions(ctx, "")
	if err != nil {
		return dead, err
	}
	for _, s := range sessions {
		if !r.alive(s.Process) {
			dead.sessions = append(dead.sessions, s)
		}
	}
	volumes, err := tx.VolumesInTransition(ctx)
	if err != nil {
		return dead, err
	}
	for _, v := range volumes {
		if !r.lives(ctx, v.Owner) {
			dead.volumes = append(dead.volumes, v.Name)
		}
	}
	return dead, nil
}

// recoverContainer settles one container, unless somebody is at it by now.
func (r *Runtime) recoverContainer(ctx context.Context, id string) error {
	l, ok, err := r.locks.TryLock(id)
	if err != nil || !ok {
		return err
	}
	defer l.Remove() //nolint:errcheck // the lock dies with the descriptor
	err = r.settle(ctx, id)
	if errors.Is(err, errdefs.ErrNoSuchCtr) {
		r.finished.Store(id, true)
		return l.Remove()
	}
	return err
}

// resumeCleanup carries on an exit command that was killed, unless somebody is
// at the container by now.
func (r *Runtime) resumeCleanup(ctx context.Context, id string) error {
	opts := CleanupOptions{StoppedOnly: true}
	l, ok, err := r.locks.TryLock(id)
	if err != nil || !ok {
		return err
	}
	var c *container.Container
	if err = r.checkImageRemoval(ctx, id, opts); err == nil {
		c, err = r.cleanUp(ctx, id, opts)
	}
	if err = errors.Join(err, l.Remove()); err != nil || c == nil {
		return err
	}
	return r.applyPolicies(ctx, c, opts)
}

// isFinished reports whether this process, recovering, completed the removal of
// the object: who was about to remove it has nothing left to do.
func (r *Runtime) isFinished(id string) bool {
	_, ok := r.finished.Load(id)
	return ok
}

// inheritPod makes us the owner of a pod whose owner died while it was in that
// state. It is false if there is nothing to inherit: what was read of the row may be
// older than the owner's death, who got it done and ended in peace.
func (r *Runtime) inheritPod(ctx context.Context, id string, state pod.State) (inherited bool, err error) {
	err = r.store.Update(ctx, func(tx *store.Tx) error {
		p, err := tx.Pod(ctx, id)
		if err != nil || p.State != state || r.alive(p.Owner) {
			return err
		}
		inherited = true
		p.Owner = r.self
		if err := tx.SavePod(ctx, p); err != nil || state != pod.Creating || p.InfraID == "" {
			return err
		}
		infra, err := tx.Container(ctx, p.InfraID)
		if errors.Is(err, errdefs.ErrNoSuchCtr) {
			return nil // unmade before
		}
		if err != nil {
			return err
		}
		r.claim(infra, intentCreate)
		return tx.SaveContainer(ctx, infra)
	})
	return inherited, err
}

// resumePodUnmaking undoes a pod create whose owner died.
func (r *Runtime) resumePodUnmaking(ctx context.Context, id string) error {
	if inherited, err := r.inheritPod(ctx, id, pod.Creating); err != nil || !inherited {
		return err
	}
	return r.unmakePod(ctx, id)
}

// resumePodRemoval carries on a pod removal whose owner died.
func (r *Runtime) resumePodRemoval(ctx context.Context, id string) error {
	if inherited, err := r.inheritPod(ctx, id, pod.Removing); err != nil || !inherited {
		return err
	}
	err := r.removePod(ctx, id, RemoveOptions{Force: true})
	if err == nil {
		r.finished.Store(id, true)
	}
	return err
}

// recoverVolume finishes the removal of a volume, or undoes or finishes its
// making: one a container uses by now is kept.
func (r *Runtime) recoverVolume(ctx context.Context, name string) error {
	var remove bool
	err := r.store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Volume(ctx, name)
		if err != nil {
			return err
		}
		damaged := row.State != store.VolumeCreating && row.State != store.VolumeRemoving // nobody said to remove it
		if damaged || r.alive(row.Owner) {
			return nil
		}
		remove, err = r.claimVolume(ctx, tx, row)
		if errors.Is(err, errdefs.ErrInUse) {
			row.State, row.Owner = store.VolumeReady, container.Owner{}
			return tx.SaveVolume(ctx, row)
		}
		return err
	})
	if err != nil {
		return err
	}
	if !remove {
		return nil
	}
	return r.removeClaimedVolume(ctx, name)
}
