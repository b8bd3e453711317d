package runtime

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
)

// Of containers that start at the same time one prepares the volume they share, and
// none goes on before that is done.
func TestFirstUseOfASharedVolume(t *testing.T) {
	b := newBench(t)
	rootfs := t.TempDir()
	const files = 300
	require.NoError(t, os.Mkdir(filepath.Join(rootfs, "data"), 0o755))
	for i := range files {
		require.NoError(t, os.WriteFile(filepath.Join(rootfs, "data", fmt.Sprint(i)), []byte("content"), 0o644))
	}
	errs := make([]error, 8)
	var all sync.WaitGroup
	for i := range errs {
		c := b.row(b.ctr(fmt.Sprintf("c%d", i), "", func(o *CreateOptions) {
			o.Config.Storage.Volumes = []container.VolumeMount{{Name: "shared", Destination: "/data"}}
		}))
		c.Runtime.Mountpoint = rootfs
		e := b.open()
		all.Go(func() {
			paths, err := e.mountVolumes(b.ctx, c)
			found, readErr := os.ReadDir(paths["shared"])
			if errs[i] = errors.Join(err, readErr); errs[i] == nil && len(found) != files {
				errs[i] = fmt.Errorf("container %d found %d files", i, len(found))
			}
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	v, err := b.look().volumeNamed(b.ctx, "shared")
	require.NoError(t, err)
	require.False(t, v.NeedsCopyUp || v.NeedsChown)
}
