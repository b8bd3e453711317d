package cmdutil

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/containers/storage/pkg/regexp"

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

// InspectNewest is InspectAll for --latest.
func InspectNewest[T any](object T, err error) (found []T, missing []error, _ error) {
	switch {
	case err == nil:
		return []T{object}, nil, nil
	case errors.Is(err, errdefs.ErrNotFound):
		return nil, []error{err}, nil
	}
	return nil, nil, err
}

// ShowInspected prints what InspectAll found and returns what is missing, in the
// order in which it is reported. As JSON nothing found is an empty list; a template
// that cannot be parsed is an error also then.
func ShowInspected[T any](streams *iostreams.IOStreams, format string, found []T, missing []error) error {
	err := RenderInspected(streams.Out, ListFormat{Command: "inspect", Format: cmp.Or(format, "json"), NoHeading: true, Indent: JSONIndent}, found)
	return errors.Join(append(FirstLast(missing), err)...)
}

// RenderInspected is RenderList for inspect commands: a template may also have the
// names that JSON has. It is tried with those when it names a field that only JSON
// knows.
func RenderInspected[T any](out io.Writer, f ListFormat, found []T) error {
	var text bytes.Buffer
	err := RenderList(&text, f, found)
	if unknown := unknownField.FindStringSubmatch(fmt.Sprint(err)); unknown != nil {
		var again bytes.Buffer
		byKey, keys := asJSON(found)
		if keys[unknown[1]] && RenderList(&again, f, byKey) == nil && !bytes.Contains(again.Bytes(), []byte("<no value>")) {
			text, err = again, nil
		}
	}
	_, written := text.WriteTo(out)
	return errors.Join(err, written)
}

// unknownField is what text/template says of a field that a type does not have.
var unknownField = regexp.Delayed(`can't evaluate field (\w+) in type`)

// asJSON are the objects as JSON shows them, and all keys they have.
func asJSON[T any](objects []T) ([]any, map[string]bool) {
	keys := map[string]bool{}
	var plain func(value any) any
	plain = func(value any) any {
		switch v := value.(type) {
		case map[string]any:
			for key, item := range v {
				keys[key], v[key] = true, plain(item)
			}
		case []any:
			for i, item := range v {
				v[i] = plain(item)
			}
		case json.Number:
			if n, err := v.Int64(); err == nil {
				return n
			}
			return v.String()
		}
		return value
	}
	var list []any
	for _, object := range objects {
		var text bytes.Buffer
		var value any
		decoder := json.NewDecoder(&text)
		decoder.UseNumber()
		if PrintJSON(&text, object, 0) != nil || decoder.Decode(&value) != nil {
			return nil, nil
		}
		list = append(list, plain(value))
	}
	return list, keys
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
func PrintSteps[T fmt.Stringer](streams *iostreams.IOStreams, steps []T) {
	for _, s := range steps {
		fmt.Fprintln(streams.Out, s)
	}
}
