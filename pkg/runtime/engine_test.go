package runtime

import (
	"bytes"
	"path/filepath"
	"sync"
	"testing"

	"github.com/containers/common/pkg/config"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/settings"
	"github.com/podctl/podctl/pkg/store"
)

// notes is a writer for notices that may come from any goroutine.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// testSettings are settings with all directories below a temporary one.
func testSettings(t *testing.T) *settings.Settings {
	t.Helper()
	dir := t.TempDir()
	return &settings.Settings{
		Conf:      &config.Config{},
		GraphRoot: filepath.Join(dir, "root"), RunRoot: filepath.Join(dir, "run"),
		StateDir: filepath.Join(dir, "root", "podctl"), TmpDir: filepath.Join(dir, "run", "podctl"),
		VolumeDir: filepath.Join(dir, "root", "volumes"),
	}
}

// testEngine opens an engine on a real database, without any other part.
func testEngine(t *testing.T, s *settings.Settings) (*Runtime, *notes) {
	t.Helper()
	said := &notes{}
	r, err := Open(t.Context(), Config{Settings: s, Notices: said})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.store.(*store.Store).Close()) })
	return r, said
}

// insert adds a pod without infra container and containers in it, both ready.
func insert(t *testing.T, r *Runtime, p *pod.Pod, list ...*container.Container) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, r.store.Update(ctx, func(tx *store.Tx) error {
		if p != nil {
			require.NoError(t, tx.InsertPod(ctx, p))
		}
		for _, c := range list {
			require.NoError(t, tx.InsertContainer(ctx, c))
			require.NoError(t, tx.SaveContainer(ctx, c))
		}
		return nil
	}))
}

// fullID is an ID of 64 characters made of one.
func fullID(c byte) string { return string(bytes.Repeat([]byte{c}, 64)) }

func aPod(id byte, name string) *pod.Pod {
	return &pod.Pod{ID: fullID(id), Name: name, State: pod.Ready, Config: &pod.Config{}}
}

func aContainer(id byte, name, podID string, deps ...string) *container.Container {
	return &container.Container{ID: fullID(id), Name: name, PodID: podID, State: container.Created, Config: &container.Config{}, DependsOn: deps}
}
