package runtime

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/containers/common/pkg/config"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/settings"
	"github.com/podctl/podctl/pkg/store"
)

// reader is an engine with an empty database, and nothing else that can be opened.
func reader(t testing.TB) *Runtime {
	t.Helper()
	dir := t.TempDir()
	conf := &config.Config{}
	conf.Network.DefaultNetwork, conf.Containers.PidsLimit = "net1", 2048
	s := &settings.Settings{
		Conf: conf, GraphRoot: filepath.Join(dir, "root"), RunRoot: filepath.Join(dir, "run"), StateDir: dir, TmpDir: filepath.Join(dir, "tmp"),
	}
	require.NoError(t, os.MkdirAll(s.ExitDir(), 0o700))
	r, err := Open(t.Context(), Config{Settings: s})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.store.(*store.Store).Close()) })
	refuse := errors.New("a read opened what it may not")
	r.images = func() (*image.Store, error) { t.Error("image store opened"); return nil, refuse }
	r.networks = func() (*network.Backend, error) { t.Error("network backend opened"); return nil, refuse }
	r.oci = func() (ociRuntime, error) { t.Error("OCI runtime opened"); return nil, refuse }
	return r
}

// insertRows writes rows as they stand, in the states they have.
func insertRows(t testing.TB, r *Runtime, rows ...any) {
	t.Helper()
	ctx := context.Background()
	require.NoError(t, r.store.Update(ctx, func(tx *store.Tx) error {
		for _, row := range rows {
			switch row := row.(type) {
			case *pod.Pod:
				require.NoError(t, tx.InsertPod(ctx, row))
			case *store.Volume:
				require.NoError(t, tx.InsertVolume(ctx, row))
			case *container.Container:
				require.NoError(t, tx.InsertContainer(ctx, row))
				require.NoError(t, tx.SaveContainer(ctx, row))
			}
		}
		return nil
	}))
}

// damage changes the database behind the store's back.
func damage(t testing.TB, r *Runtime, stmt string) {
	t.Helper()
	db, err := sql.Open("sqlite3", r.settings.Database())
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(stmt)
	require.NoError(t, err)
}

// hexID is an ID of 64 digits that starts with the given ones.
func hexID(prefix string) string { return prefix + fmt.Sprintf("%0*d", 64-len(prefix), 0) }

// epoch is when the first row of a test was made.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func podRow(id, name string, minute int, change ...func(*pod.Pod)) *pod.Pod {
	p := &pod.Pod{ID: hexID(id), Name: name, State: pod.Ready, CreatedAt: epoch.Add(time.Duration(minute) * time.Minute), Config: &pod.Config{CgroupParent: "/parent"}}
	for _, c := range change {
		c(p)
	}
	return p
}

func ctrRow(id, name string, minute int, state container.State, change ...func(*container.Container)) *container.Container {
	c := &container.Container{ID: hexID(id), Name: name, State: state, CreatedAt: epoch.Add(time.Duration(minute) * time.Minute), Config: &container.Config{}}
	for _, fn := range change {
		fn(c)
	}
	return c
}

// in puts a container into a pod.
func in(p *pod.Pod) func(*container.Container) {
	return func(c *container.Container) { c.PodID = p.ID }
}

// asInfra makes a container the infra container of a pod.
func asInfra(p *pod.Pod) func(*container.Container) {
	return func(c *container.Container) {
		c.PodID, p.InfraID, c.Config.Infra = p.ID, c.ID, true
		c.Config.Network.Networks = map[string]types.PerNetworkOptions{"net1": {}}
	}
}

// living gives a container a process that lives: this one.
func living(r *Runtime) func(*container.Container) {
	return func(c *container.Container) {
		c.Runtime.Process, c.Runtime.StartedAt = r.self, c.CreatedAt.Add(time.Second)
	}
}

// dead gives a container a process that is gone.
func dead(r *Runtime) func(*container.Container) {
	return func(c *container.Container) {
		c.Runtime.Process, c.Runtime.StartedAt = r.self, c.CreatedAt.Add(time.Second)
		c.Runtime.Process.StartTime++
	}
}

func withConfig(change func(*container.Config)) func(*container.Container) {
	return func(c *container.Container) { change(c.Config) }
}
