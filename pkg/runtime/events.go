package runtime

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/settings"
	"github.com/podctl/podctl/pkg/store"
)

// EventOptions select events.
type EventOptions struct {
	// Filters are "key=value" as podman-events(1) has them.
	Filters []string
	// Since and Until bound the time of the events; zero: not at all. Without
	// either, and with Stream, only events to come are read.
	Since, Until time.Time
	// Stream waits for further events, until Until or the end of the context.
	Stream bool
}

// Events hands events to emit, in the order they happened. It takes no lock. The
// end of the context ends a stream and is no error. Errors: class
// ErrInvalidArgument for a filter that cannot be, before anything is read;
// ErrUnavailable where no events are kept; what emit returns.
func (r *Runtime) Events(ctx context.Context, opts EventOptions, emit func(event.Event) error) error {
	match, err := eventFilter(opts.Filters)
	if err != nil {
		return err
	}
	if r.settings.EventsBackend().Value == settings.EventsNone {
		return &eventsOff{}
	}
	reader := &eventReader{r: r, query: store.EventQuery{Since: opts.Since, Until: opts.Until}, match: match, emit: emit}
	if opts.Stream && opts.Since.IsZero() && opts.Until.IsZero() {
		if err := reader.skipToEnd(ctx); err != nil {
			return err
		}
	}
	if !opts.Stream {
		return reader.read(ctx)
	}
	return r.follow(ctx, reader, opts.Until)
}

// eventsOff is the refusal to read events that nobody keeps.
type eventsOff struct{}

func (*eventsOff) Error() string        { return `cannot read events with the "none" backend` }
func (*eventsOff) Is(target error) bool { return target == errdefs.ErrUnavailable }

// eventReader reads each event once.
type eventReader struct {
	r     *Runtime
	query store.EventQuery
	match predicate[event.Event]
	emit  func(event.Event) error
}

func (e *eventReader) skipToEnd(ctx context.Context) error {
	return e.r.store.View(ctx, func(tx *store.Tx) (err error) {
		e.query.AfterSeq, err = tx.LastEventSeq(ctx)
		return err
	})
}

// read hands out what was added since the last call.
func (e *eventReader) read(ctx context.Context) error {
	var list []event.Event
	err := e.r.store.View(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Events(ctx, e.query)
		return err
	})
	if err != nil {
		return err
	}
	for _, ev := range list {
		e.query.AfterSeq = ev.Seq
		if !e.match(ev) {
			continue
		}
		if err := e.emit(ev); err != nil {
			return err
		}
	}
	return nil
}

// follow reads events as they come. The write-ahead log changes with every
// commit; should its changes not be seen, a slow look finds the event.
func (r *Runtime) follow(ctx context.Context, events *eventReader, until time.Time) error {
	outer := ctx
	if !until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, until)
		defer cancel()
	}
	changes, stop := r.watchDatabase()
	defer stop()
	look := time.NewTicker(eventInterval)
	defer look.Stop()
	for {
		if err := events.read(outer); err != nil {
			return endOfStream(outer, err)
		}
		select {
		case <-ctx.Done():
			return endOfStream(outer, events.read(outer))
		case <-changes:
		case <-look.C:
		}
	}
}

const eventInterval = 2 * time.Second

// endOfStream: that the user ended the stream is no error.
func endOfStream(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// eventFilter makes the predicate of podman-events(1)'s filters, whose keys are
// case-insensitive.
func eventFilter(filters []string) (predicate[event.Event], error) {
	keys := eventFilters()
	normal := make([]string, 0, len(filters))
	for _, f := range filters {
		if key, value, ok := strings.Cut(f, "="); ok && keys[strings.ToLower(key)] != nil {
			f = strings.ToLower(key) + "=" + value
			if strings.ToLower(key) == "status" {
				f = "event=" + value
			}
		}
		normal = append(normal, f)
	}
	bind, err := parseFilters(normal, keys, "%s is an invalid filter")
	if err != nil {
		return nil, err
	}
	return bind(context.Background(), nil) // nothing of it needs to be looked up
}

func eventFilters() map[string]constructor[event.Event] {
	about := func(t event.Type) constructor[event.Event] {
		return one(func(e event.Event, value string) bool {
			return e.Type == t && (e.Name == value || strings.HasPrefix(e.ID, value))
		})
	}
	status := one(func(e event.Event, value string) bool {
		if value == "die" {
			value = string(event.Died)
		}
		return string(e.Status) == value
	})
	return map[string]constructor[event.Event]{
		"container": about(event.Container),
		"pod":       about(event.Pod),
		"image":     about(event.Image),
		"volume": one(func(e event.Event, value string) bool {
			return e.Type == event.Volume && strings.HasPrefix(e.Name, value)
		}),
		"event":  status,
		"status": status,
		"type":   one(func(e event.Event, value string) bool { return string(e.Type) == value }),
		"label":  plain(hasLabel),
	}
}

// hasLabel: any of the values, "key" or "key=value", is among the labels.
func hasLabel(e event.Event, values []string) bool {
	return slices.ContainsFunc(values, func(want string) bool {
		key, value, both := strings.Cut(want, "=")
		have, ok := e.Attributes[key]
		return ok && (!both || have == value)
	})
}
