package image

import (
	"errors"

	"github.com/containers/storage"

	"github.com/podctl/podctl/pkg/errdefs"
)

// classed keeps the library's words and adds one of podctl's sentinels, whose
// words the library's error ends with already.
type classed struct {
	error
	sentinel error
}

func (e classed) Unwrap() []error { return []error{e.error, e.sentinel} }

// Classed is err with the class of the sentinel, in the words of err alone.
func Classed(err, sentinel error) error { return classed{err, sentinel} }

// Classify gives errors of the libraries their class.
func Classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrImageUnknown):
		return classed{err, errdefs.ErrNoSuchImage}
	case errors.Is(err, storage.ErrImageUsedByContainer):
		return classed{err, errdefs.ErrImageInUse}
	}
	return err
}
