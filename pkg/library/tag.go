package library

import (
	"context"
	"slices"

	"github.com/podctl/podctl/pkg/image"
)

// Tag gives a local image further names. Names without a registry are put
// under localhost/, names without a tag get latest; a name that another image
// has is taken from it.
func (l *Library) Tag(ctx context.Context, ref string, names []string) error {
	img, _, err := l.lookup(ref)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := img.Tag(name); err != nil {
			return image.Classify(err)
		}
		l.Report(ctx, image.Event{Status: image.StatusTag, ID: img.ID(), Name: name})
	}
	return nil
}

// Untag takes names from a local image, all of them if none is given. The image
// stays.
func (l *Library) Untag(ctx context.Context, ref string, names []string) error {
	img, _, err := l.lookup(ref)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = slices.Clone(img.Names())
	}
	for _, name := range names {
		if err := img.Untag(name); err != nil {
			return image.Classify(err)
		}
		l.Report(ctx, image.Event{Status: image.StatusUntag, ID: img.ID(), Name: name})
	}
	return nil
}
