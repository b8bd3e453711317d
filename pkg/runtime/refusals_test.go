package runtime

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestRefusedRemovalSaysEveryReasonAndTouchesNothing(t *testing.T) {
	b := newBench(t)
	podID := b.pod("p")
	for _, name := range []string{"one", "two", "idle"} {
		b.ctr(name, "p")
	}
	one, two := b.idOf("one"), b.idOf("two")
	require.NoError(t, b.look().StartContainer(b.ctx, one))
	require.NoError(t, b.look().StartContainer(b.ctx, two))
	require.NoError(t, b.look().PauseContainer(b.ctx, two))
	b.forget()
	seq, before := b.now(), b.snapshot()
	err := b.open().RemovePod(b.ctx, podID, RemoveOptions{})
	require.ErrorIs(t, err, errdefs.ErrInvalidState)
	for _, text := range []string{
		"not all containers could be removed from pod " + podID + ": removing pod containers",
		"error removing container " + one + " from pod " + podID + ": cannot remove container " + one + " as it is running",
		"error removing container " + two + " from pod " + podID + ": cannot remove container " + two + " as it is paused",
	} {
		require.ErrorContains(t, err, text)
	}
	require.NotContains(t, err.Error(), b.idOf("idle"))
	require.Empty(t, b.journal)
	require.Empty(t, b.events(seq))
	require.Equal(t, before, b.snapshot())
}

func TestRemovalIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		rm   func(*bench) string
		opts RemoveOptions
		is   error
		says string
	}{
		"of_one_that_runs":           {func(*bench) string { return "web" }, RemoveOptions{}, errdefs.ErrInvalidState, "as it is running - running or paused containers cannot be removed without force"},
		"of_one_others_depend_on":    {func(*bench) string { return "sql" }, RemoveOptions{Force: true}, errdefs.ErrInUse, "has dependent containers which must be removed before it"},
		"of_an_infra_container":      {func(b *bench) string { return b.infra(b.podNamed("p")) }, RemoveOptions{Force: true}, nil, "cannot be removed without removing the pod"},
		"of_what_is_not_there":       {func(*bench) string { return "nobody" }, RemoveOptions{Force: true}, errdefs.ErrNoSuchCtr, `no container with ID or name "nobody" found`},
		"of_the_beginning_of_a_name": {func(*bench) string { return "we" }, RemoveOptions{Force: true}, errdefs.ErrNoSuchCtr, `no container with ID or name "we" found`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			twoInPod(true)(b)
			b.forget()
			removed, err := b.open().RemoveContainers(b.ctx, Selection{Names: []string{tc.rm(b)}}, tc.opts)
			require.NoError(t, err)
			require.Len(t, removed, 1)
			require.ErrorContains(t, removed[0].Err, tc.says)
			if tc.is != nil {
				require.ErrorIs(t, removed[0].Err, tc.is)
			}
			require.Empty(t, b.journal)
			b.sound()
		})
	}
}

func TestCreateIsRefused(t *testing.T) {
	b := newBench(t)
	b.pod("p")
	b.ctr("web", "p")
	b.ctr("alone", "")
	b.forget()
	for name, tc := range map[string]struct {
		opts CreateOptions
		is   error
	}{
		"in_a_pod_that_is_not_there":              {ctrOptions("new", "nobody"), errdefs.ErrNoSuchPod},
		"under_a_taken_name":                      {ctrOptions("web", ""), errdefs.ErrExists},
		"under_what_is_no_name":                   {ctrOptions("a b", ""), errdefs.ErrInvalidArgument},
		"requiring_what_is_not_there":             {ctrOptions("new", "", requires("nobody")), errdefs.ErrNotFound},
		"requiring_what_is_in_a_pod_from_outside": {ctrOptions("new", "", requires("web")), errdefs.ErrInvalidArgument},
		"requiring_what_is_outside_from_within":   {ctrOptions("new", "p", requires("alone")), errdefs.ErrInvalidArgument},
		"from_an_image_that_is_not_there":         {ctrOptions("new", "", func(o *CreateOptions) { o.Config.Image.RawName = "none" }), errdefs.ErrNoSuchImage},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.open().CreateContainer(b.ctx, tc.opts)
			require.ErrorIs(t, err, tc.is)
			require.Empty(t, b.effects("create-layer"))
		})
	}
	b.sound()
}
