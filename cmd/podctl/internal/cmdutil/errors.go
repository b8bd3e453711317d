package cmdutil

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// The exit codes of podctl itself. Others are the code of a container.
const (
	ExitOK          = 0
	ExitNotFound    = 1   // exists, rm: no such object
	ExitInUse       = 2   // rm: wrong state or in use
	ExitFailure     = 125 // every other error, usage errors included
	ExitCannotRun   = 126 // run, exec: the command cannot be invoked
	ExitNoSuchEntry = 127 // run, exec: the command was not found
	exitSignaled    = 128 // and the signal's number: told to end before it was done
)

// ExitError is an error with an exit code of its own choosing.
type ExitError struct {
	Code int
	// Err is printed as usual; nil means that nothing is printed.
	Err error
	// Bare leaves the "Error: " prefix away.
	Bare bool
}

// Error implements error.
func (e *ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

// Unwrap returns the error the code belongs to, which may be nil.
func (e *ExitError) Unwrap() error { return e.Err }

// Signaled is the cause of a context that a signal ended.
type Signaled struct{ Signal syscall.Signal }

// Error implements error.
func (s Signaled) Error() string { return "interrupted by " + unix.SignalName(s.Signal) }

// ExitCode is what shells make of a process that the signal ended.
func (s Signaled) ExitCode() int { return exitSignaled + int(s.Signal) }

// InterruptedError is what became of a command that a signal told to end.
type InterruptedError struct {
	Err error
	By  Signaled
}

// Error implements error.
func (e *InterruptedError) Error() string { return e.Err.Error() }

// Unwrap returns what the command said.
func (e *InterruptedError) Unwrap() error { return e.Err }

// Exit returns an error that prints nothing and ends podctl with code, or nil
// for code 0.
func Exit(code int) error {
	if code == ExitOK {
		return nil
	}
	return &ExitError{Code: code}
}

// WithCode gives err an exit code. A nil error stays nil.
func WithCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &ExitError{Code: code, Err: err}
}

// bare returns an error shown without prefix that ends podctl with code 1.
func bare(format string, args ...any) error {
	return &ExitError{Code: ExitNotFound, Err: fmt.Errorf(format, args...), Bare: true}
}

// RemoveError gives the error of an rm command its exit code: 1 if any part
// says that a named object does not exist, else 2 if any part is of one of
// the classes in use2, else 125. A nil error stays nil.
func RemoveError(err error, use2 ...error) error {
	if err == nil {
		return nil
	}
	code := ExitFailure
	for _, part := range flatten(err) {
		if errors.Is(part.err, errdefs.ErrNotFound) {
			return WithCode(ExitNotFound, err)
		}
		for _, class := range use2 {
			if errors.Is(part.err, class) {
				code = ExitInUse
			}
		}
	}
	return WithCode(code, err)
}

// UsageError is an error about the command line, with the lines that tell
// what to do instead.
type UsageError struct {
	Err error
	// Hint follows the message as it is; it may have several lines.
	Hint string
}

// Error implements error.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the error without its hint.
func (e *UsageError) Unwrap() error { return e.Err }
