package proc

import (
	"fmt"
	"time"

	"github.com/podctl/podctl/pkg/errdefs"
)

// TimeoutError says that a program podctl ran was killed because it took longer
// than --program-timeout. Its class is errdefs.ErrUnavailable.
type TimeoutError struct{ After time.Duration }

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("it did not end in %s and was killed (--program-timeout)", e.After)
}

// Unwrap returns the class.
func (e *TimeoutError) Unwrap() error { return errdefs.ErrUnavailable }
