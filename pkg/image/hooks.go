package image

import (
	"context"
	"fmt"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Hooks are the questions and reports that go from the store to its owner.
// Any of them may be nil.
type Hooks struct {
	// InUse returns the IDs of podctl's own containers made from the image.
	InUse func(ctx context.Context, imageID string) ([]string, error)
	// RemoveContainer removes one of podctl's containers, running or not.
	RemoveContainer func(ctx context.Context, id string) error
	// OnEvent is told of each change after it was made.
	OnEvent func(ctx context.Context, event Event)
}

// Status is the status word of an image event.
type Status string

// The image events podctl writes.
const (
	StatusPull      Status = "pull"
	StatusPullError Status = "pull-error"
	StatusLoad      Status = "loadfromarchive"
	StatusSave      Status = "save"
	StatusTag       Status = "tag"
	StatusUntag     Status = "untag"
	StatusRemove    Status = "remove"
	StatusPush      Status = "push"
)

// Event is one change of an image. Name is the name the user gave, or the path
// for load and save; Error is set for [StatusPullError] only.
type Event struct {
	Status Status
	ID     string
	Name   string
	Error  string
}

// Report tells the store's owner of a change.
func (s *Store) Report(ctx context.Context, event Event) {
	if s.hooks.OnEvent != nil {
		s.hooks.OnEvent(ctx, event)
	}
}

// InUse returns podctl's containers made from the image, none without a hook.
func (s *Store) InUse(ctx context.Context, imageID string) ([]string, error) {
	if s.hooks.InUse == nil {
		return nil, nil
	}
	return s.hooks.InUse(ctx, imageID)
}

// RemoveContainer has podctl remove one of its containers, running or not. Without
// a hook there is none to remove. Errors: class ErrUnavailable then.
func (s *Store) RemoveContainer(ctx context.Context, id string) error {
	if s.hooks.RemoveContainer == nil {
		return fmt.Errorf("container %s cannot be removed from here: %w", id, errdefs.ErrUnavailable)
	}
	return s.hooks.RemoveContainer(ctx, id)
}
