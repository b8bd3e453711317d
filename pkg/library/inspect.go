package library

import (
	"context"
	"fmt"
	"time"

	"github.com/containers/common/libimage"

	"github.com/podctl/podctl/pkg/image"
)

// Details is everything known of one image, with the JSON field names of
// podman-image-inspect(1).
type Details = libimage.ImageData

// Inspect returns the details of a local image, size and parent included.
func (l *Library) Inspect(ctx context.Context, ref string) (*Details, error) {
	img, _, err := l.lookup(ref)
	if err != nil {
		return nil, err
	}
	data, err := img.Inspect(ctx, &libimage.InspectOptions{WithSize: true, WithParent: true})
	if err != nil {
		return nil, fmt.Errorf("read image %s: %w", img.ID(), image.Classify(err))
	}
	return data, nil
}

// HistoryEntry is one step in which an image was built.
type HistoryEntry struct {
	// ID is the image at this step, "<missing>" if the store does not have it.
	ID        string
	Created   *time.Time
	CreatedBy string
	Comment   string
	Size      int64
	// Tags are the names of the image at this step.
	Tags []string
}

// History returns the steps of a local image, newest first.
func (l *Library) History(ctx context.Context, ref string) ([]HistoryEntry, error) {
	img, _, err := l.lookup(ref)
	if err != nil {
		return nil, err
	}
	history, err := img.History(ctx)
	if err != nil {
		return nil, fmt.Errorf("read history of image %s: %w", img.ID(), image.Classify(err))
	}
	entries := make([]HistoryEntry, 0, len(history))
	for _, h := range history {
		entries = append(entries, HistoryEntry{
			ID: h.ID, Created: h.Created, CreatedBy: h.CreatedBy, Comment: h.Comment, Size: h.Size, Tags: h.Tags,
		})
	}
	return entries, nil
}

// DiskUsage returns the space each name of each image takes, and the space all
// layers take together, shared ones counted once.
func (l *Library) DiskUsage(ctx context.Context) ([]image.Usage, int64, error) {
	usage, total, err := l.runtime.DiskUsage(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("measure images: %w", image.Classify(err))
	}
	out := make([]image.Usage, 0, len(usage))
	for _, u := range usage {
		out = append(out, image.Usage{
			ID: u.ID, Repository: u.Repository, Tag: u.Tag, Created: u.Created, Containers: u.Containers,
			Size: u.Size, SharedSize: u.SharedSize, UniqueSize: u.UniqueSize,
		})
	}
	return out, total, nil
}
