package image

import (
	"context"
	"fmt"
	"time"

	"github.com/containers/common/libimage"
)

// Details is everything known of one image, with the JSON field names of
// podman-image-inspect(1).
type Details = libimage.ImageData

// Inspect returns the details of a local image, size and parent included.
func (s *Store) Inspect(ctx context.Context, ref string) (*Details, error) {
	img, _, err := s.lookup(ref)
	if err != nil {
		return nil, err
	}
	data, err := img.Inspect(ctx, &libimage.InspectOptions{WithSize: true, WithParent: true})
	if err != nil {
		return nil, fmt.Errorf("read image %s: %w", img.ID(), classify(err))
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
func (s *Store) History(ctx context.Context, ref string) ([]HistoryEntry, error) {
	img, _, err := s.lookup(ref)
	if err != nil {
		return nil, err
	}
	history, err := img.History(ctx)
	if err != nil {
		return nil, fmt.Errorf("read history of image %s: %w", img.ID(), classify(err))
	}
	entries := make([]HistoryEntry, 0, len(history))
	for _, h := range history {
		entries = append(entries, HistoryEntry{
			ID: h.ID, Created: h.Created, CreatedBy: h.CreatedBy, Comment: h.Comment, Size: h.Size, Tags: h.Tags,
		})
	}
	return entries, nil
}

// Usage is the disk space of one image.
type Usage = libimage.ImageDiskUsage

// DiskUsage returns the space each name of each image takes, and the space all
// layers take together, shared ones counted once.
func (s *Store) DiskUsage(ctx context.Context) ([]Usage, int64, error) {
	usage, total, err := s.runtime.DiskUsage(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("measure images: %w", classify(err))
	}
	return usage, total, nil
}
