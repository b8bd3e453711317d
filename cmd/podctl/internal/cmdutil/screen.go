package cmdutil

import (
	"context"
	"time"
)

// ClearScreen is how terminals are told to (ECMA-48).
const ClearScreen = "\x1b[2J\x1b[1;1H"

// Every calls show at once and then after each interval, until it fails or ctx
// ends, which is no error: it is how the user ends a display.
func Every(ctx context.Context, interval time.Duration, show func() error) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		err := show()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
