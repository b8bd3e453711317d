package image

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/containers/storage"
)

// CheckOptions say how closely the store is looked at.
type CheckOptions struct {
	// Quick does not compare what is in layers with what should be.
	Quick bool
	// MaxAge is how old a layer that nothing uses may be without being damage.
	MaxAge time.Duration
}

// Damage is what is wrong in the store.
type Damage struct{ report storage.CheckReport }

// Check looks for damage in the store, of other programs' objects too.
func (s *Store) Check(opts CheckOptions) (*Damage, error) {
	what := storage.CheckEverything()
	if opts.Quick {
		what = storage.CheckMost()
	}
	what.LayerUnreferencedMaximumAge = &opts.MaxAge
	report, err := s.store.Check(what)
	if err != nil {
		return nil, fmt.Errorf("check image store: %w", err)
	}
	return &Damage{report}, nil
}

// Containers are the IDs of the damaged ones, also those on damaged images.
func (d *Damage) Containers() []string { return slices.Sorted(maps.Keys(d.report.Containers)) }

// Lines tell each damage, by kind of object and ID; none for a store in order.
func (d *Damage) Lines() (lines []string) {
	for _, kind := range []struct {
		word  string
		found map[string][]error
	}{
		{"layer", d.report.Layers}, {"read-only layer", d.report.ROLayers},
		{"image", d.report.Images}, {"read-only image", d.report.ROImages},
		{"container", d.report.Containers},
	} {
		for _, id := range slices.Sorted(maps.Keys(kind.found)) {
			for _, err := range kind.found[id] {
				what := kind.word + " " + id + ": "
				lines = append(lines, what+strings.TrimPrefix(err.Error(), what))
			}
		}
	}
	return lines
}

// Repair removes damaged images and layers and, if asked, containers. Of these
// some may be gone since they were found.
func (s *Store) Repair(d *Damage, containers bool) error {
	maps.DeleteFunc(d.report.Containers, func(id string, _ []error) bool { return !s.store.Exists(id) })
	if errs := s.store.Repair(d.report, &storage.RepairOptions{RemoveContainers: containers}); len(errs) > 0 {
		return fmt.Errorf("repair image store: %w", errors.Join(errs...))
	}
	return nil
}
