package cmdutil

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
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

// Report prints err, each part of a joined error as its own "Error: " line on
// io.ErrOut, and returns the exit code. nil prints nothing and returns 0. It
// is called once, by main.
func Report(io *iostreams.IOStreams, err error) int {
	if err == nil {
		return ExitOK
	}
	for _, part := range flatten(err) {
		if text, ok := part.render(); ok {
			fmt.Fprintln(io.ErrOut, text)
		}
	}
	var exit *ExitError
	if errors.As(err, &exit) {
		return exit.Code
	}
	return ExitFailure
}

// part is one error of several, with what its wrappers say before it.
type part struct {
	prefix string
	err    error
}

func (p part) render() (string, bool) {
	text := oneLine(p.prefix + p.err.Error())
	var usage *UsageError
	if errors.As(p.err, &usage) && usage.Hint != "" {
		return "Error: " + text + "\n" + usage.Hint, true
	}
	var exit *ExitError
	if errors.As(p.err, &exit) {
		if exit.Err == nil {
			return "", false
		}
		if exit.Bare {
			return text, true
		}
	}
	if errors.Is(p.err, errdefs.ErrOCIRuntime) {
		class := errdefs.ErrOCIRuntime.Error()
		text = class + ": " + strings.TrimSuffix(text, ": "+class)
	}
	return "Error: " + text, true
}

// flatten returns the parts of a joined error, wrapped or not: what stands
// before the joined text is repeated for each part.
func flatten(err error) []part {
	for e := err; e != nil; e = errors.Unwrap(e) {
		members := members(e)
		if len(members) == 0 {
			continue
		}
		prefix, ok := strings.CutSuffix(err.Error(), e.Error())
		if !ok {
			break
		}
		var parts []part
		for _, m := range members {
			for _, p := range flatten(m) {
				parts = append(parts, part{prefix + p.prefix, p.err})
			}
		}
		return parts
	}
	return []part{{"", err}}
}

// members returns what errors.Join or a multierror holds. fmt.Errorf with
// several %w has an Unwrap of the same shape but is one sentence: it is told
// apart by its text.
func members(err error) []error {
	if m, ok := err.(*multierror.Error); ok { //nolint:errorlint // the caller walks the chain
		return m.Errors
	}
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // as above
	if !ok {
		return nil
	}
	list := joined.Unwrap()
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = e.Error()
	}
	if strings.Join(texts, "\n") != err.Error() {
		return nil
	}
	return list
}

// oneLine folds line breaks, which the words of other programs bring along,
// so that one error stays one line.
func oneLine(text string) string {
	if !strings.ContainsAny(text, "\r\n") {
		return text
	}
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r", "\n"), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}
