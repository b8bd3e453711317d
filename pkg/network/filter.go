package network

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/containers/common/libnetwork/types"
	"github.com/containers/common/libnetwork/util"
)

// Usage is what filters ask of those who know which container has which network.
type Usage struct {
	// Used tells whether any container, running or not, has the network.
	Used func(name string) bool
	// Default is the default network, which is never dangling.
	Default string
}

// Filters makes the predicate of a list from filter keys and their values:
// name, id, driver, label, label!, until, dangling. All keys must match.
func Filters(values map[string][]string, usage Usage) (types.FilterFunc, error) {
	rest := maps.Clone(values)
	wanted, dangling := rest["dangling"]
	delete(rest, "dangling")
	predicates, err := util.GenerateNetworkFilters(rest)
	if err != nil {
		return nil, err
	}
	if dangling {
		one, err := danglingFilter(wanted, usage)
		if err != nil {
			return nil, err
		}
		predicates = append(predicates, one)
	}
	return every(predicates), nil
}

// PruneFilters is for prune: label, label!, until. Networks in use and the
// default network never pass.
func PruneFilters(values map[string][]string, usage Usage) (types.FilterFunc, error) {
	predicates, err := util.GenerateNetworkPruneFilters(values)
	if err != nil {
		return nil, err
	}
	unused, err := danglingFilter([]string{"true"}, usage)
	if err != nil {
		return nil, err
	}
	return every(append(predicates, unused)), nil
}

func danglingFilter(values []string, usage Usage) (types.FilterFunc, error) {
	if len(values) != 1 {
		return nil, errors.New(`got more than one value for filter key "dangling"`)
	}
	want, err := strconv.ParseBool(values[0])
	if err != nil {
		return nil, fmt.Errorf("invalid dangling filter value %q", values[0])
	}
	return func(n types.Network) bool {
		dangling := n.Name != usage.Default && !usage.Used(n.Name)
		return dangling == want
	}, nil
}

func every(predicates []types.FilterFunc) types.FilterFunc {
	return func(n types.Network) bool {
		return !slices.ContainsFunc(predicates, func(p types.FilterFunc) bool { return !p(n) })
	}
}
