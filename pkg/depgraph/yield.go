package depgraph

import "context"

// Yield runs wait, giving the worker slot found in ctx to other nodes of the
// walk meanwhile, and returns what wait returns. It is for waiting that is no
// work, such as for a process to end: however few the workers, any number of
// visits wait at the same time.
//
// When wait has returned, Yield takes a slot again before it returns itself,
// even if ctx has ended: the limit holds for cleaning up too. Without a slot in
// ctx (outside a walk, or within another Yield) it only runs wait.
func Yield(ctx context.Context, wait func() error) error {
	s, ok := ctx.Value(slotKey{}).(*slot)
	if !ok || !s.release() {
		return wait()
	}
	defer s.retake()
	return wait()
}

type slotKey struct{}

// slot is one visit's claim to a worker. Its walk's mu guards held.
type slot struct {
	walk *walk
	held bool
}

func withSlot(ctx context.Context, w *walk) context.Context {
	return context.WithValue(ctx, slotKey{}, &slot{walk: w, held: true})
}

// release gives the worker back; false if the slot has none.
func (s *slot) release() bool {
	s.walk.mu.Lock()
	defer s.walk.mu.Unlock()
	if !s.held {
		return false
	}
	s.held = false
	s.walk.pool.give()
	s.walk.dispatch()
	return true
}

// retake waits until a worker is free and takes it.
func (s *slot) retake() {
	s.walk.mu.Lock()
	turn := s.walk.pool.queue()
	s.walk.mu.Unlock()
	<-turn
	s.walk.mu.Lock()
	s.held = true
	s.walk.mu.Unlock()
}

// pool counts the workers of a walk; the walk's mu guards it.
type pool struct {
	unlimited bool
	free      int
	waiting   []chan struct{} // visits that want their worker back, oldest first
}

func newPool(workers int) pool {
	return pool{unlimited: workers <= 0, free: workers}
}

// take takes a worker; false if none is free.
func (p *pool) take() bool {
	if p.unlimited {
		return true
	}
	if p.free == 0 {
		return false
	}
	p.free--
	return true
}

// give returns a worker that was taken.
func (p *pool) give() {
	if !p.unlimited {
		p.free++
	}
}

// queue asks for a worker; the channel is closed once the caller has it.
func (p *pool) queue() <-chan struct{} {
	turn := make(chan struct{})
	p.waiting = append(p.waiting, turn)
	p.resume()
	return turn
}

// resume hands free workers to those that want theirs back.
func (p *pool) resume() {
	for len(p.waiting) > 0 && p.take() {
		close(p.waiting[0])
		p.waiting = p.waiting[1:]
	}
}
