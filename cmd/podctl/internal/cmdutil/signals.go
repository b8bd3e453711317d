package cmdutil

import (
	"fmt"
	"syscall"

	"github.com/containers/common/pkg/signal"
)

// lastSignal is SIGRTMAX on Linux.
const lastSignal = 64

// ErrSignalRange is the error of a number that is no signal's.
var ErrSignalRange = fmt.Errorf("valid signals are 1 through %d", lastSignal)

// ParseSignal reads a signal: its name with or without SIG in any case, a
// real-time name such as RTMIN+3, or its number from 1 to 64; else
// [ErrSignalRange]. The error of a bad name is `invalid signal: <name>`.
func ParseSignal(text string) (syscall.Signal, error) {
	sig, err := signal.ParseSignalNameOrNumber(text)
	if err != nil {
		return 0, err
	}
	if sig < 1 || sig > lastSignal {
		return 0, ErrSignalRange
	}
	return sig, nil
}
