package cmdutil

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
)

func TestExitZeroIsNoError(t *testing.T) {
	require.NoError(t, Exit(0))
	require.NoError(t, WithCode(1, nil))
	require.NoError(t, RemoveError(nil))
}

func TestRemoveError(t *testing.T) {
	missing := fmt.Errorf("no pod with name or ID x found: %w", errdefs.ErrNoSuchPod)
	state := fmt.Errorf("cannot remove: %w", errdefs.ErrCtrState)
	used := fmt.Errorf("volume v: %w", errdefs.ErrVolumeInUse)
	other := errors.New("disk full")
	tests := []struct {
		name    string
		err     error
		classes []error
		code    int
	}{
		{"missing_is_1", missing, nil, 1},
		{"missing_beats_in_use", errors.Join(state, missing), []error{errdefs.ErrInvalidState}, 1},
		{"wrong_state_is_2_where_asked_for", state, []error{errdefs.ErrInvalidState, errdefs.ErrInUse}, 2},
		{"in_use_is_2_where_asked_for", errors.Join(other, used), []error{errdefs.ErrInvalidState, errdefs.ErrInUse}, 2},
		{"wrong_state_is_125_elsewhere", state, nil, 125},
		{"anything_else_is_125", other, []error{errdefs.ErrInUse}, 125},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ios, _, _, _ := iostreams.Test()
			require.Equal(t, test.code, Report(ios, RemoveError(test.err, test.classes...)))
		})
	}
}
