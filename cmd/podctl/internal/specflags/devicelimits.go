package specflags

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/containers/storage/pkg/parsers"
	"github.com/docker/go-units"

	"github.com/podctl/podctl/pkg/container"
)

// parseCores reads a list such as 0-3,5 and returns its numbers in order.
func parseCores(text string) ([]int, error) {
	set, err := parsers.ParseUintList(text)
	if err != nil {
		return nil, fmt.Errorf("could not parse list: %w", err)
	}
	cores := make([]int, 0, len(set))
	for core, listed := range set {
		if listed {
			cores = append(cores, core)
		}
	}
	slices.Sort(cores)
	return cores, nil
}

// truncateCores cuts a list at the first core that does not exist or, with a
// number of CPUs asked for, at the first above that number. A list without
// such a core stays as it was written.
func truncateCores(text string, cores []int, cpus float64, count int) string {
	var kept []string
	for _, core := range cores {
		if core >= count || (cpus > 0 && core > int(cpus)) {
			break
		}
		kept = append(kept, strconv.Itoa(core))
	}
	switch {
	case len(kept) == len(cores):
		return text
	case len(kept) == 0:
		// An empty list would mean no limit at all.
		return "0-" + strconv.Itoa(count-1)
	}
	return strings.Join(kept, ",")
}

// splitDevice reads DEVICE:VALUE.
func splitDevice(text string) (path, value string, err error) {
	path, value, ok := strings.Cut(text, ":")
	if !ok || strings.Contains(value, ":") {
		return "", "", fmt.Errorf("bad format: %s", text)
	}
	if !strings.HasPrefix(path, "/dev/") {
		return "", "", fmt.Errorf("bad format for device path: %s", text)
	}
	return path, value, nil
}

func checkWeightDevice(text string) error {
	_, value, err := splitDevice(text)
	if err != nil {
		return err
	}
	if _, err := parseWeight(value); err != nil && value != "0" {
		return fmt.Errorf("invalid weight for device: %s", text)
	}
	return nil
}

// addThrottles appends the rates; parse reads one rate. The last rate of a
// device counts.
func addThrottles(list *[]container.Throttle, texts []string, parse func(string) (uint64, error)) error {
	for _, text := range texts {
		path, value, err := splitDevice(text)
		if err != nil {
			return err
		}
		rate, err := parse(value)
		if err != nil {
			return fmt.Errorf("invalid rate for device: %s. %w", text, err)
		}
		*list = slices.DeleteFunc(*list, func(old container.Throttle) bool { return old.Path == path })
		*list = append(*list, container.Throttle{Path: path, Rate: rate})
	}
	return nil
}

func parseByteRate(text string) (uint64, error) {
	rate, err := units.RAMInBytes(text)
	if err != nil || rate < 0 {
		return 0, fmt.Errorf("The correct format is <device-path>:<number>[<unit>]. " +
			"Number must be a positive integer. Unit is optional and can be kb, mb, or gb")
	}
	return uint64(rate), nil
}

func parseOperationRate(text string) (uint64, error) {
	rate, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("The correct format is <device-path>:<number>. Number must be a positive integer")
	}
	return rate, nil
}
