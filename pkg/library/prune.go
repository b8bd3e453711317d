package library

import (
	"context"
	"errors"
	"slices"

	"github.com/containers/common/libimage"

	"github.com/podctl/podctl/pkg/image"
)

// Prune removes images nobody uses. Images removed before an error are returned
// with it.
func (l *Library) Prune(ctx context.Context, opts image.PruneOptions) ([]image.Pruned, error) {
	filters := append(slices.Clone(opts.Filters), "readonly=false")
	if !opts.All {
		filters = append(filters, "dangling=true")
	}
	if opts.External {
		filters = append(filters, "containers=external")
	} else {
		filters = append(filters, "containers=false")
	}
	filters, _, err := l.holdBack(ctx, filters)
	if err != nil {
		return nil, err
	}
	libOpts := &libimage.RemoveImagesOptions{
		Filters: filters, WithSize: true,
		IsExternalContainerFunc: l.IsExternal(ctx), ExternalContainers: opts.External,
	}
	var pruned []image.Pruned
	// A parent becomes unused when its last child goes.
	for {
		var report image.RemoveReport
		removed, rmErrs := l.runtime.RemoveImages(ctx, nil, libOpts)
		l.reportRemoved(ctx, &report, removed)
		for _, r := range removed {
			if r.Removed {
				pruned = append(pruned, image.Pruned{ID: r.ID, Size: r.Size})
			}
		}
		for i, err := range rmErrs {
			rmErrs[i] = image.Classify(err)
		}
		if len(rmErrs) > 0 {
			return pruned, errors.Join(rmErrs...)
		}
		if len(report.Deleted) == 0 {
			return pruned, ctx.Err()
		}
	}
}
