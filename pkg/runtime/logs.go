package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/logs"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/store"
)

// LogOptions say what of the logs is read.
type LogOptions struct {
	logs.Options
	// Follow goes on reading until all the containers have ended, a pod's infra
	// container among them.
	Follow bool
}

// LogLine is one line a container wrote.
type LogLine struct {
	logs.Line
	// Index is the container's place among those asked for.
	Index    int
	ID, Name string
}

// ContainerLogs hands the lines containers wrote to emit: those there are in the
// order of their times, those to come as they come. emit is not called
// concurrently; its error ends the reading. No lock is taken.
//
// Errors: errdefs.ErrNoLogs for a container whose log driver keeps none.
func (r *Runtime) ContainerLogs(ctx context.Context, ids []string, opts LogOptions, emit func(LogLine) error) error {
	list := make([]*container.Container, 0, len(ids))
	for _, id := range ids {
		c, err := r.container(ctx, id)
		if err != nil {
			return err
		}
		list = append(list, c)
	}
	return r.readLogs(ctx, list, idsOf(list), opts, emit)
}

// PodLogs is ContainerLogs for a pod's containers, or for the one named, exactly,
// by its ID or name. begin is told first how many are read: the infra container
// counts. Errors also: errdefs.ErrNoSuchCtr.
func (r *Runtime) PodLogs(ctx context.Context, podID, only string, opts LogOptions, begin func(containers int), emit func(LogLine) error) error {
	var members []*container.Container
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		members, err = tx.PodContainers(ctx, podID)
		return err
	})
	if err != nil {
		return err
	}
	members = slices.DeleteFunc(members, hidden)
	if only != "" {
		members = slices.DeleteFunc(members, func(c *container.Container) bool { return c.ID != only && c.Name != only })
		if len(members) == 0 {
			return errdefs.ErrNoSuchCtr
		}
	}
	begin(len(members))
	awaited := idsOf(members)
	// The infra container's only process writes nothing, so it keeps no log; but
	// the pod runs as long as it does.
	members = slices.DeleteFunc(members, func(c *container.Container) bool { return c.IsInfra() })
	return r.readLogs(ctx, members, awaited, opts, emit)
}

// readLogs opens all logs before it reads any, so that a refusal comes first. They
// are followed until the containers awaited have ended.
func (r *Runtime) readLogs(ctx context.Context, list []*container.Container, awaited []string, opts LogOptions, emit func(LogLine) error) error {
	for _, c := range list {
		if err := checkLogDriver(c); err != nil {
			return err
		}
	}
	var sources []*logSource
	defer func() {
		for _, s := range sources {
			s.reader.Close()
		}
	}()
	for i, c := range list {
		reader, err := logs.Open(c.Config.Log.Path, opts.Options)
		if err != nil {
			return err
		}
		sources = append(sources, &logSource{reader: reader, index: i, id: c.ID, name: c.Name})
		if opts.Follow {
			if err := reader.Watch(); err != nil {
				return err
			}
		}
	}
	if err := mergeLogs(sources, emit); err != nil {
		return err
	}
	if opts.Follow {
		if err := r.followLogs(ctx, sources, awaited, opts, emit); err != nil {
			return err
		}
	}
	for _, s := range sources {
		for _, line := range s.reader.Rest() {
			if err := emit(s.line(line)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkLogDriver refuses a container whose output is not in a file.
func checkLogDriver(c *container.Container) error {
	if c.Config == nil {
		return fmt.Errorf("container %s: %s: %w", c.Name, c.Damage, errdefs.ErrInvalidState)
	}
	switch driver := c.Config.Log.Driver; driver {
	case oci.LogK8sFile:
		return nil
	case oci.LogJournald:
		return fmt.Errorf("container %s logs to the journal, which podctl does not read: use journalctl CONTAINER_ID_FULL=%s, or --log-driver k8s-file: %w", c.Name, c.ID, errdefs.ErrUnsupported)
	default:
		return fmt.Errorf("this container is using the '%s' log driver, cannot read logs: %w", driver, errdefs.ErrNoLogs)
	}
}

// logSource is one container's log being read.
type logSource struct {
	reader   *logs.Reader
	index    int
	id, name string
	// head is the next line in a merge; nil at the end.
	head *logs.Line
}

func (s *logSource) line(l logs.Line) LogLine {
	return LogLine{Line: l, Index: s.index, ID: s.id, Name: s.name}
}

func (s *logSource) advance() error {
	l, err := s.reader.Next()
	s.head = nil
	if errors.Is(err, io.EOF) {
		return nil
	}
	s.head = &l
	return err
}

// mergeLogs emits what is there in the order of time; of lines of one instant
// those of the container named first come first.
func mergeLogs(sources []*logSource, emit func(LogLine) error) error {
	for _, s := range sources {
		if err := s.advance(); err != nil {
			return err
		}
	}
	for {
		var first *logSource
		for _, s := range sources {
			if s.head != nil && (first == nil || s.head.Time.Before(first.head.Time)) {
				first = s
			}
		}
		if first == nil {
			return nil
		}
		if err := emit(first.line(*first.head)); err != nil {
			return err
		}
		if err := first.advance(); err != nil {
			return err
		}
	}
}

// followLogs emits what comes, until all containers awaited have ended, the time of
// interest is over, or emit fails.
func (r *Runtime) followLogs(ctx context.Context, sources []*logSource, awaited []string, opts LogOptions, emit func(LogLine) error) error {
	var over <-chan struct{}
	if !opts.Until.IsZero() {
		limited, cancel := context.WithDeadline(ctx, opts.Until)
		defer cancel()
		over = limited.Done()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mutex sync.Mutex
		done  sync.WaitGroup
		errs  = make(chan error, max(1, len(sources)))
	)
	one := func(l LogLine) error {
		mutex.Lock()
		defer mutex.Unlock()
		if ctx.Err() != nil {
			return ctx.Err() // another one's emit failed, or time is over
		}
		return emit(l)
	}
	if len(sources) == 0 {
		done.Go(func() {
			if err := r.awaitLogsEnd(ctx, awaited); err != nil {
				errs <- err
			}
		})
	}
	for _, s := range sources {
		done.Go(func() {
			if err := r.followLog(ctx, s, awaited, one); err != nil {
				errs <- err
				cancel()
			}
		})
	}
	ended := make(chan struct{})
	go func() { done.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-over:
		cancel()
		<-ended
		return nil
	}
	close(errs)
	return <-errs // nil if there is none
}

// lookAgain bounds how long the end of a container may go unnoticed. What it
// writes is noticed at once.
const lookAgain = 200 * time.Millisecond

// followLog emits one container's lines until those awaited have ended for good:
// one that is being restarted goes on.
func (r *Runtime) followLog(ctx context.Context, s *logSource, awaited []string, emit func(LogLine) error) error {
	for {
		// Asked before the reading, so that what was written last is read.
		over, err := r.logsEnded(ctx, awaited)
		if err != nil {
			return err
		}
		if err := drain(s, emit); err != nil || over {
			return err
		}
		tick, cancel := context.WithTimeout(ctx, lookAgain)
		s.reader.Wait(tick)
		cancel()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// awaitLogsEnd returns when nothing more will be written by any of the containers.
func (r *Runtime) awaitLogsEnd(ctx context.Context, ids []string) error {
	for {
		if over, err := r.logsEnded(ctx, ids); err != nil || over {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookAgain):
		}
	}
}

func drain(s *logSource, emit func(LogLine) error) error {
	for {
		if err := s.advance(); err != nil || s.head == nil {
			return err
		}
		if err := emit(s.line(*s.head)); err != nil {
			return err
		}
	}
}

// logsEnded reports whether nothing more will be written by any of them.
func (r *Runtime) logsEnded(ctx context.Context, ids []string) (bool, error) {
	for _, id := range ids {
		if over, err := r.logEnded(ctx, id); err != nil || !over {
			return false, err
		}
	}
	return true, nil
}

// logEnded reports whether nothing more will be written: neither the process nor
// its conmon lives, and nobody is about to start it again.
func (r *Runtime) logEnded(ctx context.Context, id string) (bool, error) {
	c, err := r.container(ctx, id)
	switch {
	case errors.Is(err, errdefs.ErrNoSuchCtr):
		return true, nil
	case err != nil:
		return false, err
	case c.State.HasProcess(), r.alive(c.Runtime.Conmon), !c.Owner.IsZero() && r.alive(c.Owner):
		return false, nil
	case c.State == container.Stopped && wantsRestart(exited(c)):
		return time.Since(c.Runtime.FinishedAt) > endTime, nil // the exit command is on its way
	}
	return !r.beingWorkedOn(id), nil
}

// exited is a container as it will stand once cleaned up after.
func exited(c *container.Container) *container.Container {
	after := *c
	after.State = container.Exited
	return &after
}

func idsOf(list []*container.Container) []string {
	ids := make([]string, 0, len(list))
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids
}

// beingWorkedOn reports whether somebody holds the container's lock, as for the
// stop and start of a restart. It takes none.
func (r *Runtime) beingWorkedOn(id string) bool {
	holders, err := r.locks.Holders()
	if err != nil {
		return false
	}
	for _, h := range holders {
		if h.Name == id {
			return true
		}
	}
	return false
}
