package runtime

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/image"
)

// openWithoutLibrary is a podctl that was built without the library of images.
func (b *bench) openWithoutLibrary() *engine {
	e := b.open()
	e.Runtime.library = func() (Library, error) { return nil, ErrNoLibrary }
	return e
}

// removingLibrary is one that notes what is removed.
type removingLibrary struct {
	Library
	names *[]string
}

func (r removingLibrary) Remove(_ context.Context, names []string, _ image.RemoveOptions) (image.RemoveReport, []error) {
	*r.names = append(*r.names, names...)
	return image.RemoveReport{}, nil
}

// A verb that needs the library where there is none has done nothing: the program
// that has it begins anew.
func TestWithoutLibrary(t *testing.T) {
	unknown := func(o *CreateOptions) { o.Config.Image.RawName = "elsewhere" }
	withImage := func(o *CreateOptions) { o.Config.AutoRemove, o.Config.AutoRemoveImage = true, true }
	t.Run("a local image will do", func(t *testing.T) {
		b := newBench(t)
		id, err := b.openWithoutLibrary().CreateContainer(b.ctx, ctrOptions("web", ""))
		require.NoError(t, err)
		require.Equal(t, container.Created, b.row(id).State)
	})
	t.Run("an image that is to be pulled", func(t *testing.T) {
		b := newBench(t)
		_, err := b.openWithoutLibrary().CreateContainer(b.ctx, ctrOptions("web", "", unknown))
		require.ErrorIs(t, err, ErrNoLibrary)
		require.Empty(t, b.snapshot().ctrs)
		b.sound()
	})
	t.Run("a new pod with it", func(t *testing.T) {
		b := newBench(t)
		pod := podOptions("p")
		_, err := b.openWithoutLibrary().CreateContainer(b.ctx, ctrOptions("web", "", unknown, func(o *CreateOptions) { o.NewPod = &pod }))
		require.ErrorIs(t, err, ErrNoLibrary)
		b.sound()
		_, err = b.open().CreatePod(b.ctx, pod)
		require.NoError(t, err, "its name is free")
	})
	t.Run("an image that is to be removed at the end", func(t *testing.T) {
		b := newBench(t)
		_, err := b.openWithoutLibrary().RunContainer(b.ctx, RunOptions{Create: ctrOptions("web", "", withImage), Detach: true})
		require.ErrorIs(t, err, ErrNoLibrary)
		require.Empty(t, b.effects("create-layer"))
	})
	t.Run("cleaning up after a container that takes its image along", func(t *testing.T) {
		for _, how := range []string{"exit command", "recovery"} {
			t.Run(how, func(t *testing.T) {
				b := newBench(t)
				id := b.ctr("web", "", withImage)
				require.NoError(t, b.open().StartContainer(b.ctx, id))
				b.exit(id, 3)
				clean := func(e *engine) error { return e.CleanupContainer(b.ctx, id, CleanupOptions{StoppedOnly: true}) }
				if how == "recovery" {
					clean = func(e *engine) error { return e.StartContainer(b.ctx, id) }
				}
				require.ErrorIs(t, clean(b.openWithoutLibrary()), ErrNoLibrary)
				require.NotEmpty(t, b.idOf("web"), "it is still there")

				var removed []string
				whole := b.open()
				whole.Runtime.library = func() (Library, error) { return removingLibrary{names: &removed}, nil }
				_ = clean(whole) // there is nothing to start any more
				require.Equal(t, []string{"img"}, removed)
			})
		}
	})
}
