package runtime

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containers/common/pkg/config"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/cgroupmgr"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/event"
	"github.com/podctl/podctl/pkg/lock"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/settings"
	"github.com/podctl/podctl/pkg/store"
)

// bench is a fake host with a real database, on which podctl processes come and
// go.
type bench struct {
	t        *testing.T
	ctx      context.Context
	settings *settings.Settings
	*world
	observer *engine // see look
}

// newBench makes a host of its own, with the configuration podctl has without a
// containers.conf.
func newBench(t *testing.T) *bench {
	t.Helper()
	return benchWith(t, defaultConf(t))
}

// defaultConf reads the configuration away from the host's files; what it gives
// may be shared by benches.
func defaultConf(t *testing.T) *config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "containers.conf")
	require.NoError(t, os.WriteFile(path, []byte("[containers]\ninit_path = \"/init\"\n"), 0o600))
	t.Setenv("CONTAINERS_CONF", path)
	t.Setenv("CONTAINERS_CONF_OVERRIDE", "")
	t.Setenv("INVOCATION_ID", "")
	conf, err := config.New(nil)
	require.NoError(t, err)
	return conf
}

func benchWith(t *testing.T, conf *config.Config) *bench {
	t.Helper()
	dir := fastDir(t)
	s := &settings.Settings{
		Conf: conf, GraphRoot: filepath.Join(dir, "root"), RunRoot: filepath.Join(dir, "run"),
		StateDir: filepath.Join(dir, "root", "podctl"), TmpDir: filepath.Join(dir, "run", "podctl"),
		VolumeDir: filepath.Join(dir, "root", "volumes"),
	}
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	t.Cleanup(cancel)
	return &bench{t: t, ctx: ctx, settings: s, world: newWorld(s.ExitDir())}
}

// fastDir is a temporary directory, in memory if there is such a place: these
// tests make thousands of transactions, and lose no power.
func fastDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "podctl-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// warnings collects what is logged until the test ends.
func warnings(t *testing.T) *notes {
	t.Helper()
	said := new(notes)
	before := logrus.StandardLogger().Out
	logrus.SetOutput(said)
	t.Cleanup(func() { logrus.SetOutput(before) })
	return said
}

// engine is the engine in one podctl process.
type engine struct {
	*Runtime
	*podctl
}

// open starts a podctl process.
func (b *bench) open() *engine {
	b.t.Helper()
	db, err := store.Open(b.ctx, b.settings.Database())
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = db.Close() })
	b.mu.Lock()
	p := &podctl{world: b.world, self: b.spawn(""), db: db}
	b.mu.Unlock()
	e := &engine{podctl: p}
	e.Runtime = &Runtime{
		settings: b.settings, notices: io.Discard, store: p, locks: lock.Open(b.settings.LockDir()), slots: lock.Open(b.settings.SlotDir()), self: asOwner(p.self), host: p, processes: p,
		cgroups: func() (cgroupmgr.Manager, error) { return fakeCgroups{podctl: p}, nil },
		oci:     func() (ociRuntime, error) { return fakeOCI{p}, nil },
		layers:  func() (imageLayers, error) { return fakeImages{p}, nil },
		library: func() (Library, error) { return fakeLibrary{}, nil },
		links:   func() (networkLinks, error) { return fakeNetworks{p}, nil },
	}
	require.NoError(b.t, e.enterBoot(b.ctx))
	return e
}

// look is a podctl for setting the scene and asking what there is.
func (b *bench) look() *engine {
	b.t.Helper()
	if b.observer == nil || b.observer.Runtime.self.BootID != b.boot {
		b.observer = b.open()
	}
	return b.observer
}

// view reads the database.
func (b *bench) view(fn func(*store.Tx) error) {
	b.t.Helper()
	require.NoError(b.t, b.look().db.View(b.ctx, fn))
}

// kill ends the podctl process, between two of its steps.
func (e *engine) kill() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.podctl.self.alive() {
		close(e.podctl.self.done)
	}
}

// sleeper is a container that asks for nothing but a command.
func sleeper() *container.Config {
	return &container.Config{Image: container.Image{RawName: "img"}, Process: container.Process{Command: []string{"sleep"}}}
}

// pod creates a pod with an infra container.
func (b *bench) pod(name string, change ...func(*PodCreateOptions)) string {
	b.t.Helper()
	id, err := b.look().CreatePod(b.ctx, podOptions(name, change...))
	require.NoError(b.t, err)
	return id
}

func podOptions(name string, change ...func(*PodCreateOptions)) PodCreateOptions {
	o := PodCreateOptions{Name: name, Infra: &container.Config{}, Config: &pod.Config{Share: []string{"ipc", "net", "uts"}, ShareParent: true}}
	for _, fn := range change {
		fn(&o)
	}
	return o
}

// ctr creates a container.
func (b *bench) ctr(name, podName string, change ...func(*CreateOptions)) string {
	b.t.Helper()
	id, err := b.look().CreateContainer(b.ctx, ctrOptions(name, podName, change...))
	require.NoError(b.t, err)
	return id
}

func ctrOptions(name, podName string, change ...func(*CreateOptions)) CreateOptions {
	o := CreateOptions{Name: name, Pod: podName, Config: sleeper()}
	for _, fn := range change {
		fn(&o)
	}
	return o
}

// row is a container as it stands, as a fresh podctl sees it.
func (b *bench) row(id string) *container.Container {
	b.t.Helper()
	c, err := b.look().container(b.ctx, id)
	require.NoError(b.t, err)
	return c
}

func (b *bench) podRow(id string) (p *pod.Pod) {
	b.t.Helper()
	b.view(func(tx *store.Tx) (err error) {
		p, err = tx.Pod(b.ctx, id)
		return err
	})
	return p
}

func (b *bench) infra(podID string) string { return b.podRow(podID).InfraID }

// names replaces IDs by names, for reading.
func (b *bench) names(text string) string {
	b.t.Helper()
	b.view(func(tx *store.Tx) error {
		list, err := tx.Containers(b.ctx)
		require.NoError(b.t, err)
		for _, c := range list {
			name := c.Name
			if c.IsInfra() {
				name = "infra"
			}
			text = strings.ReplaceAll(text, c.ID, name)
		}
		return nil
	})
	return text
}

// effects are the journal's entries with one of the words, in order.
func (b *bench) effects(words ...string) (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, entry := range b.journal {
		for _, word := range words {
			if strings.HasPrefix(entry, word+" ") {
				out = append(out, entry)
			}
		}
	}
	return out
}

func (b *bench) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.journal = nil
}

// events are the recorded events since seq: "type status name".
func (b *bench) events(seq int64) (out []string) {
	b.t.Helper()
	for _, e := range b.eventsSince(seq) {
		name := e.Name
		if strings.HasSuffix(name, "-infra") {
			name = "infra"
		}
		out = append(out, string(e.Type)+" "+string(e.Status)+" "+name)
	}
	return out
}

func (b *bench) eventsSince(seq int64) (list []event.Event) {
	b.t.Helper()
	b.view(func(tx *store.Tx) (err error) {
		list, err = tx.Events(b.ctx, store.EventQuery{AfterSeq: seq})
		return err
	})
	return list
}

func (b *bench) now() (seq int64) {
	b.t.Helper()
	b.view(func(tx *store.Tx) (err error) {
		seq, err = tx.LastEventSeq(b.ctx)
		return err
	})
	return seq
}

// idOf is the ID of the container of that name.
func (b *bench) idOf(name string) string {
	b.t.Helper()
	ids, err := b.look().lookupContainers(b.ctx, []string{name})
	require.NoError(b.t, err)
	return ids[0]
}

func (b *bench) startPod(id string) {
	b.t.Helper()
	require.NoError(b.t, b.look().StartPod(b.ctx, id))
}
