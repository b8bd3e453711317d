package runtime

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/containers/common/pkg/filters"
	"github.com/containers/common/pkg/util"

	"github.com/podctl/podctl/pkg/container"
)

const malformedPodFilter = "filter input must be in the form of filter=value: %s is invalid"

// podFilters are the filters of podman-pod-ps(1).
func podFilters() map[string]constructor[*PodListing] {
	return map[string]constructor[*PodListing]{
		"id":     plain(func(p *PodListing, values []string) bool { return filters.FilterID(p.ID, values) }),
		"name":   plain(func(p *PodListing, values []string) bool { return util.StringMatchRegexSlice(p.Name, values) }),
		"label":  plain(func(p *PodListing, values []string) bool { return filters.MatchLabelFilters(values, p.Labels) }),
		"label!": plain(func(p *PodListing, values []string) bool { return filters.MatchNegatedLabelFilters(values, p.Labels) }),
		"status": word([]string{"created", "running", "stopped", "exited", "paused", "degraded", "dead"}, "%s is not a valid pod status",
			func(p *PodListing, value string) bool { return strings.ToLower(p.Status) == value }),
		"until": untilForPods,
		"ctr-ids": anyMember(func(c PodListContainer, values []string) bool {
			return filters.FilterID(c.ID, values)
		}),
		"ctr-names": anyMember(func(c PodListContainer, values []string) bool {
			return util.StringMatchRegexSlice(c.Name, values)
		}),
		"ctr-number": one(func(p *PodListing, value string) bool {
			n, err := strconv.Atoi(value)
			return err == nil && n == len(p.Containers)
		}),
		"ctr-status": word([]string{"created", "running", "paused", "stopped", "exited", "unknown"}, "%s is not a valid status", hasMemberInState),
		"network":    networkOfPod,
	}
}

// anyMember matches a pod if one of its containers does.
func anyMember(test func(PodListContainer, []string) bool) constructor[*PodListing] {
	return plain(func(p *PodListing, values []string) bool {
		return slices.ContainsFunc(p.Containers, func(c PodListContainer) bool { return test(c, values) })
	})
}

// hasMemberInState leaves out init containers, as the pod's status does. To the
// user, stopped and exited are the same.
func hasMemberInState(p *PodListing, value string) bool {
	return slices.ContainsFunc(p.Containers, func(c PodListContainer) bool {
		return !c.init && endedIsExited(c.Status) == endedIsExited(value)
	})
}

func endedIsExited(state string) string {
	if state == string(container.Stopped) {
		return string(container.Exited)
	}
	return state
}

// untilForPods: a value that is no time matches no pod.
func untilForPods(values []string) (binding[*PodListing], error) {
	until, err := filters.ComputeUntilTimestamp(values)
	return bound(func(p *PodListing) bool { return err == nil && p.Created.Before(until) }), nil
}

func networkOfPod(values []string) (binding[*PodListing], error) {
	return func(ctx context.Context, r *Runtime) (predicate[*PodListing], error) {
		names, err := r.networkNames(ctx, values)
		return func(p *PodListing) bool {
			return slices.ContainsFunc(p.Networks, func(n string) bool { return names[n] })
		}, err
	}, nil
}
