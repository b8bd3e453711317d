package kubeplay

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

// notes is what was said to be done.
type notes []string

func (n *notes) Begin(step Step)      { *n = append(*n, fmt.Sprint("step ", step)) }
func (n *notes) Done(idOrName string) { *n = append(*n, idOrName) }

func TestDown(t *testing.T) {
	f, told := new(fake), new(notes)
	require.NoError(t, Down(t.Context(), f, read(t, everything), DownOptions{}, told))
	require.Equal(t, &notes{"step 0", "id-web", "id-d-pod", "step 1", "id-web", "id-d-pod", "step 2", "id-s", "step 3"}, told)
	require.NotContains(t, f.calls, "volume rm v")

	f, told = new(fake), new(notes)
	require.NoError(t, Down(t.Context(), f, read(t, everything), DownOptions{Volumes: true}, told))
	require.Equal(t, "v", (*told)[len(*told)-1])
}

func TestDownTriesAll(t *testing.T) {
	f, told := &fake{fails: map[string]error{
		"stop id-web": errors.New("it stays"), "rm id-d-pod": errdefs.ErrNoSuchPod, "secret rm": errdefs.ErrNoSuchSecret, "volume rm": errdefs.ErrVolumeInUse,
	}}, new(notes)
	err := Down(t.Context(), f, read(t, everything), DownOptions{Volumes: true}, told)
	require.EqualError(t, err, "it stays\nvolume is being used")
	require.Equal(t, &notes{"step 0", "id-d-pod", "step 1", "id-web", "id-d-pod", "step 2", "step 3"}, told)
}
