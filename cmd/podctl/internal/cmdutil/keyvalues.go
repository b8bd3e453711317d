package cmdutil

import (
	"fmt"
	"strings"
)

// KeyValues reads the values of a repeated key=value flag; a key alone has an
// empty value, and the last of two equal keys wins. It never returns nil
// without an error.
func KeyValues(list []string) (map[string]string, error) {
	pairs := make(map[string]string, len(list))
	for _, item := range list {
		key, value, _ := strings.Cut(item, "=")
		if key == "" {
			return nil, fmt.Errorf("invalid label format: %q", item)
		}
		pairs[key] = value
	}
	return pairs, nil
}
