package cmdutil

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
)

// JSONIndent is the number of blanks per level of JSON where the peer's scripts
// know no other.
const JSONIndent = 5

// InspectAll looks each name up. What is not there has its error, from noSuch,
// in missing; any other error, as for an ambiguous name, ends it.
func InspectAll[T any](names []string, find func(name string) (T, error), noSuch func(name string) error) (found []T, missing []error, err error) {
	for _, name := range names {
		object, err := find(name)
		switch {
		case err == nil:
			found = append(found, object)
		case errors.Is(err, errdefs.ErrNotFound):
			missing = append(missing, noSuch(name))
		default:
			return nil, nil, err
		}
	}
	return found, missing, nil
}

// ShowInspected prints what InspectAll found and returns what is missing, in the
// order in which it is reported. As JSON nothing found is an empty list.
func ShowInspected[T any](io *iostreams.IOStreams, format string, found []T, missing []error) error {
	format = cmp.Or(format, "json")
	var err error
	if len(found) > 0 || IsJSON(format) {
		err = RenderList(io.Out, ListFormat{Command: "inspect", Format: format, NoHeading: true, Indent: JSONIndent}, found)
	}
	return errors.Join(append(FirstLast(missing), err)...)
}

// FirstLast is the order in which inspect commands report several errors: all
// but the first come first and without prefix.
func FirstLast(errs []error) []error {
	if len(errs) == 0 {
		return nil
	}
	var out []error
	for _, err := range errs[1:] {
		out = append(out, &ExitError{Code: ExitFailure, Err: err, Bare: true})
	}
	return append(out, errs[0])
}

// FindAll looks each name up and goes on when one fails. The errors are in the
// order of FirstLast.
func FindAll[T any](names []string, find func(name string) (T, error)) (found []T, errs []error) {
	for _, name := range names {
		object, err := find(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		found = append(found, object)
	}
	return found, FirstLast(errs)
}

// PrintSteps shows what a verb would do, a step a line.
func PrintSteps[T fmt.Stringer](io *iostreams.IOStreams, steps []T) {
	for _, s := range steps {
		fmt.Fprintln(io.Out, s)
	}
}
