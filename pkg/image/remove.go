package image

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/containers/common/libimage"

	"github.com/podctl/podctl/pkg/errdefs"
)

// RemoveOptions modify Remove.
type RemoveOptions struct {
	// All removes every image; names must be empty then.
	All bool
	// Force removes containers made from the images too, podctl's through
	// [Hooks.RemoveContainer], and ignores unknown images. A container that
	// another tool has mounted is in use all the same.
	Force bool
	// Ignore takes unknown images for removed.
	Ignore bool
	// NoPrune keeps untagged parents.
	NoPrune bool
}

// RemoveReport is what a removal did, in order.
type RemoveReport struct {
	// Untagged are full names, Deleted are image IDs.
	Untagged, Deleted []string
}

// Remove untags and deletes images. An image with several names loses the name
// it was given by; with the last name it is deleted. Each failure is one error:
// [errdefs.ErrNoSuchImage], [errdefs.ErrImageInUse] or another; the other
// images are removed nonetheless.
func (s *Store) Remove(ctx context.Context, names []string, opts RemoveOptions) (RemoveReport, []error) {
	libOpts := &libimage.RemoveImagesOptions{
		Force: opts.Force, Ignore: opts.Ignore || opts.Force, NoPrune: opts.NoPrune,
		RemoveContainerFunc: func(imageID string) error { return s.removeUsers(ctx, imageID) },
	}
	if opts.All {
		return s.removeAll(ctx, libOpts)
	}
	var errs []error
	if !opts.Force {
		names, errs = s.removable(ctx, names)
	}
	// Without names the library would remove every image.
	if len(names) == 0 {
		return RemoveReport{}, errs
	}
	var report RemoveReport
	removed, rmErrs := s.runtime.RemoveImages(ctx, names, libOpts)
	s.reportRemoved(ctx, &report, removed)
	for _, err := range rmErrs {
		errs = append(errs, classify(err))
	}
	return report, errs
}

// removeAll repeats until nothing more goes: a parent can be deleted only
// after its children. The errors are those of the last round.
func (s *Store) removeAll(ctx context.Context, libOpts *libimage.RemoveImagesOptions) (RemoveReport, []error) {
	var report RemoveReport
	filters := []string{"readonly=false"}
	var held []error
	if !libOpts.Force {
		var err error
		if filters, held, err = s.holdBack(ctx, filters); err != nil {
			return report, []error{err}
		}
	}
	libOpts.Filters = filters
	for {
		removed, rmErrs := s.runtime.RemoveImages(ctx, nil, libOpts)
		s.reportRemoved(ctx, &report, removed)
		if slices.ContainsFunc(removed, func(r *libimage.RemoveImageReport) bool { return r.Removed }) && ctx.Err() == nil {
			continue
		}
		for _, err := range rmErrs {
			held = append(held, classify(err))
		}
		return report, held
	}
}

// removable sorts out the names whose images podctl's own records say are in
// use: a container is recorded before its layer is made, and the library knows
// of the layer only.
func (s *Store) removable(ctx context.Context, names []string) (free []string, errs []error) {
	for _, name := range names {
		img, resolved, err := s.lookup(name)
		if err != nil {
			// The library reports it, or ignores it if told to.
			free = append(free, name)
			continue
		}
		byID := strings.HasPrefix(img.ID(), strings.TrimPrefix(resolved, "sha256:"))
		if len(img.Names()) > 1 && !byID {
			free = append(free, name)
			continue
		}
		users, err := s.inUse(ctx, img.ID())
		switch {
		case err != nil:
			errs = append(errs, err)
		case len(users) > 0 && len(img.Names()) <= 1:
			errs = append(errs, inUseError(users[0], "remove the container first or force removal"))
		default:
			free = append(free, name)
		}
	}
	return free, errs
}

// holdBack adds a filter for each image in use by podctl's own records.
func (s *Store) holdBack(ctx context.Context, filters []string) ([]string, []error, error) {
	images, err := s.runtime.ListImages(ctx, nil)
	if err != nil {
		return nil, nil, classify(err)
	}
	var errs []error
	for _, img := range images {
		users, err := s.inUse(ctx, img.ID())
		if err != nil {
			return nil, nil, err
		}
		if len(users) > 0 {
			filters = append(filters, "id!="+img.ID())
			errs = append(errs, inUseError(users[0], "remove the container first or force removal"))
		}
	}
	return filters, errs, nil
}

// removeUsers clears the way for a forced removal: it refuses if another tool
// has a container of the image mounted, then removes podctl's containers. The
// library deletes what other tools left unmounted.
func (s *Store) removeUsers(ctx context.Context, imageID string) error {
	external, err := s.ImageUsers(ctx, imageID)
	if err != nil {
		return err
	}
	for _, id := range external {
		if s.isMounted(id) {
			return inUseError(id, "another tool has it mounted, remove it with that tool")
		}
	}
	own, err := s.inUse(ctx, imageID)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range own {
		if s.hooks.RemoveContainer == nil {
			return inUseError(id, "remove the container first")
		}
		// Removing one container may take others of the image with it.
		if err := s.hooks.RemoveContainer(ctx, id); err != nil && !errors.Is(err, errdefs.ErrNotFound) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// reportRemoved adds what the library removed to report and tells the hook.
func (s *Store) reportRemoved(ctx context.Context, report *RemoveReport, removed []*libimage.RemoveImageReport) {
	for _, r := range removed {
		report.Untagged = append(report.Untagged, r.Untagged...)
		for _, name := range r.Untagged {
			s.event(ctx, Event{Status: StatusUntag, ID: r.ID, Name: name})
		}
		if !r.Removed {
			continue
		}
		report.Deleted = append(report.Deleted, r.ID)
		name := r.ID
		if len(r.Untagged) > 0 {
			name = r.Untagged[0]
		}
		s.event(ctx, Event{Status: StatusRemove, ID: r.ID, Name: name})
	}
}
