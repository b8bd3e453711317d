package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/depgraph"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
	"github.com/podctl/podctl/pkg/volume"
)

// examination compares one census with one survey.
type examination struct {
	r            *Runtime
	before, rows *census
	host         *surveyed
	used         map[string]bool // IDs without a row that this database gave out
	found        []Finding
}

func (x *examination) add(f Finding) { x.found = append(x.found, f) }

func (x *examination) examine(ctx context.Context) error {
	if err := x.findUsedIDs(ctx); err != nil {
		return err
	}
	x.checkFile(ctx)
	x.checkDangling()
	for _, id := range slices.Sorted(maps.Keys(x.rows.pods)) {
		if p := x.rows.pods[id]; !x.busy(id, p.Owner) {
			x.checkPod(p, x.host.of(id))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(x.rows.containers)) {
		if c := x.rows.containers[id]; !x.busy(id, c.Owner) && !x.podBusy(c.PodID) {
			x.checkContainer(c, x.host.of(id))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(x.rows.volumes)) {
		if v := x.rows.volumes[name]; x.before.unchanged(x.rows, name) && (v.Owner.IsZero() || !x.r.alive(v.Owner)) {
			x.checkVolume(v)
		}
	}
	x.checkVolumeMarks()
	expected := x.imageMounts()
	for _, id := range slices.Sorted(maps.Keys(x.host.byID)) {
		if !x.rows.knows(id) && !expected[id] && !x.busy(id, container.Owner{}) {
			x.checkStray(id, x.host.of(id))
		}
	}
	return nil
}

// findUsedIDs asks which of the IDs the host has and no row has are ours.
func (x *examination) findUsedIDs(ctx context.Context) error {
	return x.r.store.View(ctx, func(tx *store.Tx) error {
		for id := range x.host.byID {
			if x.rows.knows(id) {
				continue
			}
			used, err := tx.IDUsed(ctx, id)
			if err != nil {
				return err
			}
			x.used[id] = used
		}
		return nil
	})
}

// busy reports whether somebody works on the object, or did between the two
// snapshots.
func (x *examination) busy(id string, owner container.Owner) bool {
	t := x.host.of(id)
	return t.held || t.cleaning || !owner.IsZero() && x.r.alive(owner) || !x.before.unchanged(x.rows, id)
}

func (x *examination) podBusy(id string) bool {
	p := x.rows.pods[id]
	return p != nil && p.State != pod.Ready && x.busy(id, p.Owner)
}

func (x *examination) checkDangling() {
	for _, d := range x.rows.dangling {
		if !slices.Contains(x.before.dangling, d) || x.restorable(d.Missing) {
			continue
		}
		x.add(Finding{
			Kind: FindDatabase, Object: d.Owner, Problem: fmt.Sprintf("a row in %s refers to %s, which is not there", d.Table, d.Missing),
			Repair: "delete the row",
			mend: mending{rankDangling, "dangling", func(ctx context.Context) error {
				return x.r.store.Update(ctx, func(tx *store.Tx) error { return tx.DropDangling(ctx) })
			}},
		})
	}
}

// restorable reports whether a container without a row will get it back.
func (x *examination) restorable(id string) bool {
	t := x.host.byID[id]
	if t == nil || !t.blueprint || !isID(id) {
		return false
	}
	_, err := x.r.readBlueprint(id)
	return err == nil
}

func (x *examination) checkPod(p *pod.Pod, t *trace) {
	r := x.r
	bp, bpErr := r.readPodBlueprint(p.ID)
	if p.Damage != "" {
		f := Finding{Kind: FindRow, Object: p.ID, Problem: fmt.Sprintf("pod %s: %s", p.Name, p.Damage), Advice: "remove it: podctl pod rm --force " + p.Name}
		if bpErr == nil || p.Config != nil {
			f.Repair, f.Advice = "read it from its blueprint", ""
			f.mend = mending{rankRow, p.ID, func(ctx context.Context) error { return r.mendPodRow(ctx, p.ID) }}
		}
		x.add(f)
		return
	}
	if p.State != pod.Ready {
		x.add(r.intentFinding(p.ID, fmt.Sprintf("pod %s is %s, and the podctl that did it is dead", p.Name, p.State)))
		return
	}
	if bpErr != nil || bp.Name != p.Name || bp.InfraID != p.InfraID {
		x.add(Finding{
			Kind: FindBlueprint, Object: p.ID, Problem: fmt.Sprintf("pod %s has no blueprint, or one that is not right", p.Name), Repair: "write it",
			mend: mending{rankFile, p.ID + "-blueprint", func(ctx context.Context) error { return r.mendPodBlueprint(ctx, p.ID) }},
		})
	}
	if infra := x.rows.containers[p.InfraID]; p.InfraID != "" && (infra == nil || infra.PodID != p.ID) && !x.restorable(p.InfraID) {
		x.add(Finding{
			Kind: FindPod, Object: p.ID, Problem: fmt.Sprintf("pod %s names an infra container that is not there: %s", p.Name, shortID(p.InfraID)),
			Repair: "make it a pod without infra container",
			mend:   mending{rankPodRow, p.ID + "-infra", func(ctx context.Context) error { return r.dropInfra(ctx, p.ID) }},
		})
	}
	x.checkCycles(p)
}

func (r *Runtime) intentFinding(id, problem string) Finding {
	return Finding{
		Kind: FindIntent, Object: id, Problem: problem, Repair: "finish or undo it",
		mend: mending{rankIntent, "recover", r.recover},
	}
}

// checkCycles reports a cycle that stands in configurations too: no edge is wrong,
// all are.
func (x *examination) checkCycles(p *pod.Pod) {
	var nodes []depgraph.Node
	for _, c := range x.rows.containers {
		if c.PodID == p.ID && c.Config != nil {
			nodes = append(nodes, depgraph.Node{ID: c.ID, DependsOn: x.wantedEdges(c)})
		}
	}
	var cycle *depgraph.CycleError
	if _, err := depgraph.Build(nodes); errors.As(err, &cycle) {
		x.add(Finding{
			Kind: FindDependency, Object: p.ID, Problem: fmt.Sprintf("containers of pod %s are configured to depend on each other: %s", p.Name, joinCycle(cycle.Members)),
			Advice: "remove the pod: podctl pod rm --force " + p.Name,
		})
	}
}

// wantedEdges are the edges a configuration asks for, to containers that are there.
func (x *examination) wantedEdges(c *container.Container) []string {
	return slices.DeleteFunc(dependencies(c.Config), func(id string) bool { return x.rows.containers[id] == nil })
}

func (x *examination) checkContainer(c *container.Container, t *trace) {
	r := x.r
	if c.Damage != "" {
		x.checkDamaged(c)
		return
	}
	if c.Intent != "" {
		x.add(r.intentFinding(c.ID, fmt.Sprintf("container %s: a podctl that is dead was about to %s it", c.Name, c.Intent)))
		return
	}
	if c.State == container.Creating || c.State == container.Removing {
		x.add(Finding{
			Kind: FindIntent, Object: c.ID, Problem: fmt.Sprintf("container %s is %s, and nobody is at it", c.Name, c.State), Repair: "record what it is",
			mend: mending{rankIntent, c.ID, func(ctx context.Context) error { return r.settleState(ctx, c.ID) }},
		})
		return
	}
	x.checkBelonging(c)
	bp, err := r.readBlueprint(c.ID)
	if err != nil || bp.Name != c.Name || bp.PodID != c.PodID {
		x.add(Finding{
			Kind: FindBlueprint, Object: c.ID, Problem: fmt.Sprintf("container %s has no blueprint, or one that is not right", c.Name), Repair: "write it",
			mend: mending{rankFile, c.ID + "-blueprint", func(ctx context.Context) error { return r.mendBlueprint(ctx, c.ID) }},
		})
	}
	if c.Config.HasLayer() && !t.layer && !x.host.noLayers {
		x.add(Finding{
			Kind: FindLayer, Object: c.ID, Problem: fmt.Sprintf("the storage layer of container %s is gone", c.Name), Repair: "make an empty one from its image",
			mend: mending{rankSettle, c.ID + "-layer", func(ctx context.Context) error { return r.mendLayer(ctx, c.ID) }},
		})
	}
	if c.State.HasProcess() {
		x.checkUp(c, t)
	} else {
		x.checkDown(c, t)
	}
}

func (x *examination) checkDamaged(c *container.Container) {
	f := Finding{Kind: FindRow, Object: c.ID, Problem: fmt.Sprintf("container %s: %s", c.Name, c.Damage), Advice: "remove it: podctl rm --force " + c.Name}
	if _, err := x.r.readBlueprint(c.ID); err == nil || c.Config != nil {
		f.Repair, f.Advice = "read it from its blueprint", ""
		f.mend = mending{rankRow, c.ID, func(ctx context.Context) error { return x.r.mendRow(ctx, c.ID) }}
	}
	x.add(f)
}

// checkBelonging looks at the container's pod and edges.
func (x *examination) checkBelonging(c *container.Container) {
	r := x.r
	if c.PodID != "" && x.rows.pods[c.PodID] == nil {
		if t := x.host.byID[c.PodID]; t == nil || !t.podBlueprint {
			x.add(Finding{
				Kind: FindContainer, Object: c.ID, Problem: fmt.Sprintf("container %s is in pod %s, which is not there", c.Name, shortID(c.PodID)),
				Advice: "remove it: podctl rm --force " + c.Name,
			})
		}
	}
	if wanted := x.wantedEdges(c); !slices.Equal(wanted, c.DependsOn) && !x.anyRestorable(dependencies(c.Config)) {
		x.add(Finding{
			Kind: FindDependency, Object: c.ID,
			Problem: fmt.Sprintf("container %s depends on [%s] in the database, on [%s] by its configuration", c.Name, shortIDs(c.DependsOn), shortIDs(wanted)),
			Repair:  "record what the configuration says",
			mend:    mending{rankEdges, c.ID + "-edges", func(ctx context.Context) error { return r.mendEdges(ctx, c.ID) }},
		})
	}
}

func (x *examination) anyRestorable(ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return x.rows.containers[id] == nil && x.restorable(id) })
}

func shortIDs(ids []string) string {
	short := make([]string, 0, len(ids))
	for _, id := range ids {
		short = append(short, shortID(id))
	}
	return strings.Join(short, " ")
}

// checkUp judges a container that is recorded as having a process.
func (x *examination) checkUp(c *container.Container, t *trace) {
	r := x.r
	settle := func(problem string) {
		x.add(Finding{
			Kind: FindContainer, Object: c.ID, Problem: problem, Repair: "record its end and clean up after it",
			mend: mending{rankSettle, c.ID, func(ctx context.Context) error { return r.recoverContainer(ctx, c.ID) }},
		})
	}
	if !r.alive(c.Runtime.Process) {
		if len(t.conmons) == 0 { // else its exit command is still to come
			settle(fmt.Sprintf("container %s is recorded as %s, but its process is gone and nobody cleaned up after it", c.Name, c.State))
		}
		return
	}
	if c.State == container.Stopping {
		x.add(r.intentFinding(c.ID, fmt.Sprintf("container %s is being stopped by nobody", c.Name)))
	}
	missing := func(kind, what string) {
		x.add(Finding{
			Kind: kind, Object: c.ID, Problem: fmt.Sprintf("container %s runs, but %s", c.Name, what), Advice: "restart it: podctl restart " + c.Name,
		})
	}
	if !r.alive(c.Runtime.Conmon) {
		missing(FindProcess, "its conmon is dead: how it ends will not be known")
	}
	if !t.runtime {
		missing(FindRuntime, "the OCI runtime does not know it")
	}
	if !t.bundle {
		missing(FindBundle, "its bundle is gone")
	}
	if ownsNetNS(c.Config) && !t.netns {
		missing(FindNetNS, "the file of its network namespace is gone")
	}
}

// checkDown judges a container that should have nothing on the host but its files.
func (x *examination) checkDown(c *container.Container, t *trace) {
	r := x.r
	leftover := func(kind, what string) {
		x.add(Finding{
			Kind: kind, Object: c.ID, Problem: fmt.Sprintf("container %s is %s, but %s", c.Name, c.State, what), Repair: "take it down",
			mend: mending{rankLeftover, c.ID, func(ctx context.Context) error { return r.takeDownLeftovers(ctx, c.ID) }},
		})
	}
	x.leftovers(t, leftover)
	if c.State == container.Stopped && len(t.conmons) == 0 {
		leftover(FindContainer, "nobody cleaned up after it")
	}
}

// leftovers tells of everything a start makes on the host.
func (x *examination) leftovers(t *trace, tell func(kind, what string)) {
	if pids := pidsOf(append(slices.Clone(t.processes), t.conmons...)); pids != "" {
		tell(FindProcess, "processes of it run: "+pids)
	}
	if t.runtime {
		tell(FindRuntime, "the OCI runtime has a record of it")
	}
	if t.bundle {
		tell(FindBundle, "its bundle is there")
	}
	if t.netns {
		tell(FindNetNS, "its network namespace is there")
	}
	if len(t.leases) > 0 && !x.host.noLeases {
		tell(FindLease, "it holds addresses on "+strings.Join(t.leases, ", "))
	}
	if len(t.parents) > 0 && !x.host.noCgroups {
		tell(FindCgroup, "its cgroup is there, in "+strings.Join(t.parents, ", "))
	}
	if len(t.mounts) > 0 {
		tell(FindMount, "mounted in its directory: "+strings.Join(t.mounts, ", "))
	}
}

func pidsOf(list []proc.Process) string {
	pids := make([]string, 0, len(list))
	for _, p := range list {
		pids = append(pids, fmt.Sprint(p.PID))
	}
	slices.Sort(pids)
	return strings.Join(slices.Compact(pids), " ")
}

// imageMounts are the IDs under which the image store keeps what containers mount
// of images.
func (x *examination) imageMounts() map[string]bool {
	ids := map[string]bool{}
	for _, c := range x.rows.containers {
		if c.Config == nil {
			continue
		}
		for _, m := range c.Config.Storage.Mounts {
			if m.Type == "image" {
				ids[imageLayer(c.ID, m.Source)] = true
			}
		}
	}
	return ids
}

// checkStray judges what the host has of an ID without a row. It is ours if this
// database gave the ID out, or if it is in a directory that is ours alone; the rest
// is another's: other tools', or another podctl's on the same image store.
func (x *examination) checkStray(id string, t *trace) {
	r := x.r
	if !t.foundInOurs && !t.lock && !x.used[id] {
		return
	}
	if x.restorable(id) || t.podBlueprint && x.podRestorable(id) {
		x.add(Finding{
			Kind: FindRow, Object: id, Problem: "it is on this host, but not in the database", Repair: "record it again, from its blueprint",
			mend: mending{rankPodRow, id, func(ctx context.Context) error { return r.restoreRow(ctx, id) }},
		})
		return
	}
	stray := func(kind, what string) {
		x.add(Finding{
			Kind: kind, Object: id, Problem: "of nothing in the database: " + what, Repair: "remove it",
			mend: mending{rankLeftover, id, func(ctx context.Context) error { return r.removeStray(ctx, id) }},
		})
	}
	x.leftovers(t, stray)
	if len(t.podParents) > 0 && !x.host.noCgroups {
		stray(FindCgroup, "the cgroup of a pod, in "+strings.Join(t.podParents, ", "))
	}
	if t.layer && !x.host.noLayers {
		stray(FindLayer, "a storage layer of podctl's")
	}
	if t.dir || t.blueprint || t.podBlueprint {
		stray(FindBlueprint, "a directory without a blueprint, or a blueprint that cannot be read")
	}
	if t.exit {
		stray(FindExitFile, "an exit file")
	}
	if t.lock {
		stray(FindLock, "a lock file")
	}
}

func (x *examination) podRestorable(id string) bool {
	_, err := x.r.readPodBlueprint(id)
	return err == nil
}

func (x *examination) checkVolume(row *store.Volume) {
	r, name := x.r, row.Name
	switch row.State {
	case store.VolumeReady:
	case store.VolumeCreating, store.VolumeRemoving:
		x.add(r.intentFinding(name, fmt.Sprintf("volume %s is %s, and the podctl that did it is dead", name, row.State)))
		return
	default:
		x.add(Finding{
			Kind: FindRow, Object: name, Problem: fmt.Sprintf("unknown state word %q of a volume", row.State), Repair: "take it for ready",
			mend: mending{rankRow, name + "-state", func(ctx context.Context) error { return r.readyVolume(ctx, name) }},
		})
		return
	}
	v, err := volumeOf(row)
	if err != nil {
		f := Finding{Kind: FindRow, Object: name, Problem: err.Error(), Advice: "remove it: podctl volume rm --force " + name}
		if _, err := r.readVolumeBlueprint(name); err == nil {
			f.Repair, f.Advice = "read it from its blueprint", ""
			f.mend = mending{rankRow, name, func(ctx context.Context) error { return r.mendVolumeRow(ctx, name) }}
		}
		x.add(f)
		return
	}
	_, markErr := r.readVolumeBlueprint(name)
	noDir := v.Driver == volume.DriverLocal && !x.host.volumeDirs[name]
	if !noDir && markErr == nil {
		return
	}
	f := Finding{
		Kind: FindVolume, Object: name, Problem: "the volume's directory is gone", Repair: "make an empty one",
		mend: mending{rankFile, name, func(context.Context) error { return r.makeVolume(v) }},
	}
	if !noDir {
		f.Kind, f.Problem, f.Repair = FindBlueprint, "the volume has no blueprint, or one that is not right", "write it"
	}
	x.add(f)
}

// checkVolumeMarks finds volumes of ours that have no row. A directory without our
// mark may be another tool's: the volume path is shared.
func (x *examination) checkVolumeMarks() {
	r := x.r
	for name := range x.host.volumeMarks {
		if x.rows.volumes[name] != nil || x.before.volumes[name] != nil || volume.ValidateName(name) != nil {
			continue
		}
		f := Finding{
			Kind: FindVolume, Object: name, Problem: "it is on this host, but not in the database", Repair: "record it again, from its blueprint",
			mend: mending{rankVolumeRow, name, func(ctx context.Context) error { return r.restoreVolume(ctx, name) }},
		}
		if _, err := r.readVolumeBlueprint(name); err != nil || !x.host.volumeDirs[name] {
			f.Kind, f.Problem, f.Repair = FindBlueprint, "the blueprint of a volume that is not there", "remove it"
			f.mend = mending{rankFile, name, func(context.Context) error { return r.removeVolumeBlueprint(name) }}
		}
		x.add(f)
	}
}
