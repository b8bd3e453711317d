package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/containers/common/libnetwork/types"
	ociv1 "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/cgroupmgr"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
)

// errKilled is what every step of a podctl process that was killed returns.
// Nothing such a process does has an effect any more, so that what its undo
// steps would do is not done, as after kill -9.
var errKilled = errors.New("killed")

// world is a host in memory. It outlives the podctl processes that work on it.
type world struct {
	mu      sync.Mutex
	dir     string // of the exit files
	boot    string
	nextPID int
	procs   map[int]*fakeProc
	// What there is, by container ID or path.
	podCgroups, ctrCgroups, layers, mounts, netns, leases, bundles map[string]bool
	ctrs                                                           map[string]*fakeCtr
	parents                                                        map[string]string // cgroup parents by container ID
	// oomKills is what a cgroup counts, by path.
	oomKills map[string]uint64
	// oomKillsGone is what is known of cgroups that systemd removed, by parent.
	oomKillsGone map[string]uint64
	// journal is every effect in order: "verb object".
	journal []string
	// fail makes an effect fail without doing anything.
	fail map[string]error
	// at is called before an effect, once, outside of all locks.
	at map[string]func()
	// ends makes a container's process end by itself as soon as it runs; deaf
	// ones heed SIGKILL only.
	ends map[string]int
	deaf map[string]bool
}

type fakeProc struct {
	proc.Process
	ctr  string // whose process or conmon it is; "" for podctl
	done chan struct{}
}

func (p *fakeProc) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// fakeCtr is a container as the OCI runtime knows it.
type fakeCtr struct {
	status       string
	main, conmon *fakeProc
	killed       bool // while frozen
}

func newWorld(exitDir string) *world {
	w := &world{dir: exitDir, boot: "boot-1", nextPID: 100, procs: map[int]*fakeProc{}, ctrs: map[string]*fakeCtr{}, parents: map[string]string{},
		fail: map[string]error{}, at: map[string]func(){}, ends: map[string]int{}, deaf: map[string]bool{}}
	for _, m := range []*map[string]bool{&w.podCgroups, &w.ctrCgroups, &w.layers, &w.mounts, &w.netns, &w.leases, &w.bundles} {
		*m = map[string]bool{}
	}
	return w
}

func (w *world) spawn(ctr string) *fakeProc {
	w.nextPID++
	p := &fakeProc{Process: proc.Process{PID: w.nextPID, StartTime: uint64(w.nextPID) * 10, BootID: w.boot}, ctr: ctr, done: make(chan struct{})}
	w.procs[p.PID] = p
	return p
}

func (w *world) find(p proc.Process) *fakeProc {
	if f := w.procs[p.PID]; f != nil && f.Process == p && f.alive() {
		return f
	}
	return nil
}

// end ends a process. That of a container takes its conmon with it, which
// writes the exit file first.
func (w *world) end(p *fakeProc, code int) {
	if !p.alive() {
		return
	}
	close(p.done)
	if c := w.ctrs[p.ctr]; c != nil && c.main == p {
		c.status = "stopped"
		if c.conmon.alive() {
			w.write(filepath.Join(w.dir, p.ctr), fmt.Sprint(code))
			close(c.conmon.done)
		}
	}
}

func (w *world) write(path, text string) {
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		panic(err)
	}
}

// exit ends a container's process from within.
func (w *world) exit(id string, code int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end(w.ctrs[id].main, code)
}

// reboot ends every process and empties what does not survive; the run
// directory is the caller's to empty.
func (w *world) reboot() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.procs {
		if p.alive() {
			close(p.done)
		}
	}
	w.boot = "boot-2"
	for _, m := range []map[string]bool{w.podCgroups, w.ctrCgroups, w.mounts, w.netns, w.bundles} {
		clear(m)
	}
	clear(w.ctrs) // leases are kept on disk
}

// rebootKeepingRun is reboot where files of the run directory stay: bundles,
// records of the OCI runtime, and what namespaces were bound to.
func (w *world) rebootKeepingRun() {
	bundles, netns, ctrs := maps.Clone(w.bundles), maps.Clone(w.netns), maps.Clone(w.ctrs)
	w.reboot()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bundles, w.netns, w.ctrs = bundles, netns, ctrs
	for _, c := range ctrs {
		c.status = "stopped"
	}
}

// podctl is one podctl process: the engine's neighbours as it sees them.
type podctl struct {
	*world
	self *fakeProc
	// steps counts effects and committed transactions; the process is killed
	// after step cut; 0: never.
	steps, cut int
	db         *store.Store
}

// step carries out one effect of the process.
func (p *podctl) step(what, object string, effect func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if fn := p.at[what+" "+object]; fn != nil {
		delete(p.at, what+" "+object)
		p.mu.Unlock()
		fn()
		p.mu.Lock()
	}
	if !p.self.alive() {
		return errKilled
	}
	name := what + " " + object
	if err := errors.Join(p.fail[name], p.fail[what]); err != nil {
		return err
	}
	err := effect()
	if err == nil {
		p.journal = append(p.journal, name)
	}
	if p.steps++; p.steps == p.cut {
		close(p.self.done)
		return errKilled
	}
	return err
}

// look answers a question of the process.
func look[T any](p *podctl, fn func() (T, error)) (T, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.self.alive() {
		var none T
		return none, errKilled
	}
	return fn()
}

// setDown and takeAway are the effects of making and removing.
func setDown(m map[string]bool, key string) func() error {
	return func() error { m[key] = true; return nil }
}

func takeAway(m map[string]bool, key string) func() error {
	return func() error { delete(m, key); return nil }
}

// The database.

func (p *podctl) Update(ctx context.Context, fn func(*store.Tx) error) error {
	if _, err := look(p, func() (bool, error) { return true, nil }); err != nil {
		return err
	}
	if err := p.db.Update(ctx, fn); err != nil {
		return err
	}
	return p.step("commit", "", func() error { return nil })
}

func (p *podctl) View(ctx context.Context, fn func(*store.Tx) error) error {
	if _, err := look(p, func() (bool, error) { return true, nil }); err != nil {
		return err
	}
	return p.db.View(ctx, fn)
}

// Mounts of the run directory, and programs that outlive us.

func (p *podctl) Detach(argv []string) (int, error) {
	return 0, fmt.Errorf("%v: this host starts conmons only", argv)
}

func (p *podctl) HoldUserNS(*container.IDMappings, bool) (heldNS, error) { return fakeHeld{}, nil }
func (p *podctl) JoinUserNS(string) (heldNS, error)                      { return fakeHeld{}, nil }

// fakeHeld is a user namespace held.
type fakeHeld struct{}

func (fakeHeld) UserNS() string { return "/proc/1/ns/user" }
func (fakeHeld) NetNS() string  { return "/proc/1/ns/net" }
func (fakeHeld) Release()       {}

func (p *podctl) CreateNS(path, _ string) error {
	return p.step("create-ns", filepath.Base(path), setDown(p.netns, filepath.Base(path)))
}

func (p *podctl) RemoveNS(path string) error {
	return p.step("remove-ns", filepath.Base(path), takeAway(p.netns, filepath.Base(path)))
}

func (p *podctl) WriteBundle(_ context.Context, in bundle.Input) error {
	return p.step("write-bundle", in.Container.ID, func() error {
		p.write(filepath.Join(in.Dir, "config.json"), "{}")
		p.bundles[in.Container.ID] = true
		return nil
	})
}

func (p *podctl) RemoveBundle(dir string) error {
	return p.step("remove-bundle", filepath.Base(dir), func() error {
		delete(p.bundles, filepath.Base(dir))
		return os.RemoveAll(dir)
	})
}

// Processes.

func (p *podctl) Of(pid int) (proc.Process, error) {
	return look(p, func() (proc.Process, error) {
		if f := p.procs[pid]; f != nil && f.alive() {
			return f.Process, nil
		}
		return proc.Process{}, fmt.Errorf("process %d: %w", pid, errdefs.ErrNotFound)
	})
}

func (p *podctl) Killed(proc.Process) bool { return false }

func (p *podctl) Alive(q proc.Process) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.find(q) != nil
}

func (p *podctl) Signal(q proc.Process, sig unix.Signal) error {
	return p.step("signal-"+strings.ToLower(unix.SignalName(sig)), p.owner(q.PID), func() error {
		f := p.find(q)
		if f == nil {
			return fmt.Errorf("process %d: %w", q.PID, errdefs.ErrNotFound)
		}
		c := p.ctrs[f.ctr]
		switch {
		case c != nil && c.main == f && c.status == "paused":
			c.killed = c.killed || sig == unix.SIGKILL
		case sig == unix.SIGKILL:
			p.end(f, 137)
		case !p.deaf[f.ctr]:
			p.end(f, 143)
		}
		return nil
	})
}

func (p *podctl) owner(pid int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.procs[pid]; f != nil {
		return f.ctr
	}
	return ""
}

func (p *podctl) Wait(ctx context.Context, q proc.Process) error {
	f, err := look(p, func() (*fakeProc, error) { return p.find(q), nil })
	if err != nil || f == nil {
		return err
	}
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// KillTree: what conmon has started is known by its container.
func (p *podctl) KillTree(_ context.Context, q proc.Process) error {
	return p.step("kill-tree", p.owner(q.PID), func() error {
		if f := p.find(q); f != nil {
			for _, below := range p.procs {
				if below.ctr == f.ctr && f.ctr != "" {
					p.end(below, 137)
				}
			}
			p.end(f, 137)
		}
		return nil
	})
}

func (p *podctl) Cmdline(pid int) string             { return "conmon -c " + p.owner(pid) }
func (p *podctl) InCgroup(pid int, word string) bool { return p.owner(pid) == word }

// fakeOCI is the OCI runtime and conmon.
type fakeOCI struct{ *podctl }

func (o fakeOCI) Create(_ context.Context, opts oci.CreateOptions) (oci.Created, error) {
	var conmon *fakeProc
	err := o.step("spawn-conmon", opts.ID, func() error {
		conmon = o.spawn(opts.ID)
		o.write(filepath.Join(opts.Bundle, "conmon.pid"), fmt.Sprint(conmon.PID))
		return nil
	})
	if err != nil {
		return oci.Created{}, err
	}
	if err := opts.CgroupOfConmon(conmon.PID); err != nil {
		return oci.Created{}, errors.Join(err, o.step("abandon-conmon", opts.ID, func() error { o.end(conmon, 1); return nil }))
	}
	var created oci.Created
	err = o.step("oci-create", opts.ID, func() error {
		switch {
		case o.ctrs[opts.ID] != nil:
			return fmt.Errorf("container with id exists: %s", opts.ID)
		case !o.bundles[opts.ID]:
			return fmt.Errorf("no bundle of %s", opts.ID)
		}
		c := &fakeCtr{status: "created", main: o.spawn(opts.ID), conmon: conmon}
		o.ctrs[opts.ID] = c
		o.ctrCgroups[opts.ID] = true
		o.write(filepath.Join(opts.Bundle, "pidfile"), fmt.Sprint(c.main.PID))
		created = oci.Created{PID: c.main.PID, ConmonPID: conmon.PID}
		return nil
	})
	if err != nil && !errors.Is(err, errKilled) {
		err = errors.Join(err, o.step("abandon-conmon", opts.ID, func() error { o.end(conmon, 1); return nil }))
	}
	return created, err
}

func (o fakeOCI) Start(_ context.Context, id string) error {
	return o.step("oci-start", id, func() error {
		c := o.ctrs[id]
		if c == nil || c.status != "created" {
			return fmt.Errorf("start %s: not created: %w", id, errdefs.ErrOCIRuntime)
		}
		c.status = "running"
		if code, ok := o.ends[id]; ok {
			o.end(c.main, code)
		}
		return nil
	})
}

func (o fakeOCI) Delete(_ context.Context, id string, _ oci.DeleteOptions) error {
	return o.step("oci-delete", id, func() error {
		if c := o.ctrs[id]; c != nil {
			o.end(c.main, 137)
			delete(o.ctrs, id)
		}
		return nil
	})
}

func (o fakeOCI) State(_ context.Context, id string) (*specs.State, error) {
	return look(o.podctl, func() (*specs.State, error) {
		c := o.ctrs[id]
		if c == nil {
			return nil, fmt.Errorf("state of %s: %w", id, errdefs.ErrNoSuchCtr)
		}
		return &specs.State{ID: id, Status: specs.ContainerState(c.status), Pid: c.main.PID}, nil
	})
}

func (o fakeOCI) freeze(what, id, from, to string) error {
	return o.step(what, id, func() error {
		c := o.ctrs[id]
		if c == nil || c.status != from {
			return fmt.Errorf("%s %s: not %s: %w", what, id, from, errdefs.ErrOCIRuntime)
		}
		if c.status = to; to == "running" && c.killed {
			o.end(c.main, 137)
		}
		return nil
	})
}

func (o fakeOCI) Pause(_ context.Context, id string) error {
	return o.freeze("oci-pause", id, "running", "paused")
}

func (o fakeOCI) Resume(_ context.Context, id string) error {
	return o.freeze("oci-resume", id, "paused", "running")
}

func (fakeOCI) Name() string { return "crun" }

func (o fakeOCI) Update(_ context.Context, id string, _ *specs.LinuxResources) error {
	return o.step("oci-update", id, func() error { return nil })
}

func (o fakeOCI) RemoveFiles(id string) error {
	return o.step("remove-exit", id, func() error {
		if err := os.Remove(filepath.Join(o.dir, id)); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	})
}

// There are no exit commands here that one could relieve.
func (o fakeOCI) Relieve(string, proc.Process) error { return nil }

func (o fakeOCI) RelievedBy(string, proc.Process) bool { return false }

func (o fakeOCI) WaitExit(ctx context.Context, id string, conmon proc.Process) (oci.Exit, error) {
	if err := o.Wait(ctx, conmon); err != nil {
		return oci.Exit{}, err
	}
	return oci.Exit{}, nil // the engine reads the file itself
}

func (o fakeOCI) Attach(context.Context, oci.AttachOptions) error { return errors.ErrUnsupported }

func (o fakeOCI) Exec(context.Context, oci.ExecOptions) (oci.ExecResult, error) {
	return oci.ExecResult{}, errors.ErrUnsupported
}

// fakeCgroups is the cgroup tree.
type fakeCgroups struct {
	cgroupmgr.Manager // what is not said below is not asked for
	*podctl
}

func (fakeCgroups) Name() string                      { return cgroupmgr.Cgroupfs }
func (fakeCgroups) ManagerOf(string) string           { return cgroupmgr.Cgroupfs }
func (fakeCgroups) Ready(context.Context) error       { return nil }
func (fakeCgroups) DefaultParent() string             { return "/podctl_parent" }
func (fakeCgroups) ContainerPath(p, id string) string { return p + "/" + id }

func (g fakeCgroups) ContainerCgroup(p, id string) string { return g.ContainerPath(p, id) }
func (g fakeCgroups) ConmonCgroup(p, id string) string    { return g.ContainerPath(p, id) + "-conmon" }

func (g fakeCgroups) OOMKills(path string) (n uint64, known bool) {
	n, known = g.oomKills[path]
	return n, known
}

func (fakeCgroups) Delegated(r *specs.LinuxResources) (*specs.LinuxResources, []string) {
	return r, nil
}

func (g fakeCgroups) OOMKillsGone(parent string) (n uint64, known bool) {
	n, known = g.oomKillsGone[parent]
	return n, known
}

func (fakeCgroups) Update(context.Context, string, *specs.LinuxResources) error { return nil }

// Processes: what the fake OCI runtime makes has none in a cgroup.
func (fakeCgroups) Ahead() {}

func (fakeCgroups) Processes(string) ([]int, error) { return nil, nil }

func (fakeCgroups) ValidateParent(parent string) error { return nil }
func (fakeCgroups) PodPath(parent, id string) (string, error) {
	return parent + "/" + id, nil
}

func (g fakeCgroups) CreatePod(_ context.Context, path string, _ *specs.LinuxResources) error {
	return g.step("create-pod-cgroup", filepath.Base(path), setDown(g.podCgroups, path))
}

func (g fakeCgroups) RemovePod(_ context.Context, path string) error {
	return g.step("remove-pod-cgroup", filepath.Base(path), func() error {
		delete(g.podCgroups, path)
		for id, parent := range g.parents {
			if parent == path {
				delete(g.ctrCgroups, id) // with all that is below
			}
		}
		return nil
	})
}

func (g fakeCgroups) AddConmon(_ context.Context, parent, id string, _ int) error {
	return g.step("place-conmon", id, func() error {
		g.parents[id] = parent
		if strings.Count(parent, "/") > 1 {
			g.podCgroups[parent] = true // a cgroup is made with those above it
		}
		return nil
	})
}

func (g fakeCgroups) Leave(string) {}

func (g fakeCgroups) RemoveContainer(_ context.Context, _, id string) error {
	return g.step("remove-cgroup", id, takeAway(g.ctrCgroups, id))
}

// fakeImages has one image, "img".
type fakeImages struct{ *podctl }

func (i fakeImages) Find(_ context.Context, ref string) (*image.Image, error) {
	if ref != "img" {
		return nil, nil
	}
	return &image.Image{ID: "sha-img", Name: "localhost/img:latest", Config: &ociv1.ImageConfig{Cmd: []string{"sleep"}}}, nil
}

// fakeLibrary has no image more.
type fakeLibrary struct{ Library }

func (fakeLibrary) Ensure(_ context.Context, ref string, _ image.PullOptions) (*image.Image, error) {
	return nil, fmt.Errorf("%s: %w", ref, errdefs.ErrNoSuchImage)
}

func (i fakeImages) CreateContainer(id, _ string, _ image.CreateOptions) error {
	return i.step("create-layer", id, setDown(i.layers, id))
}

func (fakeImages) Mappings(string) (*container.IDMappings, error) { return testRange(), nil }

// testRange is what the fake store picks.
func testRange() *container.IDMappings {
	m := []container.IDMap{{ContainerID: 0, HostID: 100000, Size: 65536}}
	return &container.IDMappings{UID: m, GID: m}
}

func (i fakeImages) Mount(id, _ string) (string, error) {
	dir := filepath.Join(filepath.Dir(i.dir), "rootfs", id)
	return dir, i.step("mount", id, func() error {
		if !i.layers[id] {
			return fmt.Errorf("mount %s: no layer", id)
		}
		i.mounts[id] = true
		return os.MkdirAll(dir, 0o700)
	})
}

func (i fakeImages) Unmount(id string, _ bool) (bool, error) {
	return false, i.step("unmount", id, takeAway(i.mounts, id))
}

func (i fakeImages) DeleteContainer(id string) error {
	return i.step("delete-layer", id, func() error {
		delete(i.mounts, id)
		delete(i.layers, id)
		return nil
	})
}

// fakeNetworks leases an address to each container on each of its networks: the
// key is "ID network".
type fakeNetworks struct{ *podctl }

func (n fakeNetworks) Inspect(_ context.Context, name string) (types.Network, error) {
	return types.Network{Name: name}, nil
}

func (n fakeNetworks) Setup(_ context.Context, a network.Attachment) (map[string]types.StatusBlock, error) {
	status := map[string]types.StatusBlock{}
	return status, n.step("attach-network", a.ID, func() error {
		if !n.netns[a.ID] {
			return fmt.Errorf("%s has no namespace", a.ID)
		}
		for name, o := range network.NameInterfaces(a.Networks) {
			n.leases[a.ID+" "+name] = true
			status[name] = types.StatusBlock{Interfaces: map[string]types.NetInterface{o.InterfaceName: {}}}
		}
		return nil
	})
}

func (n fakeNetworks) Reload(ctx context.Context, a network.Attachment, _ map[string]types.StatusBlock) (map[string]types.StatusBlock, error) {
	return n.Setup(ctx, a)
}

func (n fakeNetworks) Forget(a network.Attachment) error { return n.Teardown(context.Background(), a) }

func (n fakeNetworks) Teardown(_ context.Context, a network.Attachment) error {
	return n.step("detach-network", a.ID, func() error {
		for name := range a.Networks {
			delete(n.leases, a.ID+" "+name)
		}
		return nil
	})
}

func (n fakeNetworks) Connect(ctx context.Context, u network.Uplink) (map[string]types.StatusBlock, error) {
	return n.Setup(ctx, network.Attachment{ID: u.ID})
}

func (n fakeNetworks) Disconnect(context.Context, string) error { return nil }

func (n fakeNetworks) Forward(string, []types.PortMapping, *os.File) error { return nil }

func (n fakeNetworks) HostIP(map[string]types.StatusBlock) string { return "" }

// asOwner is who a row names.
func asOwner(p *fakeProc) container.Owner { return container.Owner(p.Process) }

// soon bounds every wait of a test.
const soon = 60 * time.Second
