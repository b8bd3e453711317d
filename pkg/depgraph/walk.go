package depgraph

import (
	"context"
	"errors"
	"sync"
)

// WalkOptions say how a graph is walked.
type WalkOptions struct {
	// Direction decides which end comes first.
	Direction Direction
	// Workers is how many visits may work at once; zero or less is no limit.
	// A visit that waits in [Yield] does not count.
	Workers int
}

// errNoReturn is the error of a visit that ended its goroutine.
var errNoReturn = errors.New("visit did not return")

// Walk calls visit once for each node, each in its own goroutine, and returns
// when all of them have returned.
//
// A node starts the moment the last of its predecessors is done and a worker
// is free; of those that are ready, the one that was ready first. A visit that
// returns an error blocks the nodes that come after it, however far, and no
// others; they are not visited and get a [*BlockedError].
//
// When ctx ends, nodes that are neither started nor blocked by then are not
// visited and get ctx.Err(); visits that run are awaited, and it is theirs to
// heed the context they are given. That context carries the worker slot for
// Yield.
func (g *Graph) Walk(ctx context.Context, opts WalkOptions, visit func(ctx context.Context, id string) error) *Result {
	w := newWalk(ctx, g, opts, visit)
	// Nodes that wait for a worker have to learn that ctx ended, or they
	// would be started by the next visit that returns.
	stop := context.AfterFunc(ctx, w.schedule)
	defer stop()
	w.schedule()
	<-w.over
	return w.result(opts.Direction)
}

// walk is the state of one Walk; mu guards all that changes.
type walk struct {
	ctx   context.Context
	g     *Graph
	visit func(ctx context.Context, id string) error
	after [][]int

	mu      sync.Mutex
	pool    pool
	pending []int // predecessors a node still waits for
	ready   []int // nodes that wait for nothing but a worker, oldest first
	running int
	ended   bool
	over    chan struct{}
	outcome []outcome
}

// outcome is what became of one node.
type outcome struct {
	started bool
	err     error
	// blocks: the failure is one that keeps others from starting. A failure
	// after the end of the context is not: there the context does.
	blocks bool
}

func newWalk(ctx context.Context, g *Graph, opts WalkOptions, visit func(context.Context, string) error) *walk {
	w := &walk{
		ctx:     ctx,
		g:       g,
		visit:   visit,
		after:   g.after(opts.Direction),
		pool:    newPool(opts.Workers),
		over:    make(chan struct{}),
		outcome: make([]outcome, len(g.ids)),
	}
	w.pending, w.ready = g.pending(opts.Direction)
	return w
}

// schedule hands free workers out. Safe to call at any time, also after the
// walk is over.
func (w *walk) schedule() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dispatch()
}

// dispatch hands free workers out and notices the end; mu is held. Visits that
// come back from a wait go first: they were started first, and finishing them
// makes others ready.
func (w *walk) dispatch() {
	w.pool.resume()
	if w.ctx.Err() != nil {
		w.ready = nil
	}
	for len(w.ready) > 0 && w.pool.take() {
		n := w.ready[0]
		w.ready = w.ready[1:]
		w.outcome[n].started = true
		w.running++
		go w.run(n)
	}
	if w.running == 0 && !w.ended {
		w.ended = true
		close(w.over)
	}
}

// run visits node n.
func (w *walk) run(n int) {
	err := errNoReturn
	defer func() { w.done(n, err) }()
	err = w.visit(withSlot(w.ctx, w), w.g.ids[n])
}

// done records the outcome of node n and lets others go on.
func (w *walk) done(n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running--
	w.pool.give()
	w.outcome[n].err = err
	w.outcome[n].blocks = err != nil && w.ctx.Err() == nil
	if err == nil {
		for _, to := range w.after[n] {
			if w.pending[to]--; w.pending[to] == 0 {
				w.ready = append(w.ready, to)
			}
		}
	}
	w.dispatch()
}
