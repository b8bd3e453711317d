package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/containers/storage/pkg/regexp"
	"github.com/moby/sys/mountinfo"

	"github.com/podctl/podctl/pkg/cgroupmgr"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/volume"
)

// trace is what the host has of one ID.
type trace struct {
	conmons   []proc.Process
	processes []proc.Process // in the container's cgroup
	// cleaning: an exit command for it runs.
	cleaning bool

	runtime      bool // known to the OCI runtime
	bundle       bool
	netns        bool
	exit         bool // exit file, or what conmon wrote beside it
	dir          bool // its persistent directory
	blueprint    bool
	podBlueprint bool
	lock         bool // a lock file
	held         bool // whose lock is taken

	mounts      []string // below its persistent directory
	leases      []string // networks with an address for it
	layer       bool     // a container of ours in the image store
	parents     []string // cgroup parents it has a cgroup in
	podParents  []string // cgroup parents it has a pod's cgroup in
	foundInOurs bool     // found in a directory that is ours alone
}

// surveyed is what the host has of everything.
type surveyed struct {
	byID map[string]*trace
	// volumeDirs are the volumes that have a directory, volumeMarks those that have
	// a blueprint.
	volumeDirs, volumeMarks map[string]bool
	// noLeases, noLayers, noCgroups: they cannot be looked at now, and are not judged.
	noLeases, noLayers, noCgroups bool
}

func (s *surveyed) of(id string) *trace {
	t := s.byID[id]
	if t == nil {
		t = &trace{}
		s.byID[id] = t
	}
	return t
}

// survey looks at the host. It runs no program and takes no lock.
func (r *Runtime) survey(ctx context.Context, rows *census) (*surveyed, error) {
	s := &surveyed{byID: map[string]*trace{}, volumeDirs: map[string]bool{}, volumeMarks: map[string]bool{}}
	steps := []func() error{
		func() error { return r.surveyLocks(s) }, // first: what is let go of after this has been seen as held
		func() error { return r.surveyProcesses(s) },
		func() error { return r.surveyDirectories(s) },
		func() error { return r.surveyMounts(s) },
		func() error { return r.surveyCgroups(s, rows) },
		func() error { return r.surveyLeases(s) },
		func() error { return r.surveyLayers(s) },
		func() error { return r.surveyLocks(s) }, // and last: what was taken meanwhile
	}
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

var idRule = regexp.Delayed(`^[0-9a-f]{64}$`)

func isID(name string) bool { return idRule.MatchString(name) }

func (r *Runtime) surveyLocks(s *surveyed) error {
	if err := eachID(r.settings.LockDir(), func(id string) { s.of(id).lock = true }); err != nil {
		return err
	}
	held, err := r.locks.Holders()
	for _, h := range held {
		if isID(h.Name) {
			s.of(h.Name).held = true
		}
	}
	return err
}

// eachID calls fn for the entries of a directory that are called after an ID.
func eachID(dir string, fn func(id string)) error {
	names, err := entries(dir)
	for _, name := range names {
		if isID(name) {
			fn(name)
		}
	}
	return err
}

// eachBlueprint calls fn for the IDs of the containers' or pods' blueprints in a
// directory.
func eachBlueprint(dir string, fn func(id string)) error {
	names, err := entries(dir)
	for _, name := range names {
		if id, ok := strings.CutSuffix(name, blueprintSuffix); ok && isID(id) {
			fn(id)
		}
	}
	return err
}

// entries are the names in a directory; none if there is no such directory.
func entries(dir string) ([]string, error) {
	list, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	names := make([]string, 0, len(list))
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names, nil
}

func (r *Runtime) surveyDirectories(s *surveyed) error {
	ours := func(set func(*trace)) func(string) {
		return func(id string) {
			t := s.of(id)
			t.foundInOurs = true
			set(t)
		}
	}
	set := r.settings
	err := errors.Join(
		eachID(set.RuntimeRoot(), ours(func(t *trace) { t.runtime = true })),
		eachID(filepath.Dir(set.BundleDir("x")), ours(func(t *trace) { t.bundle = true })),
		eachID(filepath.Dir(set.NetNSPath("x")), ours(func(t *trace) { t.netns = true })),
		eachID(set.ExitDir(), ours(func(t *trace) { t.exit = true })),
		eachID(set.PersistDir(), ours(func(t *trace) { t.exit = true })),
		eachID(filepath.Dir(set.ContainerDir("x")), ours(func(t *trace) { t.dir = true })),
		eachBlueprint(filepath.Dir(r.blueprintPath("x")), ours(func(t *trace) { t.blueprint = true })),
		eachBlueprint(filepath.Dir(r.podBlueprintPath("x")), ours(func(t *trace) { t.podBlueprint = true })),
	)
	if err != nil {
		return err
	}
	names, err := entries(set.VolumeDir)
	for _, name := range names {
		if !isGone(volume.Mountpoint(set.VolumeDir, name)) {
			s.volumeDirs[name] = true
		}
	}
	marks, markErr := entries(filepath.Dir(r.volumeBlueprintDir("x")))
	for _, name := range marks {
		s.volumeMarks[name] = true
	}
	return errors.Join(err, markErr)
}

// ctrCgroup is the last part of a container's cgroup with either manager.
var ctrCgroup = regexp.Delayed(`^podctl-([0-9a-f]{64})(?:\.scope)?$`)

// podCgroup is that of a pod.
var podCgroup = regexp.Delayed(`^(?:.*podctl_pod_)?([0-9a-f]{64})(?:\.slice)?$`)

// surveyProcesses finds conmons with our exit directory, exit commands, and what
// runs in cgroups called after containers.
func (r *Runtime) surveyProcesses(s *surveyed) error {
	pids, err := proc.All()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if args := proc.Args(pid); len(args) > 0 {
			r.surveyProcess(s, pid, args)
		}
	}
	return nil
}

func (r *Runtime) surveyProcess(s *surveyed, pid int, args []string) {
	if id := cleansUp(args); id != "" {
		s.of(id).cleaning = true
		return
	}
	if filepath.Base(args[0]) == "conmon" {
		if id := r.watchedBy(args); id != "" {
			if p, err := r.processes.Of(pid); err == nil {
				t := s.of(id)
				t.conmons, t.foundInOurs = append(t.conmons, p), true
			}
		}
		return
	}
	if id := cgroupOwner(fmt.Sprintf("/proc/%d/cgroup", pid)); id != "" {
		if p, err := r.processes.Of(pid); err == nil {
			s.of(id).processes = append(s.of(id).processes, p)
		}
	}
}

// watchedBy is the ID of the container that a conmon with our exit directory
// watches; "" for any other command line.
func (r *Runtime) watchedBy(args []string) string {
	id := argAfter(args, "--cid")
	if filepath.Base(args[0]) != "conmon" || !isID(id) || argAfter(args, "--exit-dir") != r.settings.ExitDir() {
		return ""
	}
	return id
}

// cleansUp is the ID an exit command is for; "" for any other command line.
func cleansUp(args []string) string {
	last := args[len(args)-1]
	for i := range args[:len(args)-1] {
		if args[i] == "container" && args[i+1] == "cleanup" && isID(last) {
			return last
		}
	}
	return ""
}

// argAfter is the value of a flag.
func argAfter(args []string, flag string) string {
	for i := range args[:len(args)-1] {
		if args[i] == flag {
			return args[i+1]
		}
	}
	return ""
}

// cgroupOwner is the ID of the container whose cgroup a process is in.
func cgroupOwner(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for part := range strings.FieldsFuncSeq(string(b), func(r rune) bool { return r == '/' || r == '\n' || r == ':' }) {
		if m := ctrCgroup.FindStringSubmatch(part); m != nil {
			return m[1]
		}
	}
	return ""
}

// surveyMounts finds mounts below containers' persistent directories. Those in
// bundles go with the bundle.
func (r *Runtime) surveyMounts(s *surveyed) error {
	base := filepath.Dir(r.settings.ContainerDir("x"))
	real, err := filepath.EvalSymlinks(base)
	if err != nil {
		return nil //nolint:nilerr // there is no directory, and no mount below it
	}
	mounts, err := mountinfo.GetMounts(mountinfo.PrefixFilter(real))
	for _, m := range mounts {
		rel, relErr := filepath.Rel(real, m.Mountpoint)
		id, _, _ := strings.Cut(rel, "/")
		if relErr == nil && isID(id) {
			s.of(id).mounts = append(s.of(id).mounts, m.Mountpoint)
		}
	}
	return err
}

// surveyCgroups lists what is in the parents that rows name and in the default one.
func (r *Runtime) surveyCgroups(s *surveyed, rows *census) error {
	m, err := r.cgroups()
	if err != nil {
		s.noCgroups = true
		return nil //nolint:nilerr // a host without cgroups has none of ours
	}
	parents := map[string]bool{m.DefaultParent(): true}
	for _, c := range rows.containers {
		if c.Config != nil {
			parents[c.Config.Resources.CgroupParent] = true
		}
	}
	for _, p := range rows.pods {
		if p.Config != nil {
			parents[p.Config.CgroupParent], parents[p.Config.CgroupPath] = true, true
		}
	}
	todo := make([]string, 0, len(parents))
	for parent := range parents {
		todo = append(todo, parent)
	}
	for i := 0; i < len(todo); i++ { // it grows by pods that have no row
		more, err := r.surveyParent(s, m, todo[i])
		if err != nil {
			return err
		}
		for _, parent := range more {
			if !parents[parent] {
				parents[parent] = true
				todo = append(todo, parent)
			}
		}
	}
	return nil
}

// surveyParent notes the cgroups in one parent and returns those of pods: parents
// themselves.
func (r *Runtime) surveyParent(s *surveyed, m cgroupmgr.Manager, parent string) (pods []string, err error) {
	if parent == "" {
		return nil, nil
	}
	names, err := cgroupmgr.List("", path.Dir(m.ContainerCgroup(parent, "x")))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if match := ctrCgroup.FindStringSubmatch(name); match != nil {
			t := s.of(match[1])
			t.parents = append(t.parents, parent)
			continue
		}
		match := podCgroup.FindStringSubmatch(name)
		if match == nil {
			continue
		}
		pod, err := m.PodPath(parent, match[1])
		if err != nil || path.Base(pod) != name {
			continue // named like one of ours, but not by us
		}
		t := s.of(match[1])
		t.podParents = append(t.podParents, parent)
		pods = append(pods, pod)
	}
	return pods, nil
}

func (r *Runtime) surveyLeases(s *surveyed) error {
	held, err := network.Held(r.networkConfig())
	if errors.Is(err, errdefs.ErrUnavailable) {
		s.noLeases = true // somebody works on them: nothing can be said
		return nil
	}
	for id, networks := range held {
		if isID(id) {
			s.of(id).leases = networks
		}
	}
	return err
}

func (r *Runtime) surveyLayers(s *surveyed) error {
	records, err := image.ReadRecords(r.settings.GraphRoot, r.settings.RunRoot)
	if err != nil {
		s.noLayers = true
		return nil //nolint:nilerr // the image store reports its own damage
	}
	for id := range records.Own {
		if records.Layers[id] {
			s.of(id).layer = true
		}
	}
	return nil
}
