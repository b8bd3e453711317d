package cmdutil

import (
	"fmt"
	"strings"
)

// ParseFilters sorts the values of --filter by key; the values of a key keep
// their order. Which keys there are is not decided here. `label!=key` is the
// key "label!".
func ParseFilters(filters []string) (map[string][]string, error) {
	sorted := make(map[string][]string, len(filters))
	for _, filter := range filters {
		key, value, ok := strings.Cut(filter, "=")
		if !ok {
			return nil, fmt.Errorf("filter input must be in the form of filter=value: %s is invalid", filter)
		}
		sorted[key] = append(sorted[key], value)
	}
	return sorted, nil
}
