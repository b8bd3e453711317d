package runtime

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// snapshot is everything the database says.
type snapshot struct {
	pods    map[string]*pod.Pod
	ctrs    map[string]*container.Container
	volumes map[string]*store.Volume
}

func (b *bench) snapshot() snapshot {
	b.t.Helper()
	s := snapshot{pods: map[string]*pod.Pod{}, ctrs: map[string]*container.Container{}, volumes: map[string]*store.Volume{}}
	b.view(func(tx *store.Tx) error {
		pods, err := tx.Pods(b.ctx)
		require.NoError(b.t, err)
		for _, p := range pods {
			s.pods[p.ID] = p
		}
		list, err := tx.Containers(b.ctx)
		require.NoError(b.t, err)
		for _, c := range list {
			s.ctrs[c.ID] = c
		}
		volumes, err := tx.Volumes(b.ctx)
		for _, v := range volumes {
			s.volumes[v.Name] = v
		}
		return err
	})
	return s
}

// sound checks what must hold when no podctl is at work: every row at rest, and
// on the host exactly what the rows account for.
func (b *bench) sound() {
	b.t.Helper()
	s := b.snapshot()
	wrong := slices.Concat(s.restless(), b.unaccounted(s), b.missing(s), b.leftFiles(s))
	slices.Sort(wrong)
	if len(wrong) > 0 {
		require.Empty(b.t, wrong, "journal: %s", b.names(fmt.Sprint(b.journal)))
	}
}

// restless are the rows somebody is busy with.
func (s snapshot) restless() (wrong []string) {
	for _, p := range s.pods {
		if p.State != pod.Ready || !p.Owner.IsZero() {
			wrong = append(wrong, fmt.Sprintf("pod %s is %s", p.Name, p.State))
		}
	}
	for _, c := range s.ctrs {
		switch c.State {
		case container.Creating, container.Stopping, container.Removing, container.Unknown:
			wrong = append(wrong, fmt.Sprintf("container %s is %s", c.Name, c.State))
		}
		if c.Intent != "" || !c.Owner.IsZero() {
			wrong = append(wrong, fmt.Sprintf("container %s has intent %q", c.Name, c.Intent))
		}
	}
	for _, v := range s.volumes {
		if v.State != store.VolumeReady {
			wrong = append(wrong, fmt.Sprintf("volume %s is %s", v.Name, v.State))
		}
	}
	return wrong
}

// up reports whether the row says that the container is set up on the host.
func (s snapshot) up(id string) bool {
	c := s.ctrs[id]
	return c != nil && c.State.HasProcess()
}

// unaccounted is what is on the host and in no row.
func (b *bench) unaccounted(s snapshot) (wrong []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for what, things := range map[string]map[string]bool{"network namespace": b.netns, "mount": b.mounts, "bundle": b.bundles, "cgroup": b.ctrCgroups} {
		for id := range things {
			if !s.up(id) {
				wrong = append(wrong, what+" of "+b.called(s, id))
			}
		}
	}
	for lease := range b.leases {
		id, network, _ := strings.Cut(lease, " ")
		if !s.up(id) || !isOn(s.ctrs[id], network) {
			wrong = append(wrong, "address of "+b.called(s, id)+" on "+network)
		}
	}
	for id := range b.ctrs {
		if !s.up(id) {
			wrong = append(wrong, "OCI container "+b.called(s, id))
		}
	}
	for id := range b.layers {
		if s.ctrs[id] == nil {
			wrong = append(wrong, "layer of "+b.called(s, id))
		}
	}
	for path := range b.podCgroups {
		if s.pods[filepath.Base(path)] == nil {
			wrong = append(wrong, "cgroup of pod "+b.called(s, filepath.Base(path)))
		}
	}
	for _, p := range b.procs {
		if !p.alive() || p.ctr == "" {
			continue
		}
		if c := s.ctrs[p.ctr]; c == nil || c.Runtime.Process != asOwner(p) && c.Runtime.Conmon != asOwner(p) {
			wrong = append(wrong, fmt.Sprintf("process %d of %s", p.PID, b.called(s, p.ctr)))
		}
	}
	return wrong
}

func isOn(c *container.Container, network string) bool {
	_, ok := c.Config.Network.Networks[network]
	return ok
}

func (b *bench) called(s snapshot, id string) string {
	if c := s.ctrs[id]; c != nil {
		return c.Name + " (" + string(c.State) + ")"
	}
	return shortID(id) + " (no row)"
}

// missing is what rows say there is, and is not.
func (b *bench) missing(s snapshot) (wrong []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, c := range s.ctrs {
		if c.Config.Image.ID != "" && !b.layers[id] {
			wrong = append(wrong, "no layer of "+c.Name)
		}
		if _, err := os.Stat(b.look().blueprintPath(id)); err != nil {
			wrong = append(wrong, "no blueprint of "+c.Name)
		}
		if o := b.ctrs[id]; s.up(id) && (o == nil || !o.main.alive() && o.status != "stopped") {
			wrong = append(wrong, "no process of "+b.called(s, id))
		}
		for name := range c.Config.Network.Networks {
			_, told := c.Runtime.NetStatus[name]
			if s.up(id) && (!told || !b.leases[id+" "+name]) {
				wrong = append(wrong, "no address of "+b.called(s, id)+" on "+name)
			}
		}
	}
	for name := range s.volumes {
		if _, err := os.Stat(filepath.Join(b.settings.VolumeDir, name, "_data")); err != nil {
			wrong = append(wrong, "no directory of volume "+name)
		}
	}
	return wrong
}

// noLocks checks that no lock file is left of what is gone. A podctl that is
// killed between the end of an object and that of its lock leaves an empty file
// in the run directory, which the next boot empties.
func (b *bench) noLocks() {
	b.t.Helper()
	s := b.snapshot()
	entries, err := os.ReadDir(b.settings.LockDir())
	if !os.IsNotExist(err) {
		require.NoError(b.t, err)
	}
	for _, f := range entries {
		require.True(b.t, s.ctrs[f.Name()] != nil || s.pods[f.Name()] != nil, "lock of %s", b.called(s, f.Name()))
	}
}

// leftFiles are files and directories of what is gone.
func (b *bench) leftFiles(s snapshot) (wrong []string) {
	b.t.Helper()
	known := func(id string) bool { return s.ctrs[id] != nil || s.pods[id] != nil }
	for dir, keep := range map[string]func(string) bool{
		filepath.Dir(b.settings.ContainerDir("x")):   func(name string) bool { return known(strings.TrimSuffix(name, blueprintSuffix)) },
		filepath.Dir(b.look().podBlueprintPath("x")): func(name string) bool { return known(strings.TrimSuffix(name, blueprintSuffix)) },
		filepath.Dir(b.settings.BundleDir("x")):      s.up,
		b.settings.ExitDir():                         known,
		b.settings.VolumeDir:                         func(name string) bool { return s.volumes[name] != nil },
	} {
		entries, err := os.ReadDir(dir)
		if !os.IsNotExist(err) {
			require.NoError(b.t, err)
		}
		for _, f := range entries {
			if !keep(f.Name()) {
				wrong = append(wrong, filepath.Join(filepath.Base(dir), b.called(s, f.Name())))
			}
		}
	}
	return wrong
}
