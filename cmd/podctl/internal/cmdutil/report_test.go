package cmdutil

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
)

func TestReport(t *testing.T) {
	one, two := errors.New("one"), errors.New("two")
	oci := fmt.Errorf("runc create failed: no such file: %w", errdefs.ErrOCIRuntime)
	tests := []struct {
		name string
		err  error
		want string
		code int
	}{
		{"no_error_prints_nothing", nil, "", 0},
		{"an_error_is_one_line_and_125", one, "Error: one\n", 125},
		{"joined_errors_are_a_line_each", errors.Join(one, two), "Error: one\nError: two\n", 125},
		{"multierror_members_are_a_line_each", multierror.Append(one, two), "Error: one\nError: two\n", 125},
		{"nested_joins_are_flattened", errors.Join(errors.Join(one, two), one), "Error: one\nError: two\nError: one\n", 125},
		{"a_wrapper_is_repeated_for_each_member", fmt.Errorf("pod web: %w", errors.Join(one, two)), "Error: pod web: one\nError: pod web: two\n", 125},
		{"a_wrapped_multierror_is_taken_apart", fmt.Errorf("pod web: %w", multierror.Append(one, two)), "Error: pod web: one\nError: pod web: two\n", 125},
		{"one_sentence_with_two_causes_stays_one", fmt.Errorf("%w: %w", one, two), "Error: one: two\n", 125},
		{"line_breaks_are_folded", errors.New("a\nb\r\n\n  c\n"), "Error: a b c\n", 125},
		{"a_code_of_its_own_is_kept", WithCode(2, errors.Join(one, two)), "Error: one\nError: two\n", 2},
		{"a_code_inside_a_wrapper_is_kept", fmt.Errorf("x: %w", WithCode(127, one)), "Error: x: one\n", 127},
		{"a_code_inside_a_join_is_kept", errors.Join(one, WithCode(1, two)), "Error: one\nError: two\n", 1},
		{"a_silent_code_prints_nothing", Exit(3), "", 3},
		{"a_bare_error_has_no_prefix", bare("Log Level %q", "x"), "Log Level \"x\"\n", 1},
		{"bareness_reaches_joined_errors", errors.Join(&ExitError{Code: 125, Err: errors.Join(one, two), Bare: true}, one), "one\ntwo\nError: one\n", 125},
		{"a_usage_error_keeps_its_hint_lines", &UsageError{Err: one, Hint: "See 'x'\nor not"}, "Error: one\nSee 'x'\nor not\n", 125},
		{"a_signal_gives_code_and_reason", &InterruptedError{Err: errors.Join(one, fmt.Errorf("stop web: %w", context.Canceled)), By: Signaled{syscall.SIGTERM}},
			"Error: one\nError: stop web: interrupted by SIGTERM\n", 143},
		{"a_signal_is_named_if_nothing_else_does", &InterruptedError{Err: WithCode(1, one), By: Signaled{syscall.SIGINT}}, "Error: one\nError: interrupted by SIGINT\n", 130},
		{"an_oci_runtime_error_leads_with_its_class", oci, "Error: OCI runtime error: runc create failed: no such file\n", 125},
		{"of_several_only_the_oci_runtime_error_does", errors.Join(one, oci), "Error: one\nError: OCI runtime error: runc create failed: no such file\n", 125},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ios, _, out, errOut := iostreams.Test()
			require.Equal(t, test.code, Report(ios, test.err))
			require.Equal(t, test.want, errOut.String())
			require.Empty(t, out.String())
		})
	}
}
