package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/proc"
)

// takeDown removes everything a start set up on the host, in reverse: processes,
// the OCI runtime's record, then network, bundle, mounts, cgroup. Every step is
// idempotent. While the process is not gone it goes no further; after that it goes
// on after an error and reports them all. It clears the run state in c that named
// these things.
func (r *Runtime) takeDown(ctx context.Context, c *container.Container) error {
	var errs error
	if c.State != container.Created || c.Intent != "" || c.Runtime.Process.PID != 0 {
		engine, err := r.oci()
		if err != nil {
			return err
		}
		errs = errors.Join(r.endProcesses(ctx, c), wrap(engine.Delete(ctx, c.ID, forceDelete), "remove container %s from the OCI runtime", c.ID))
	}
	if errs != nil {
		return errs // mounts and network are still in use
	}
	r.endSessions(ctx, c)
	// netavark takes longer than all the rest, which does not need it.
	network := make(chan error, 1)
	go func() { network <- r.teardownNetwork(ctx, c) }()
	errs = errors.Join(
		r.unmountAll(ctx, c),
		r.awaitExitCommand(ctx, c),
		r.removeContainerCgroup(ctx, c),
	)
	errs = errors.Join(<-network, errs)
	if errs != nil {
		return errs
	}
	c.Runtime.Process, c.Runtime.Conmon = container.Owner{}, container.Owner{}
	c.Runtime.Mountpoint, c.Runtime.NetNS, c.Runtime.NetStatus = "", "", nil
	return nil
}

// endTime is how long a killed process may take to go.
const endTime = 10 * time.Second

// endProcesses kills what is left of a container's process and of its conmon,
// and waits until they are gone. The pids come from the row, or, when a start was
// cut off before it could record them, from the files conmon wrote.
func (r *Runtime) endProcesses(ctx context.Context, c *container.Container) error {
	process, conmon := c.Runtime.Process, c.Runtime.Conmon
	if mayBeStarted(c.Intent) && process.PID == 0 {
		process = r.processFromFile(c, c.Config.PidFile, oci.PidFileName)
		conmon = r.processFromFile(c, c.Config.ConmonPidFile, oci.ConmonPidFileName)
	}
	if !mayBeStarted(c.Intent) {
		err := errors.Join(r.killAndWait(ctx, process), r.endHealthWatch(ctx, c))
		if r.relieves(c) {
			return err // see awaitExitCommand
		}
		return errors.Join(err, r.killAndWait(ctx, conmon))
	}
	// With its conmon goes an OCI runtime that hangs, or is still at work.
	err := errors.Join(r.killAndWait(ctx, process), r.killTree(ctx, conmon), r.endHealthWatch(ctx, c))
	if err == nil {
		err = r.endConmons(ctx, c)
	}
	if err != nil {
		return err
	}
	return r.endCreation(ctx, c)
}

// endConmons ends a conmon whose podctl was killed an instant ago: it has not
// written its pid yet, and would go on to run the OCI runtime. Before it has called
// exec, and while it forks, it is not found either; then it is looked for again.
func (r *Runtime) endConmons(ctx context.Context, c *container.Container) error {
	ctx, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	for {
		for _, p := range r.conmonsOf(c.ID) {
			if err := r.killTree(ctx, p); err != nil {
				return err
			}
		}
		present, err := oci.ConmonPresent(r.settings.BundleDir(c.ID))
		if err != nil || !present {
			return err
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("wait for the conmon of container %s to be found: %w", shortID(c.ID), ctx.Err())
		}
	}
}

// relieve makes us the one who deals with the end of a container, so that its
// exit command has nothing to do. Without it the exit command waits for the lock
// and finds everything done, which costs another start of podctl.
func (r *Runtime) relieve(id string) {
	r.setRelief(id, proc.Process(r.self))
}

// burden takes relieve back, for a container that did not end after all.
func (r *Runtime) burden(id string) { r.setRelief(id, proc.Process{}) }

func (r *Runtime) setRelief(id string, by proc.Process) {
	engine, err := r.oci()
	if err == nil {
		err = engine.Relieve(id, by)
	}
	if err != nil {
		logrus.Debugf("exit command of container %s: %v", shortID(id), err)
	}
}

func (r *Runtime) relieves(c *container.Container) bool {
	engine, err := r.oci()
	return err == nil && engine.RelievedBy(c.ID, proc.Process(r.self))
}

// exitCommandTime is what an exit command with nothing to do may take. conmon
// also waits for what else became its child, which may be for ever.
const exitCommandTime = 500 * time.Millisecond

// awaitExitCommand waits for the exit command that we relieve: it is in the
// cgroup of conmons. conmon ends with it.
func (r *Runtime) awaitExitCommand(ctx context.Context, c *container.Container) error {
	if !r.relieves(c) || !r.alive(c.Runtime.Conmon) {
		return nil
	}
	soon, cancel := context.WithTimeout(ctx, exitCommandTime)
	defer cancel()
	if r.processes.Wait(soon, proc.Process(c.Runtime.Conmon)) == nil {
		return nil
	}
	return r.killAndWait(ctx, c.Runtime.Conmon)
}

// conmonsOf finds a container's conmons by their command lines.
func (r *Runtime) conmonsOf(id string) (found []container.Owner) {
	pids, _ := proc.All() // none: nothing can be found
	for _, pid := range pids {
		if args := proc.Args(pid); len(args) == 0 || r.watchedBy(args) != id {
			continue
		}
		if p, err := r.processes.Of(pid); err == nil {
			found = append(found, container.Owner(p))
		}
	}
	return found
}

// killTree kills a process with all that descends from it.
func (r *Runtime) killTree(ctx context.Context, o container.Owner) error {
	if !r.alive(o) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	return r.processes.KillTree(ctx, proc.Process(o))
}

// endSessions ends what is left of exec sessions once the container's processes
// are gone: a conmon whose OCI runtime hangs would stay for ever. The others
// notice the end by themselves, write down how it came about, and are given the
// time for it.
func (r *Runtime) endSessions(ctx context.Context, c *container.Container) {
	dir := r.sessionDir(c.ID, "")
	sessions, err := os.ReadDir(dir)
	if err != nil {
		return // there were none
	}
	soon, cancel := context.WithTimeout(ctx, conmonTime)
	defer cancel()
	for _, s := range sessions {
		conmon := r.processIn(filepath.Join(dir, s.Name(), oci.ConmonPidFileName), func(pid int) bool {
			return strings.Contains(r.processes.Cmdline(pid), s.Name())
		})
		if r.processes.Wait(soon, proc.Process(conmon)) == nil {
			continue
		}
		if err := r.killTree(ctx, conmon); err != nil {
			logrus.Warnf("end exec session %s of container %s: %v", shortID(s.Name()), c.Name, err)
		}
	}
}

// endCreation kills what the OCI runtime had begun to make a container of when
// its conmon was killed. Such a process would go on, and set up the mounts of
// the container in a root file system that we are about to unmount. It enters
// the container's cgroup before it does anything else.
func (r *Runtime) endCreation(ctx context.Context, c *container.Container) error {
	if c.Config.Resources.CgroupMode == "disabled" || c.Config.Resources.CgroupParent == "" {
		return nil
	}
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	for {
		pids, err := m.Processes(m.ContainerCgroup(c.Config.Resources.CgroupParent, c.ID))
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			p, err := r.processes.Of(pid)
			if err != nil {
				continue // gone
			}
			if err := r.killAndWait(ctx, container.Owner(p)); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("wait for the processes of container %s to die: %w", shortID(c.ID), err)
		}
	}
}

// processFromFile reads a pid file in the bundle (or where the user wanted it).
// The pid may have been given to somebody else since: it counts only if its
// command line names the container.
func (r *Runtime) processFromFile(c *container.Container, path, name string) container.Owner {
	if path == "" {
		path = filepath.Join(r.settings.BundleDir(c.ID), name)
	}
	return r.processIn(path, func(pid int) bool {
		if name == oci.ConmonPidFileName {
			return strings.Contains(r.processes.Cmdline(pid), c.ID)
		}
		return r.processes.InCgroup(pid, c.ID)
	})
}

// processIn reads a pid file; the process counts if it is the one meant.
func (r *Runtime) processIn(path string, isMeant func(pid int) bool) container.Owner {
	b, err := os.ReadFile(path)
	if err != nil {
		return container.Owner{}
	}
	var pid int
	if _, err := fmt.Sscanf(string(b), "%d", &pid); err != nil || !isMeant(pid) {
		return container.Owner{}
	}
	p, err := r.processes.Of(pid)
	if err != nil {
		return container.Owner{}
	}
	return container.Owner(p)
}

func (r *Runtime) killAndWait(ctx context.Context, o container.Owner) error {
	p := proc.Process(o)
	if !r.processes.Alive(p) {
		return nil
	}
	if err := r.processes.Signal(p, sigKill); err != nil && !errors.Is(err, errdefs.ErrNotFound) {
		return fmt.Errorf("kill process %d: %w", o.PID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	if err := r.processes.Wait(ctx, p); err != nil {
		return fmt.Errorf("wait for process %d to die: %w", o.PID, err)
	}
	return nil
}

// removeContainerCgroup removes what the OCI runtime left of the cgroup.
func (r *Runtime) removeContainerCgroup(ctx context.Context, c *container.Container) error {
	if c.Config.Resources.CgroupMode == "disabled" || c.Config.Resources.CgroupParent == "" {
		return nil
	}
	m, err := r.cgroups()
	if err != nil {
		return err
	}
	return m.RemoveContainer(ctx, c.Config.Resources.CgroupParent, c.ID)
}

// cleanExit forgets how the container ended before.
func (r *Runtime) cleanExit(id string) error {
	engine, err := r.oci()
	if err != nil {
		return err
	}
	return engine.RemoveFiles(id)
}
