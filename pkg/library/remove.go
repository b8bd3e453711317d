package library

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/containers/common/libimage"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
)

// Remove untags and deletes images. An image with several names loses the name
// it was given by; with the last name it is deleted. Each failure is one error:
// [errdefs.ErrNoSuchImage], [errdefs.ErrImageInUse] or another; the other
// images are removed nonetheless.
func (l *Library) Remove(ctx context.Context, names []string, opts image.RemoveOptions) (image.RemoveReport, []error) {
	libOpts := &libimage.RemoveImagesOptions{
		Force: opts.Force, Ignore: opts.Ignore || opts.Force, NoPrune: opts.NoPrune,
		RemoveContainerFunc: func(imageID string) error { return l.removeUsers(ctx, imageID) },
	}
	if opts.All {
		return l.removeAll(ctx, libOpts)
	}
	var errs []error
	if !opts.Force {
		names, errs = l.removable(ctx, names)
	}
	// Without names the library would remove every image.
	if len(names) == 0 {
		return image.RemoveReport{}, errs
	}
	var report image.RemoveReport
	removed, rmErrs := l.runtime.RemoveImages(ctx, names, libOpts)
	l.reportRemoved(ctx, &report, removed)
	for _, err := range rmErrs {
		errs = append(errs, image.Classify(err))
	}
	return report, errs
}

// removeAll repeats until nothing more goes: a parent can be deleted only
// after its children. The errors are those of the last round.
func (l *Library) removeAll(ctx context.Context, libOpts *libimage.RemoveImagesOptions) (image.RemoveReport, []error) {
	var report image.RemoveReport
	filters := []string{"readonly=false"}
	var held []error
	if !libOpts.Force {
		var err error
		if filters, held, err = l.holdBack(ctx, filters); err != nil {
			return report, []error{err}
		}
	}
	libOpts.Filters = filters
	for {
		removed, rmErrs := l.runtime.RemoveImages(ctx, nil, libOpts)
		l.reportRemoved(ctx, &report, removed)
		if slices.ContainsFunc(removed, func(r *libimage.RemoveImageReport) bool { return r.Removed }) && ctx.Err() == nil {
			continue
		}
		for _, err := range rmErrs {
			held = append(held, image.Classify(err))
		}
		return report, held
	}
}

// removable sorts out the names whose images podctl's own records say are in
// use: a container is recorded before its layer is made, and the library knows
// of the layer only.
func (l *Library) removable(ctx context.Context, names []string) (free []string, errs []error) {
	for _, name := range names {
		img, resolved, err := l.lookup(name)
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
		users, err := l.InUse(ctx, img.ID())
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
func (l *Library) holdBack(ctx context.Context, filters []string) ([]string, []error, error) {
	images, err := l.runtime.ListImages(ctx, nil)
	if err != nil {
		return nil, nil, image.Classify(err)
	}
	var errs []error
	for _, img := range images {
		users, err := l.InUse(ctx, img.ID())
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
func (l *Library) removeUsers(ctx context.Context, imageID string) error {
	external, err := l.ImageUsers(ctx, imageID)
	if err != nil {
		return err
	}
	for _, id := range external {
		if l.IsMounted(id) {
			return inUseError(id, "another tool has it mounted, remove it with that tool")
		}
	}
	own, err := l.InUse(ctx, imageID)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range own {
		// Removing one container may take others of the image with it.
		if err := l.RemoveContainer(ctx, id); err != nil && !errors.Is(err, errdefs.ErrNotFound) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// reportRemoved adds what the library removed to report and tells the hook.
func (l *Library) reportRemoved(ctx context.Context, report *image.RemoveReport, removed []*libimage.RemoveImageReport) {
	for _, r := range removed {
		report.Untagged = append(report.Untagged, r.Untagged...)
		for _, name := range r.Untagged {
			l.Report(ctx, image.Event{Status: image.StatusUntag, ID: r.ID, Name: name})
		}
		if !r.Removed {
			continue
		}
		report.Deleted = append(report.Deleted, r.ID)
		name := r.ID
		if len(r.Untagged) > 0 {
			name = r.Untagged[0]
		}
		l.Report(ctx, image.Event{Status: image.StatusRemove, ID: r.ID, Name: name})
	}
}

// inUseError is the refusal to remove an image because of a container.
func inUseError(containerID, remedy string) error {
	return fmt.Errorf("image used by %s: %w: %s", containerID, errdefs.ErrImageInUse, remedy)
}
