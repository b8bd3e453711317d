package cmdutil

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
)

// Report prints err, each part of a joined error as its own "Error: " line on
// io.ErrOut, and returns the exit code. nil prints nothing and returns 0. It
// is called once, by main.
func Report(io *iostreams.IOStreams, err error) int {
	if err == nil {
		return ExitOK
	}
	var interrupted *InterruptedError
	if errors.As(err, &interrupted) {
		reportInterrupted(io, interrupted)
		return interrupted.By.ExitCode()
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

// reportInterrupted is Report for a command that a signal told to end: where it
// gave up is said in the signal's name.
func reportInterrupted(io *iostreams.IOStreams, err *InterruptedError) {
	named := false
	for _, part := range flatten(err.Err) {
		text, ok := part.render()
		if !ok {
			continue
		}
		text = strings.ReplaceAll(text, context.Canceled.Error(), err.By.Error())
		named = named || strings.Contains(text, err.By.Error())
		fmt.Fprintln(io.ErrOut, text)
	}
	if !named {
		fmt.Fprintln(io.ErrOut, "Error:", err.By)
	}
}

// part is one error of several, with what its wrappers say before it.
type part struct {
	prefix string
	err    error
	bare   bool // shown without "Error: "
}

func (p part) render() (string, bool) {
	text := oneLine(p.prefix + p.err.Error())
	var usage *UsageError
	if errors.As(p.err, &usage) && usage.Hint != "" {
		return "Error: " + text + "\n" + usage.Hint, true
	}
	var exit *ExitError
	if errors.As(p.err, &exit) && exit.Err == nil {
		return "", false
	}
	if p.bare {
		return text, true
	}
	if errors.Is(p.err, errdefs.ErrOCIRuntime) {
		class := errdefs.ErrOCIRuntime.Error()
		text = class + ": " + strings.TrimSuffix(text, ": "+class)
	}
	return "Error: " + text, true
}

// Sentences are the parts of a joined error, for those that are results and not the
// end of a command.
func Sentences(err error) []string {
	parts := flatten(err)
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.prefix + p.err.Error()
	}
	return texts
}

// flatten returns the parts of a joined error, wrapped or not: what stands
// before the joined text is repeated for each part.
func flatten(err error) []part {
	bare := false
	for e := err; e != nil; e = errors.Unwrap(e) {
		if exit, ok := e.(*ExitError); ok { //nolint:errorlint // the loop walks the chain
			bare = bare || exit.Bare
		}
		list := members(e)
		prefix, ok := strings.CutSuffix(err.Error(), e.Error())
		if len(list) == 0 || !ok {
			continue
		}
		var parts []part
		for _, member := range list {
			for _, p := range flatten(member) {
				parts = append(parts, part{prefix + p.prefix, p.err, p.bare || bare})
			}
		}
		return parts
	}
	return []part{{"", err, bare}}
}

// members returns what errors.Join or a multierror holds. fmt.Errorf with
// several %w has an Unwrap of the same shape but is one sentence: it is told
// apart by its text.
func members(err error) []error {
	if m, ok := err.(*multierror.Error); ok { //nolint:errorlint // the caller walks the chain
		return m.Errors
	}
	joined, ok := err.(interface{ Unwrap() []error })
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
