package store

import (
	"testing"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/stretchr/testify/require"
)

func TestLookup(t *testing.T) {
	s, ctx := open(t), t.Context()
	addPod(t, s, "aa11", "web", 1)
	addPod(t, s, "aa22", "aa1", 2) // its name is a prefix of the other's ID
	addPod(t, s, "ffff", "Web", 3)
	addContainer(t, s, "", "cc11", "one", 1)
	addContainer(t, s, "", "cc22", "cc", 2)
	addContainer(t, s, "", "cc33", "c%", 3)
	update(t, s, func(tx *Tx) {
		require.NoError(t, tx.InsertPod(ctx, &pod.Pod{ID: "dd", Name: "half", State: pod.Creating, Config: &pod.Config{}}))
		require.NoError(t, tx.InsertContainer(ctx, &container.Container{ID: "de", Name: "half", State: container.Creating, Config: &container.Config{}}))
	})
	type answer struct {
		id  string
		err string
		is  error
	}
	for text, want := range map[string]answer{
		"web":     {id: "aa11"},
		"Web":     {id: "ffff"},
		"aa11":    {id: "aa11"},
		"AA2":     {id: "aa22"},
		"aa1":     {id: "aa22"}, // the exact name beats the prefix
		"ffff":    {id: "ffff"},
		"f":       {id: "ffff"},
		"aa":      {err: `more than one result for pod "aa": container already exists`, is: errdefs.ErrAmbiguous},
		"we":      {err: "no pod with name or ID we found: no such pod", is: errdefs.ErrNotFound}, // no prefix of a name
		"WEB":     {err: "no pod with name or ID WEB found: no such pod", is: errdefs.ErrNotFound},
		"%":       {err: "no pod with name or ID % found: no such pod", is: errdefs.ErrNotFound},
		"aa11aa":  {err: "no pod with name or ID aa11aa found: no such pod", is: errdefs.ErrNotFound},
		"half":    {err: "no pod with name or ID half found: no such pod", is: errdefs.ErrNotFound},
		"dd":      {err: "no pod with name or ID dd found: no such pod", is: errdefs.ErrNotFound},
		"' OR '1": {err: "no pod with name or ID ' OR '1 found: no such pod", is: errdefs.ErrNotFound},
		"":        {err: "name or ID cannot be empty", is: errdefs.ErrInvalidArgument},
	} {
		t.Run("pod/"+text, func(t *testing.T) {
			view(t, s, func(tx *Tx) {
				id, err := tx.LookupPod(ctx, text)
				require.Equal(t, want.id, id)
				if want.is != nil {
					require.EqualError(t, err, want.err)
					require.ErrorIs(t, err, want.is)
				}
			})
		})
	}
	for text, want := range map[string]answer{
		"one":  {id: "cc11"},
		"/one": {id: "cc11"},
		"cc":   {id: "cc22"},
		"CC1":  {id: "cc11"},
		"c":    {err: `more than one result for container "c": container already exists`, is: errdefs.ErrAmbiguous},
		"c%":   {id: "cc33"},
		"on":   {err: `no container with name or ID "on" found: no such container`, is: errdefs.ErrNotFound},
		"de":   {err: `no container with name or ID "de" found: no such container`, is: errdefs.ErrNotFound},
		"aa11": {err: `no container with name or ID "aa11" found: no such container`, is: errdefs.ErrNotFound},
		"/":    {err: "name or ID cannot be empty", is: errdefs.ErrInvalidArgument},
	} {
		t.Run("container/"+text, func(t *testing.T) {
			view(t, s, func(tx *Tx) {
				id, err := tx.LookupContainer(ctx, text)
				require.Equal(t, want.id, id)
				if want.is != nil {
					require.EqualError(t, err, want.err)
					require.ErrorIs(t, err, want.is)
				}
			})
		})
	}
}

func TestNamesInAnyState(t *testing.T) {
	s, ctx := open(t), t.Context()
	view(t, s, func(tx *Tx) {
		_, err := tx.NewestPod(ctx)
		require.ErrorIs(t, err, errdefs.ErrNoSuchPod)
		_, err = tx.NewestContainer(ctx)
		require.ErrorIs(t, err, errdefs.ErrNoSuchCtr)
	})
	addPod(t, s, "aa", "web", 2)
	addPod(t, s, "bb", "old", 1)
	addContainer(t, s, "", "c1", "one", 2)
	addContainer(t, s, "", "c2", "two", 1)
	update(t, s, func(tx *Tx) {
		require.NoError(t, tx.InsertPod(ctx, &pod.Pod{ID: "dd", Name: "halfpod", State: pod.Creating, Config: &pod.Config{}, CreatedAt: tx.Now()}))
		require.NoError(t, tx.InsertContainer(ctx, &container.Container{ID: "de", Name: "half", State: container.Creating, Config: &container.Config{}, CreatedAt: tx.Now()}))
	})
	view(t, s, func(tx *Tx) {
		for name, want := range map[string]bool{"web": true, "one": true, "half": true, "halfpod": true, "free": false} {
			taken, err := tx.NameTaken(ctx, name)
			require.NoError(t, err)
			require.Equal(t, want, taken, name)
		}
		id, err := tx.ContainerNamed(ctx, "half")
		require.NoError(t, err)
		require.Equal(t, "de", id)
		id, err = tx.PodNamed(ctx, "halfpod")
		require.NoError(t, err)
		require.Equal(t, "dd", id)
		id, err = tx.PodNamed(ctx, "free")
		require.NoError(t, err)
		require.Empty(t, id)
		id, err = tx.NewestPod(ctx)
		require.NoError(t, err)
		require.Equal(t, "aa", id, "what is being made does not count")
		id, err = tx.NewestContainer(ctx)
		require.NoError(t, err)
		require.Equal(t, "c1", id)
	})
}
