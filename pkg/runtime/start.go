package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
)

// startOptions refine startOne.
type startOptions struct {
	// named: this very container was asked for, not its pod or one that needs it.
	named bool
	// initOnly stops before the process is started.
	initOnly bool
	// attach is called between creation in the OCI runtime and start, so that no
	// output is lost; it must call start. It must not wait for the end: the
	// container's lock is held meanwhile.
	attach func(c *container.Container, start func() error) error
	// preserveFDs are handed to the container's process.
	preserveFDs []*os.File
	// stdio are the process's standard streams with the log driver passthrough.
	stdio [3]*os.File
	// restarted counts the start as one by the restart policy.
	restarted bool
}

// StartContainer starts a container after what it depends on. A running one is
// success. Errors: class ErrInvalidState, or what the OCI runtime said.
func (r *Runtime) StartContainer(ctx context.Context, id string) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	return r.startWithDependencies(ctx, id, startOptions{})
}

// InitContainer creates a container in the OCI runtime without starting it;
// what it depends on is started.
func (r *Runtime) InitContainer(ctx context.Context, id string) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	return r.startWithDependencies(ctx, id, startOptions{initOnly: true})
}

func (r *Runtime) startWithDependencies(ctx context.Context, id string, opts startOptions) error {
	if err := r.startDependencies(ctx, id); err != nil {
		return err
	}
	opts.named = true
	return r.startOne(ctx, id, opts)
}

// startDependencies starts what the container needs, however deep, in parallel
// where it can.
func (r *Runtime) startDependencies(ctx context.Context, id string) error {
	var nodes []depgraph.Node
	err := r.store.View(ctx, func(tx *store.Tx) error {
		c, err := tx.Container(ctx, id)
		if err != nil || len(c.DependsOn) == 0 {
			return err
		}
		if r.observe(c); c.State == container.Removing {
			_, err = container.Check(container.OpStart, id, c.State)
			return err // before anything else is started for it
		}
		nodes, err = neededBy(ctx, tx, c)
		return err
	})
	if err != nil || len(nodes) == 0 {
		return err
	}
	g, err := depgraph.Build(nodes)
	if err != nil {
		return fmt.Errorf("generating dependency graph for container %s: %w", id, graphError(err))
	}
	res := g.Subgraph(slices.DeleteFunc(g.IDs(), func(n string) bool { return n == id })).
		Walk(ctx, depgraph.WalkOptions{Direction: depgraph.Outwards, Workers: workers()}, func(ctx context.Context, dep string) error {
			return r.startOne(ctx, dep, startOptions{})
		})
	var errs error
	for _, e := range res.Errors() {
		var blocked *depgraph.BlockedError
		if !errors.As(e.Err, &blocked) {
			errs = errors.Join(errs, fmt.Errorf("starting container %s: %w", e.ID, e.Err))
		}
	}
	if errs != nil {
		return fmt.Errorf("starting some containers: %w: %w", errdefs.ErrInternal, errs)
	}
	return nil
}

// neededBy collects c and everything it depends on.
func neededBy(ctx context.Context, tx *store.Tx, c *container.Container) ([]depgraph.Node, error) {
	seen := map[string]bool{c.ID: true}
	nodes := []depgraph.Node{{ID: c.ID, DependsOn: c.DependsOn}}
	for i := 0; i < len(nodes); i++ {
		for _, dep := range nodes[i].DependsOn {
			if seen[dep] {
				continue
			}
			seen[dep] = true
			d, err := tx.Container(ctx, dep)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, depgraph.Node{ID: d.ID, DependsOn: d.DependsOn})
		}
	}
	return nodes, nil
}

// graphError is a graph that cannot be built, as the user sees it.
func graphError(err error) error {
	var cycle *depgraph.CycleError
	if errors.As(err, &cycle) {
		return fmt.Errorf("%s: cycle found in container dependency graph: %w", joinCycle(cycle.Members), errdefs.ErrInternal)
	}
	return fmt.Errorf("%w: %w", err, errdefs.ErrInternal)
}

func joinCycle(members []string) string {
	text := ""
	for _, m := range members {
		text += shortID(m) + " -> "
	}
	return text + shortID(members[0])
}

// startOne starts one container whose dependencies run, under its lock.
func (r *Runtime) startOne(ctx context.Context, id string, opts startOptions) error {
	return r.locked(ctx, id, func() error {
		if err := r.settle(ctx, id); err != nil {
			return err
		}
		return r.inSlot(ctx, func() error { return r.startLocked(ctx, id, opts) })
	})
}

// startLocked is startOne for a caller that holds the lock and has settled the row.
func (r *Runtime) startLocked(ctx context.Context, id string, opts startOptions) error {
	// Without conmon or OCI runtime nothing is begun: undoing it needs them too.
	if _, err := r.oci(); err != nil {
		return err
	}
	r.aboutToMove()
	c, todo, err := r.claimStart(ctx, id, opts)
	if err != nil || !todo {
		return err
	}
	created := c.State == container.Initialized
	if !created {
		if err = r.createJoined(ctx, c, opts); err != nil {
			return r.failStart(ctx, c, err)
		}
	}
	if opts.initOnly {
		return r.finishStart(ctx, c, container.Initialized, event.Init)
	}
	var told []event.Status
	if !created {
		told = append(told, event.Init)
	}
	if opts.attach == nil {
		return r.startProcess(ctx, c, append(told, event.Start))
	}
	tried := false
	err = opts.attach(c, func() error {
		tried = true
		return r.startProcess(ctx, c, append(told, event.Attach, event.Start))
	})
	if err != nil && !tried {
		return r.failStart(ctx, c, err)
	}
	return err
}

// startProcess starts the created process and records it running, with events.
func (r *Runtime) startProcess(ctx context.Context, c *container.Container, statuses []event.Status) error {
	engine, err := r.oci()
	if err != nil {
		return r.failStart(ctx, c, err)
	}
	if err := r.startHealthWatch(ctx, c); err != nil {
		return r.failStart(ctx, c, err)
	}
	started := time.Now().UTC() // not when it is recorded: a brief process has ended by then
	if err := engine.Start(ctx, c.ID); err != nil {
		return r.failStart(ctx, c, err)
	}
	c.Runtime.StartedAt = started
	return r.finishStart(ctx, c, container.Running, statuses...)
}

// claimStart decides whether the container may start now and records the intent.
func (r *Runtime) claimStart(ctx context.Context, id string, opts startOptions) (c *container.Container, todo bool, err error) {
	op := container.OpStartIn
	switch {
	case opts.initOnly:
		op = container.OpInit
	case opts.named:
		op = container.OpStart
	}
	err = r.store.Update(ctx, func(tx *store.Tx) error {
		if c, err = tx.Container(ctx, id); err != nil {
			return err
		}
		r.observe(c)
		verdict, err := container.Check(op, id, c.State)
		if err != nil || verdict == container.Nothing {
			return err
		}
		if err := r.checkStartable(ctx, tx, c); err != nil {
			return err
		}
		todo = true
		r.claim(c, intentStart)
		if opts.restarted {
			r.claim(c, intentStartAgain)
		}
		return tx.SaveContainer(ctx, c)
	})
	if err != nil || !todo {
		return c, todo, err
	}
	// What the last run left counts until this one is there: a start that is cut
	// off leaves it as it was.
	if !opts.restarted {
		c.Runtime.RestartCount = 0
	} else {
		c.Runtime.RestartCount++
	}
	c.Runtime.StoppedByUser, c.Runtime.Error = false, ""
	return c, todo, err
}

// checkStartable refuses a container of a pod that is going, and one whose
// dependencies do not run.
func (r *Runtime) checkStartable(ctx context.Context, tx *store.Tx, c *container.Container) error {
	if c.PodID != "" {
		p, err := tx.Pod(ctx, c.PodID)
		if err != nil {
			return err
		}
		if p.State == pod.Removing && r.alive(p.Owner) {
			return fmt.Errorf("pod %s is being removed, container %s cannot be started: %w", p.Name, c.ID, errdefs.ErrPodRemoved)
		}
	}
	var down []string
	for _, dep := range c.DependsOn {
		d, err := tx.Container(ctx, dep)
		if err != nil {
			return err
		}
		if r.observe(d); d.State != container.Running && d.State != container.Paused {
			down = append(down, dep)
		}
	}
	if len(down) > 0 {
		return fmt.Errorf("some dependencies of container %s are not started: %s: %w", c.ID, joinIDs(down), errdefs.ErrCtrState)
	}
	return nil
}

// errJoinedEnded is of a creation that failed after the end of a container whose
// namespaces were to be joined.
var errJoinedEnded = errors.New("what was joined has ended")

// createJoined is createInRuntime, and again if a container whose namespaces are
// joined ended meanwhile, and was started anew.
func (r *Runtime) createJoined(ctx context.Context, c *container.Container, opts startOptions) error {
	for {
		err := r.createInRuntime(ctx, c, opts)
		if !errors.Is(err, errJoinedEnded) || ctx.Err() != nil {
			return err
		}
		for kind, ns := range c.Config.Namespaces.ByKind() {
			if ns.Mode != container.ModeContainer {
				continue
			}
			if _, err := r.runningOther(ctx, c, kind, ns.Value); err != nil {
				return err
			}
		}
		if err := r.takeDown(ctx, c); err != nil {
			return err
		}
	}
}

// allRun reports whether the processes that the rows tell of are there. One that was
// killed has left its namespaces a moment before it is gone.
func (r *Runtime) allRun(rows map[string]*container.Container) bool {
	for _, c := range rows {
		if !r.alive(c.Runtime.Process) || r.processes.Killed(proc.Process(c.Runtime.Process)) {
			return false
		}
	}
	return true
}

// createInRuntime sets up everything around the container and creates it in the
// OCI runtime. Repeatable after a kill: what an earlier try left is removed.
func (r *Runtime) createInRuntime(ctx context.Context, c *container.Container, opts startOptions) error {
	engine, err := r.oci()
	if err != nil {
		return err
	}
	if err := r.cleanExit(c.ID); err != nil {
		return err
	}
	ports, err := r.reservePorts(c)
	if err != nil {
		return err
	}
	defer closeFiles(ports) // conmon has its own copies by then
	held, err := r.holdUserNS(ctx, c)
	if err != nil {
		return err
	}
	if held != nil {
		defer held.Release() // the container's process is in it by then
	}
	life, err := r.newLifeline(c)
	if err != nil {
		return err
	}
	defer life.close() // conmon has its own copy by then
	connected, joined, err := r.prepare(ctx, c, held, life)
	if err != nil {
		return err
	}
	create := oci.CreateOptions{
		ID: c.ID, Name: c.Name, Bundle: r.settings.BundleDir(c.ID),
		LogDriver: c.Config.Log.Driver, LogPath: c.Config.Log.Path, LogSizeMax: c.Config.Log.SizeMax, LogTag: c.Config.Log.Tag,
		PidFile: c.Config.PidFile, ConmonPidFile: c.Config.ConmonPidFile,
		Terminal: c.Config.Terminal, Stdin: c.Config.Stdin, // who attaches and comes to the end of input ends it for the process
		Timeout: c.Config.Timeout, PreserveFDs: opts.preserveFDs, Held: append(ports, life.held()...),
		CgroupOfConmon: func(pid int) error { return r.enterCgroup(ctx, c, pid) },
	}
	if create.SystemdCgroup, err = r.ofSystemd(c); err != nil {
		return err
	}
	create.NoCgroup = c.Config.Resources.CgroupMode == cgroupsDisabled
	if create.LogDriver == oci.LogPassthrough {
		create.Stdio = opts.stdio
	}
	created, err := engine.Create(ctx, create)
	if netErr := connected(); netErr != nil {
		return netErr
	}
	if err != nil && !r.allRun(joined) {
		return fmt.Errorf("%w: %w", withRemedy(err), errJoinedEnded)
	}
	if err != nil {
		return withRemedy(err)
	}
	return r.recordProcesses(c, created)
}

// reservePorts binds the host's ports the container publishes, so that no other
// program takes one while the firewall forwards it, and a port that is taken is
// an error here. conmon holds them.
func (r *Runtime) reservePorts(c *container.Container) ([]*os.File, error) {
	// Whatever forwards a user's ports takes them by itself.
	if c.Config.Namespaces.Net.Mode != container.ModeBridge || r.settings.Rootless || len(c.Config.Network.Ports) == 0 {
		return nil, nil
	}
	return network.ReservePorts(c.Config.Network.Ports)
}

func closeFiles(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // nothing was written
	}
}

// recordProcesses notes who runs, with the start times that make pids count.
func (r *Runtime) recordProcesses(c *container.Container, created oci.Created) error {
	p, err := r.processes.Of(created.PID)
	if err != nil {
		return fmt.Errorf("identify process of container %s: %w", c.ID, err)
	}
	c.Runtime.Process = container.Owner(p)
	if m, err := r.processes.Of(created.ConmonPID); err == nil {
		c.Runtime.Conmon = container.Owner(m)
	}
	return nil
}

// finishStart records the new state, with the events that tell of it.
func (r *Runtime) finishStart(ctx context.Context, c *container.Container, to container.State, statuses ...event.Status) error {
	ctx, cancel := detached(ctx) // the process runs: that must be recorded even if the user gave up
	defer cancel()
	return r.store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Container(ctx, c.ID)
		if err != nil {
			return err
		}
		run := &c.Runtime
		if to == container.Running {
			run.Exited, run.ExitCode, run.OOMKilled = false, 0, false
		}
		row.Runtime = c.Runtime
		conclude(row, to)
		if err := tx.SaveContainer(ctx, row); err != nil {
			return err
		}
		for _, s := range statuses {
			if err := tx.AddEvent(ctx, containerEvent(row, s)); err != nil {
				return err
			}
		}
		return nil
	})
}

// failStart takes everything down again that the start set up, and records why
// it failed.
func (r *Runtime) failStart(ctx context.Context, c *container.Container, cause error) error {
	// What it needs may have been stopped meanwhile: that is the reason then, and
	// not what the OCI runtime made of a namespace that is gone.
	if err := r.store.View(context.WithoutCancel(ctx), func(tx *store.Tx) error { return r.checkStartable(ctx, tx, c) }); errors.Is(err, errdefs.ErrInvalidState) {
		cause = err
	}
	return undo(ctx, cause, func(ctx context.Context) error {
		if err := r.takeDown(ctx, c); err != nil {
			return err
		}
		_, err := r.change(ctx, c.ID, func(_ *store.Tx, row *container.Container) error {
			row.Runtime = c.Runtime
			row.Runtime.Error = cause.Error()
			conclude(row, stateBeforeStart(row))
			return nil
		})
		return err
	})
}
