package depgraph

// NodeError is the error of one node.
type NodeError struct {
	ID  string
	Err error
}

func (e NodeError) Error() string { return e.ID + ": " + e.Err.Error() }

// Unwrap returns the node's own error.
func (e NodeError) Unwrap() error { return e.Err }

// Result is what became of each node of a walk. It does not change and is safe
// for concurrent use. Lists are in the order of the walk's direction, so a
// failure comes before what it blocked.
type Result struct {
	order []string
	errs  map[string]error // an entry for every node; nil is success
}

// Errors returns every node that did not succeed: its visit's error, a
// [*BlockedError], or the error of the walk's context.
func (r *Result) Errors() []NodeError {
	var out []NodeError
	for _, id := range r.order {
		if err := r.errs[id]; err != nil {
			out = append(out, NodeError{ID: id, Err: err})
		}
	}
	return out
}

// Succeeded returns the nodes whose visit returned nil.
func (r *Result) Succeeded() []string {
	var out []string
	for _, id := range r.order {
		if r.errs[id] == nil {
			out = append(out, id)
		}
	}
	return out
}

// Err returns the error of one node; nil if it succeeded or was no part of the
// walk, which [Result.OK] tells apart.
func (r *Result) Err(id string) error { return r.errs[id] }

// OK says whether id was visited with success.
func (r *Result) OK(id string) bool {
	err, known := r.errs[id]
	return known && err == nil
}

// result gives the nodes that were not started their errors. Deciding whom to
// blame here, in order, keeps it independent of who failed first.
func (w *walk) result(dir Direction) *Result {
	before := w.g.before(dir)
	blame := make([]int, len(w.g.ids))
	r := &Result{errs: make(map[string]error, len(w.g.ids))}
	for _, n := range w.g.order(dir) {
		id, o := w.g.ids[n], w.outcome[n]
		blame[n] = -1
		switch {
		case o.blocks:
			blame[n] = n
		case !o.started:
			blame[n] = smallestBlame(blame, before[n])
			o.err = w.ctx.Err()
			if blame[n] >= 0 {
				o.err = &BlockedError{By: w.g.ids[blame[n]]}
			}
		}
		r.order = append(r.order, id)
		r.errs[id] = o.err
	}
	return r
}

// smallestBlame returns the smallest node that any of before is or was blocked
// by; -1 if none.
func smallestBlame(blame, before []int) int {
	found := -1
	for _, n := range before {
		if b := blame[n]; b >= 0 && (found < 0 || b < found) {
			found = b
		}
	}
	return found
}
