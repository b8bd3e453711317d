package runtime

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containers/common/pkg/filters"
	"github.com/containers/common/pkg/util"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/store"
)

type (
	ctr          = *container.Container
	ctrPredicate = predicate[*container.Container]
	ctrBinding   = binding[*container.Container]
)

const malformedContainerFilter = "invalid filter %q"

// containerFilters are the filters of podman-ps(1). The row of a damaged
// container has no configuration: it is filtered by what is left.
func containerFilters() map[string]constructor[ctr] {
	all := map[string]constructor[ctr]{
		"id":      plain(func(c ctr, values []string) bool { return filters.FilterID(c.ID, values) }),
		"name":    one(func(c ctr, value string) bool { return matches(c.Name, strings.ReplaceAll(value, "/", "")) }),
		"status":  word(filterableStates(), "unknown container state: %s: invalid argument", hasState),
		"exited":  exitedWith,
		"pod":     memberOf,
		"before":  createdBefore,
		"since":   createdSince,
		"until":   untilForContainers,
		"network": onNetwork,
	}
	for key, test := range map[string]func(c ctr, values []string) bool{
		"label":  func(c ctr, values []string) bool { return filters.MatchLabelFilters(values, c.Config.Labels) },
		"label!": func(c ctr, values []string) bool { return filters.MatchNegatedLabelFilters(values, c.Config.Labels) },
		"command": func(c ctr, values []string) bool {
			return len(c.Config.Command) > 0 && util.StringMatchRegexSlice(c.Config.Command[0], values)
		},
		"ancestor":             fromImage,
		"volume":               mountsAny,
		"health":               func(c ctr, values []string) bool { return slices.Contains(values, healthStatus(c)) },
		"should-start-on-boot": startsOnBoot,
	} {
		all[key] = plain(func(c ctr, values []string) bool { return c.Config != nil && test(c, values) })
	}
	all["restart-policy"] = word([]string{"none", "no", "on-failure", "always", "unless-stopped"}, "%s invalid restart policy",
		func(c ctr, value string) bool {
			return c.Config != nil && c.Config.Restart.Name == strings.TrimPrefix(value, "none")
		})
	return all
}

// FilterContainers returns the IDs of the containers that pass the filters,
// oldest first, in any state. Filters are "key=value" as podman-ps(1) has them.
// Errors: class ErrInvalidArgument for a filter that cannot be, before anything
// is read; ErrNotFound for the container that before or since names.
func (r *Runtime) FilterContainers(ctx context.Context, filters []string) ([]string, error) {
	bind, err := parseFilters(filters, containerFilters(), malformedContainerFilter)
	if err != nil {
		return nil, err
	}
	all, err := r.visibleContainers(ctx)
	if err != nil {
		return nil, err
	}
	match, err := bind(ctx, r)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, c := range all {
		if match(c) {
			ids = append(ids, c.ID)
		}
	}
	return ids, nil
}

// visibleContainers reads every container as it is now, oldest first.
func (r *Runtime) visibleContainers(ctx context.Context) ([]*container.Container, error) {
	var all []*container.Container
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		all, err = tx.Containers(ctx)
		return err
	})
	return r.visible(all), err
}

// visible are the containers that are to be seen, as they are now.
func (r *Runtime) visible(all []*container.Container) []*container.Container {
	all = slices.DeleteFunc(all, hidden)
	for _, c := range all {
		r.observe(c)
	}
	return all
}

func matches(text, pattern string) bool { return util.StringMatchRegexSlice(text, []string{pattern}) }

func filterableStates() []string {
	return []string{"created", "initialized", "running", "paused", "stopped", "exited", "removing", "unknown"}
}

func hasState(c ctr, value string) bool {
	return endedIsExited(string(c.State)) == endedIsExited(value)
}

func exitedWith(values []string) (ctrBinding, error) {
	var codes []int
	for _, v := range values {
		code, err := strconv.ParseInt(v, 10, 32)
		if err != nil {
			return nil, invalid("exited code out of range %q: %v", v, err)
		}
		codes = append(codes, int(code))
	}
	return bound(func(c ctr) bool { return c.Runtime.Exited && slices.Contains(codes, c.Runtime.ExitCode) }), nil
}

// memberOf: pods that do not exist have no members.
func memberOf(values []string) (ctrBinding, error) {
	return func(ctx context.Context, r *Runtime) (ctrPredicate, error) {
		pods := map[string]bool{}
		for _, v := range values {
			ids, err := r.lookupPods(ctx, []string{v})
			if errors.Is(err, errdefs.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			pods[ids[0]] = true
		}
		return func(c ctr) bool { return pods[c.PodID] }, nil
	}, nil
}

// createdBefore matches what is older than any of the containers named.
func createdBefore(values []string) (ctrBinding, error) {
	return func(ctx context.Context, r *Runtime) (ctrPredicate, error) {
		times, err := r.containerTimes(ctx, values)
		if err != nil {
			return nil, err
		}
		newest := slices.MaxFunc(times, time.Time.Compare)
		return func(c ctr) bool { return c.CreatedAt.Before(newest) }, nil
	}, nil
}

func createdSince(values []string) (ctrBinding, error) {
	return func(ctx context.Context, r *Runtime) (ctrPredicate, error) {
		times, err := r.containerTimes(ctx, values)
		if err != nil {
			return nil, err
		}
		oldest := slices.MinFunc(times, time.Time.Compare)
		return func(c ctr) bool { return c.CreatedAt.After(oldest) }, nil
	}, nil
}

func untilForContainers(values []string) (ctrBinding, error) {
	until, err := filters.ComputeUntilTimestamp(values)
	if err != nil {
		return nil, refusal(err.Error())
	}
	return bound(func(c ctr) bool { return c.CreatedAt.Before(until) }), nil
}

// onNetwork matches by network, and as container:NAME those that joined another
// container's network namespace.
func onNetwork(values []string) (ctrBinding, error) {
	return func(ctx context.Context, r *Runtime) (ctrPredicate, error) {
		joined, names := map[string]bool{}, []string{}
		for _, v := range values {
			other, ok := strings.CutPrefix(v, "container:")
			if !ok {
				names = append(names, v)
			} else if ids, err := r.lookupContainers(ctx, []string{other}); err == nil {
				joined[ids[0]] = true
			}
		}
		networks, err := r.networkNames(ctx, names)
		return func(c ctr) bool {
			if c.Config == nil {
				return false
			}
			if net := c.Config.Namespaces.Net; net.Mode == container.ModeContainer {
				return joined[net.Value]
			}
			return slices.ContainsFunc(networksOf(c), func(n string) bool { return networks[n] })
		}, err
	}, nil
}

// fromImage matches part of the image's ID, or its name, without the tag if that
// is latest.
func fromImage(c ctr, values []string) bool {
	id, name := c.Config.Image.ID, c.Config.Image.Name
	untagged, latest := strings.CutSuffix(name, ":latest")
	return slices.ContainsFunc(values, func(v string) bool {
		return id != "" && strings.Contains(id, v) || name != "" && (matches(name, v) || latest && matches(untagged, v))
	})
}

// mountsAny matches a volume's name, a bind mount's source, a destination, or
// source and destination with a colon between them.
func mountsAny(c ctr, values []string) bool {
	test := func(source, dest string) bool {
		return slices.ContainsFunc(values, func(v string) bool {
			wantSource, wantDest, both := strings.Cut(v, ":")
			if both {
				return source == wantSource && dest == filepath.Clean(wantDest)
			}
			return v == source || filepath.Clean(v) == dest
		})
	}
	for _, v := range c.Config.Storage.Volumes {
		if test(v.Name, v.Destination) {
			return true
		}
	}
	for _, m := range c.Config.Storage.Mounts {
		if test(m.Source, m.Destination) {
			return true
		}
	}
	return false
}

func startsOnBoot(c ctr, values []string) bool {
	policy := c.Config.Restart.Name
	starts := policy == "always" || policy == "unless-stopped" && !c.Runtime.StoppedByUser
	return slices.ContainsFunc(values, func(v string) bool {
		want, err := strconv.ParseBool(v)
		return err == nil && want == starts
	})
}
