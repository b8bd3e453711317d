package cmdutil

import "slices"

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
	return slices.Concat(out, errs[:1])
}
