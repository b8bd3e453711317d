package image

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/containers/common/libimage"
)

// PruneOptions modify Prune.
type PruneOptions struct {
	// All prunes every image without a container, else only dangling ones.
	All bool
	// External removes unmounted containers of other tools together with
	// their images.
	External bool
	// Filters as in [ListOptions].
	Filters []string
}

// Pruned is one image that was pruned.
type Pruned struct {
	ID string
	// Size is what the image took, in bytes.
	Size int64
}

// Prune removes images nobody uses. Images removed before an error are returned
// with it.
func (s *Store) Prune(ctx context.Context, opts PruneOptions) ([]Pruned, error) {
	filters := append(slices.Clone(opts.Filters), "readonly=false")
	if !opts.All {
		filters = append(filters, "dangling=true")
	}
	if opts.External {
		filters = append(filters, "containers=external")
	} else {
		filters = append(filters, "containers=false")
	}
	filters, _, err := s.holdBack(ctx, filters)
	if err != nil {
		return nil, err
	}
	libOpts := &libimage.RemoveImagesOptions{
		Filters: filters, WithSize: true,
		IsExternalContainerFunc: s.isExternal(ctx), ExternalContainers: opts.External,
	}
	var pruned []Pruned
	// A parent becomes unused when its last child goes.
	for {
		var report RemoveReport
		removed, rmErrs := s.runtime.RemoveImages(ctx, nil, libOpts)
		s.reportRemoved(ctx, &report, removed)
		for _, r := range removed {
			if r.Removed {
				pruned = append(pruned, Pruned{ID: r.ID, Size: r.Size})
			}
		}
		for i, err := range rmErrs {
			rmErrs[i] = classify(err)
		}
		if len(rmErrs) > 0 {
			return pruned, errors.Join(rmErrs...)
		}
		if len(report.Deleted) == 0 {
			return pruned, ctx.Err()
		}
	}
}

// CollectGarbage removes what interrupted removals left in the store.
func (s *Store) CollectGarbage() error {
	if err := s.store.GarbageCollect(); err != nil {
		return fmt.Errorf("collect garbage of the image store: %w", err)
	}
	return nil
}
