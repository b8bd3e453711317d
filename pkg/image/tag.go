package image

import (
	"context"
	"slices"
)

// Tag gives a local image further names. Names without a registry are put
// under localhost/, names without a tag get latest; a name that another image
// has is taken from it.
func (s *Store) Tag(ctx context.Context, ref string, names []string) error {
	img, _, err := s.lookup(ref)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := img.Tag(name); err != nil {
			return classify(err)
		}
		s.event(ctx, Event{Status: StatusTag, ID: img.ID(), Name: name})
	}
	return nil
}

// Untag takes names from a local image, all of them if none is given. The image
// stays.
func (s *Store) Untag(ctx context.Context, ref string, names []string) error {
	img, _, err := s.lookup(ref)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = slices.Clone(img.Names())
	}
	for _, name := range names {
		if err := img.Untag(name); err != nil {
			return classify(err)
		}
		s.event(ctx, Event{Status: StatusUntag, ID: img.ID(), Name: name})
	}
	return nil
}
