package volume

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containers/common/pkg/filters"
	"github.com/containers/common/pkg/util"
)

// Predicate says whether a volume passes.
type Predicate func(Status) bool

// CreationTime finds when the volume of that name (or unique prefix) was made.
type CreationTime func(name string) (time.Time, error)

// Filters makes the predicate of a list: key to values, as given to --filter.
// Different keys must all match. lookup serves after and since.
func Filters(values map[string][]string, lookup CreationTime) (Predicate, error) {
	return all(values, lookup, listFilter)
}

// PruneFilters is Filters with the keys that prune knows.
func PruneFilters(values map[string][]string, lookup CreationTime) (Predicate, error) {
	return all(values, lookup, pruneFilter)
}

type maker func(key string, values []string, lookup CreationTime) (Predicate, error)

func all(values map[string][]string, lookup CreationTime, one maker) (Predicate, error) {
	var predicates []Predicate
	for key, list := range values {
		p, err := one(key, list, lookup)
		if err != nil {
			return nil, err
		}
		predicates = append(predicates, p)
	}
	return func(c Status) bool {
		return !slices.ContainsFunc(predicates, func(p Predicate) bool { return !p(c) })
	}, nil
}

func listFilter(key string, values []string, lookup CreationTime) (Predicate, error) {
	switch strings.ToLower(key) {
	case "name":
		return func(c Status) bool { return util.StringMatchRegexSlice(c.Name, values) }, nil
	case "driver":
		return func(c Status) bool { return slices.Contains(values, c.Driver) }, nil
	case "scope":
		return func(Status) bool { return slices.Contains(values, ScopeLocal) }, nil
	case "opt":
		return func(c Status) bool { return hasOption(c.Options, values) }, nil
	case "dangling":
		return danglingFilter(values)
	}
	return pruneFilter(key, values, lookup)
}

func pruneFilter(key string, values []string, lookup CreationTime) (Predicate, error) {
	switch strings.ToLower(key) {
	case "label":
		return func(c Status) bool { return filters.MatchLabelFilters(values, c.Labels) }, nil
	case "label!":
		return func(c Status) bool { return filters.MatchNegatedLabelFilters(values, c.Labels) }, nil
	case "until":
		until, err := filters.ComputeUntilTimestamp(values)
		if err != nil {
			return nil, err
		}
		return func(c Status) bool { return c.CreatedAt.Before(until) }, nil
	case "after", "since":
		return afterFilter(values, lookup)
	}
	return nil, fmt.Errorf("%q is an invalid volume filter", key)
}

// hasOption: any value matches, "key" or "key=value".
func hasOption(options map[string]string, values []string) bool {
	return slices.ContainsFunc(values, func(want string) bool {
		key, value, _ := strings.Cut(want, "=")
		have, ok := options[key]
		return ok && (value == "" || value == have)
	})
}

func danglingFilter(values []string) (Predicate, error) {
	wanted := map[bool]bool{}
	for _, value := range values {
		switch strings.ToLower(value) {
		case "true", "1":
			wanted[true] = true
		case "false", "0":
			wanted[false] = true
		default:
			return nil, fmt.Errorf("%q is not a valid value for the \"dangling\" filter - must be true or false", value)
		}
	}
	return func(c Status) bool { return wanted[len(c.Users) == 0] }, nil
}

// afterFilter: made after the earliest of the named volumes.
func afterFilter(names []string, lookup CreationTime) (Predicate, error) {
	var earliest time.Time
	for _, name := range names {
		created, err := lookup(name)
		if err != nil {
			return nil, err
		}
		if earliest.IsZero() || created.Before(earliest) {
			earliest = created
		}
	}
	return func(c Status) bool { return c.CreatedAt.After(earliest) }, nil
}
