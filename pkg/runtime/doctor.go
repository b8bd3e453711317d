package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/podctl/podctl/pkg/store"
)

// Kinds of findings.
const (
	FindDatabase   = "database"   // the file, or a row about what is not there
	FindRow        = "row"        // a row that cannot be read, or is missing
	FindIntent     = "intent"     // what a killed command left half done
	FindContainer  = "container"  // a row that is not what the host says
	FindPod        = "pod"        // the same of a pod
	FindVolume     = "volume"     // the same of a volume
	FindDependency = "dependency" // edges other than the configuration's
	FindProcess    = "process"    // container processes and conmons
	FindRuntime    = "oci-runtime"
	FindBundle     = "bundle"
	FindNetNS      = "netns"
	FindLease      = "lease"
	FindMount      = "mount"
	FindCgroup     = "cgroup"
	FindLayer      = "layer"
	FindBlueprint  = "blueprint"
	FindLock       = "lock"
	FindExitFile   = "exit-file"
)

// Finding is one thing that is not as it should be.
type Finding struct {
	// Kind is one of the Find constants, Object the ID, name or path it is about.
	Kind, Object string
	// Problem is what is wrong.
	Problem string
	// Repair is what RepairFindings does about it; "" if nothing: Advice then is
	// what the user can do.
	Repair, Advice string

	mend mending
}

// mending is one act of repair. Several findings may share one: their keys are the
// same. Acts are carried out by rank: rows first, then what is decided by them.
type mending struct {
	rank int
	key  string
	run  func(context.Context) error
}

// The ranks.
const (
	rankIntent = iota
	rankRow
	rankVolumeRow
	rankPodRow
	rankContainerRow
	rankEdges
	rankDangling
	rankSettle
	rankLeftover
	rankFile
)

func (f Finding) same(other Finding) bool {
	return f.Kind == other.Kind && f.Object == other.Object && f.Problem == other.Problem
}

// lookPause is the time between two looks: what is on its way is elsewhere by then.
const lookPause = 700 * time.Millisecond

// Examine compares the database with the host and returns what does not match, by
// kind. It takes no lock and changes nothing. What another podctl works on is left
// out, and a finding counts only if it is there at a second look: a busy system
// has none.
func (r *Runtime) Examine(ctx context.Context) ([]Finding, error) {
	first, err := r.look(ctx)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(r.lookPause):
	}
	second, err := r.look(ctx)
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(second, func(f Finding) bool { return !slices.ContainsFunc(first, f.same) })
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Problem, b.Problem))
	})
	return found, nil
}

// look examines everything once. Rows are read before and after the host is looked
// at, and only what is the same in both is judged.
func (r *Runtime) look(ctx context.Context) ([]Finding, error) {
	before, err := r.takeCensus(ctx)
	if err != nil {
		return nil, err
	}
	seen, err := r.survey(ctx, before)
	if err != nil {
		return nil, err
	}
	after, err := r.takeCensus(ctx)
	if err != nil {
		return nil, err
	}
	x := &examination{r: r, rows: after, before: before, host: seen, used: map[string]bool{}}
	if err := x.examine(ctx); err != nil {
		return nil, err
	}
	return x.found, nil
}

// RepairResult is what became of a finding.
type RepairResult struct {
	Finding
	// Err is why it is still there; nil: it was mended.
	Err error
}

// ErrNoRepair is the error of a finding that nothing can be done about but by the
// user.
var ErrNoRepair = errors.New("cannot be repaired")

// repairRounds bounds how often Repair looks again: a row that came back can show
// what was hidden behind it.
const repairRounds = 4

// Repair examines and mends what is ours, by the same ways verbs take, each object
// under its lock. What is left at the end has an error. Idempotent.
func (r *Runtime) Repair(ctx context.Context) ([]RepairResult, error) {
	var mended []RepairResult
	for round := 0; ; round++ {
		found, err := r.Examine(ctx)
		if err != nil {
			return mended, err
		}
		// What was mended before and is found again does not get better by more of it.
		again := func(f Finding) bool {
			return round == repairRounds || slices.ContainsFunc(mended, func(d RepairResult) bool { return d.same(f) })
		}
		var left []RepairResult
		progress := false
		for _, res := range r.mendAll(ctx, slices.DeleteFunc(slices.Clone(found), again)) {
			if res.Err == nil {
				mended, progress = append(mended, res), true
			} else {
				left = append(left, res)
			}
		}
		if progress {
			continue
		}
		for _, f := range found {
			if again(f) {
				mended = slices.DeleteFunc(mended, func(d RepairResult) bool { return d.same(f) })
				left = append(left, RepairResult{Finding: f, Err: errStillThere})
			}
		}
		return append(mended, left...), ctx.Err()
	}
}

// errStillThere is the error of a finding that its repair did not end.
var errStillThere = errors.New("it is still there after its repair")

// mendAll carries out the acts of repair, each once, in order.
func (r *Runtime) mendAll(ctx context.Context, found []Finding) []RepairResult {
	ordered := slices.Clone(found)
	slices.SortStableFunc(ordered, func(a, b Finding) int { return cmp.Compare(a.mend.rank, b.mend.rank) })
	outcome := map[string]error{}
	results := make([]RepairResult, 0, len(found))
	for _, f := range ordered {
		if f.mend.run == nil {
			results = append(results, RepairResult{Finding: f, Err: ErrNoRepair})
			continue
		}
		err, tried := outcome[f.mend.key]
		if !tried {
			if err = ctx.Err(); err == nil {
				err = f.mend.run(ctx)
			}
			outcome[f.mend.key] = err
		}
		results = append(results, RepairResult{Finding: f, Err: err})
	}
	return results
}

// under runs an act of repair under an object's lock, unless somebody is at it.
func (r *Runtime) under(id string, fn func() error) error {
	l, ok, err := r.locks.TryLock(id)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%s is being worked on: see podctl locks", shortID(id))
	}
	err = fn()
	return errors.Join(err, l.Remove())
}

// checkFile reports a damaged database file.
func (x *examination) checkFile(ctx context.Context) {
	err := x.r.store.View(ctx, func(tx *store.Tx) error { return tx.Integrity(ctx) })
	if err != nil {
		x.add(Finding{
			Kind: FindDatabase, Object: x.r.settings.Database(), Problem: "the file is damaged: " + err.Error(),
			Advice: "make a new one from what is on this host: podctl doctor --rebuild",
		})
	}
}
