package runtime

import (
	"fmt"

	"github.com/containers/common/pkg/signal"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// parseSignal reads a signal's name or number.
func parseSignal(text string) (unix.Signal, error) {
	sig, err := signal.ParseSignalNameOrNumber(text)
	if err != nil {
		return 0, fmt.Errorf("invalid signal: %s: %w", text, errdefs.ErrInvalidArg)
	}
	return sig, nil
}
