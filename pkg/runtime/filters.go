package runtime

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containers/common/libnetwork/types"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/store"
)

// Filters come as "key=value". A key has a constructor, which judges the values
// given for it before anything is read, and hands out a binding, which finds out
// what they mean (an unknown pod, the age of a container) and makes a predicate.
// Values of one key are alternatives, except those of labels; different keys must
// all match.
type (
	predicate[T any]   func(T) bool
	binding[T any]     func(context.Context, *Runtime) (predicate[T], error)
	constructor[T any] func(values []string) (binding[T], error)
)

// parseFilters makes one binding of all filters. malformed is the format of the
// error for one without "=", with a verb for it.
func parseFilters[T any](filters []string, keys map[string]constructor[T], malformed string) (binding[T], error) {
	var order []string
	values := map[string][]string{}
	for _, f := range filters {
		key, value, ok := strings.Cut(f, "=")
		if !ok {
			return nil, invalid(malformed, f)
		}
		if _, known := values[key]; !known {
			order = append(order, key)
		}
		values[key] = append(values[key], value)
	}
	bindings := make([]binding[T], 0, len(order))
	for _, key := range order {
		make, ok := keys[key]
		if !ok {
			return nil, invalid("%s is an invalid filter", key)
		}
		b, err := make(values[key])
		if err != nil {
			return nil, err
		}
		bindings = append(bindings, b)
	}
	return every(bindings), nil
}

// every makes the predicate that all must match.
func every[T any](bindings []binding[T]) binding[T] {
	return func(ctx context.Context, r *Runtime) (predicate[T], error) {
		all := make([]predicate[T], 0, len(bindings))
		for _, b := range bindings {
			p, err := b(ctx, r)
			if err != nil {
				return nil, err
			}
			all = append(all, p)
		}
		return func(v T) bool {
			return !slices.ContainsFunc(all, func(p predicate[T]) bool { return !p(v) })
		}, nil
	}
}

// refusal is an error whose words are complete, of class ErrInvalidArgument.
type refusal string

func (e refusal) Error() string        { return string(e) }
func (e refusal) Is(target error) bool { return target == errdefs.ErrInvalidArgument }

func invalid(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// plain is a filter that needs nothing but the object; test gets all values.
func plain[T any](test func(v T, values []string) bool) constructor[T] {
	return func(values []string) (binding[T], error) {
		return bound(func(v T) bool { return test(v, values) }), nil
	}
}

// one is a filter of single values, any of which may match.
func one[T any](test func(v T, value string) bool) constructor[T] {
	return plain(func(v T, values []string) bool {
		return slices.ContainsFunc(values, func(value string) bool { return test(v, value) })
	})
}

// word is a filter whose values are words of a list; format is for others.
func word[T any](allowed []string, format string, test func(v T, value string) bool) constructor[T] {
	return func(values []string) (binding[T], error) {
		for _, v := range values {
			if !slices.Contains(allowed, v) {
				return nil, invalid(format, v)
			}
		}
		return one(test)(values)
	}
}

func bound[T any](p predicate[T]) binding[T] {
	return func(context.Context, *Runtime) (predicate[T], error) { return p, nil }
}

// networkNames turns the values of a network filter into names. Names in use are
// known from the database; only what is none of them and could be an ID makes it
// necessary to open the network backend. Unknown networks match nothing.
func (r *Runtime) networkNames(ctx context.Context, values []string) (map[string]bool, error) {
	names := map[string]bool{}
	for _, v := range values {
		var users []string
		err := r.store.View(ctx, func(tx *store.Tx) (err error) {
			users, err = tx.ContainersOnNetwork(ctx, v)
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(users) > 0 {
			names[v] = true
			continue
		}
		if v == "" || types.NotHexRegex.MatchString(v) {
			continue
		}
		nets, err := r.links()
		if err != nil {
			return nil, err
		}
		if found, err := nets.Inspect(ctx, v); err == nil {
			names[found.Name] = true
		}
	}
	return names, nil
}

// containerTimes are when the containers were created.
func (r *Runtime) containerTimes(ctx context.Context, names []string) ([]time.Time, error) {
	var times []time.Time
	err := r.store.View(ctx, func(tx *store.Tx) error {
		for _, name := range names {
			id, err := tx.LookupContainer(ctx, name)
			if err != nil {
				return err
			}
			c, err := tx.Container(ctx, id)
			if err != nil {
				return err
			}
			times = append(times, c.CreatedAt)
		}
		return nil
	})
	return times, err
}
