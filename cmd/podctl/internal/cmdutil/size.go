package cmdutil

import (
	"fmt"

	"github.com/docker/go-units"
)

// ParseSize reads a number with an optional unit b, k, m or g in powers of
// 1024, case-insensitive; without a unit it is bytes. The empty string is 0.
// The error names the flag: `invalid value for memory: …`.
func ParseSize(flag, value string) (int64, error) {
	if value == "" {
		return 0, nil
	}
	n, err := units.RAMInBytes(value)
	if err != nil {
		return 0, fmt.Errorf("invalid value for %s: %w", flag, err)
	}
	return n, nil
}
