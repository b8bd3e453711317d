package cmdutil

import (
	"errors"
	"syscall"

	"github.com/containers/common/pkg/signal"
)

// lastSignal is SIGRTMAX on Linux.
const lastSignal = 64

// ParseSignal reads a signal: its name with or without SIG in any case, a
// real-time name such as RTMIN+3, or its number from 1 to 64. The error of a
// bad name is `invalid signal: <name>`.
func ParseSignal(text string) (syscall.Signal, error) {
	sig, err := signal.ParseSignalNameOrNumber(text)
	if err != nil {
		return 0, err
	}
	if sig < 1 || sig > lastSignal {
		return 0, errors.New("valid signals are 1 through 64")
	}
	return sig, nil
}
