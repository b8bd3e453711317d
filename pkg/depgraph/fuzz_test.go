package depgraph

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// decode reads a graph from fuzz data: the first byte is the number of nodes,
// then each pair of bytes is an edge. Without loops, edges lead to smaller
// numbers only.
func decode(data []byte, loops bool) []Node {
	if len(data) == 0 {
		return nil
	}
	count := int(data[0])%40 + 1
	nodes := make([]Node, count)
	for i := range nodes {
		nodes[i].ID = strconv.Itoa(i)
	}
	for pair := range slices.Chunk(data[1:], 2) {
		if len(pair) < 2 {
			break
		}
		from, to := int(pair[0])%count, int(pair[1])%(count+1)
		if !loops {
			if from == 0 {
				continue
			}
			to %= from
		}
		nodes[from].DependsOn = append(nodes[from].DependsOn, strconv.Itoa(to))
	}
	return nodes
}

// reach returns every node that ids lead to by one step or more, slowly and
// plainly.
func reach(nodes []Node, ids ...string) map[string]bool {
	seen := make(map[string]bool)
	for len(ids) > 0 {
		id := ids[0]
		ids = ids[1:]
		for _, n := range nodes {
			if n.ID != id {
				continue
			}
			for _, dep := range n.DependsOn {
				if !seen[dep] {
					seen[dep] = true
					ids = append(ids, dep)
				}
			}
		}
	}
	return seen
}

func FuzzBuild(f *testing.F) {
	f.Add([]byte{3, 1, 0, 2, 1})
	f.Add([]byte{3, 1, 0, 0, 1, 2, 2})
	f.Add([]byte{4, 1, 4, 3, 4, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		nodes := decode(data, true)
		g, err := Build(nodes)

		known := make(map[string]bool)
		for _, n := range nodes {
			known[n.ID] = true
		}
		wantMissing, wantCycle := false, false
		for _, n := range nodes {
			wantCycle = wantCycle || reach(nodes, n.ID)[n.ID]
			for _, dep := range n.DependsOn {
				wantMissing = wantMissing || !known[dep]
			}
		}
		var missing *MissingError
		if errors.As(err, &missing) != wantMissing {
			t.Fatalf("missing: %v, want %v", err, wantMissing)
		}
		cycles := cyclesIn(err)
		if (len(cycles) > 0) != wantCycle {
			t.Fatalf("cycle: %v, want %v", err, wantCycle)
		}
		for _, members := range cycles {
			for i, id := range members {
				if next := members[(i+1)%len(members)]; !dependsOn(nodes, id, next) {
					t.Fatalf("%v: %s does not depend on %s", members, id, next)
				}
			}
		}
		if err == nil {
			checkOrders(t, g, nodes)
		}
	})
}

func dependsOn(nodes []Node, from, to string) bool {
	return slices.ContainsFunc(nodes, func(n Node) bool { return n.ID == from && slices.Contains(n.DependsOn, to) })
}

// checkOrders holds both orders against the edges and the node list.
func checkOrders(t *testing.T, g *Graph, nodes []Node) {
	t.Helper()
	for _, dir := range []Direction{Outwards, Inwards} {
		order := g.Order(dir)
		at := make(map[string]int)
		for i, id := range order {
			at[id] = i
		}
		if len(order) != len(nodes) || len(at) != len(nodes) {
			t.Fatalf("order %v of %d nodes", order, len(nodes))
		}
		for _, n := range nodes {
			for _, dep := range n.DependsOn {
				if (at[dep] < at[n.ID]) != (dir == Outwards) {
					t.Fatalf("direction %d: %s and %s in %v", dir, n.ID, dep, order)
				}
			}
		}
	}
}

func FuzzWalk(f *testing.F) {
	f.Add([]byte{5, 1, 0, 2, 1, 3, 1}, uint64(2), uint8(1), false)
	f.Add([]byte{9, 1, 0, 2, 1, 3, 1, 8, 7, 8, 1}, uint64(5), uint8(0), true)
	f.Fuzz(func(t *testing.T, data []byte, fail uint64, workers uint8, inwards bool) {
		nodes := decode(data, false)
		g, err := Build(nodes)
		if err != nil {
			t.Fatal(err)
		}
		dir := Outwards
		if inwards {
			dir = Inwards
		}
		fails := func(id string) bool {
			n, _ := strconv.Atoi(id)
			return fail>>(n%64)&1 == 1
		}

		var mu sync.Mutex
		done, visits, working := make(map[string]bool), make(map[string]int), 0
		limit := int(workers % 5)
		r := g.Walk(t.Context(), WalkOptions{Direction: dir, Workers: limit}, func(ctx context.Context, id string) error {
			mu.Lock()
			visits[id]++
			working++
			if limit > 0 && working > limit {
				t.Errorf("%d work, %d may", working, limit)
			}
			for _, before := range g.names(g.before(dir)[g.index[id]]) {
				if !done[before] {
					t.Errorf("%s started before %s was done", id, before)
				}
			}
			working--
			mu.Unlock()
			err := Yield(ctx, func() error { return nil })
			mu.Lock()
			defer mu.Unlock()
			done[id] = !fails(id)
			if fails(id) {
				return errBoom
			}
			return err
		})
		checkBlocked(t, g, dir, r, fails, visits)
	})
}

// checkBlocked: the blocked nodes are exactly those after a failed one, and
// all others were visited exactly once.
func checkBlocked(t *testing.T, g *Graph, dir Direction, r *Result, fails func(string) bool, visits map[string]int) {
	t.Helper()
	for _, id := range g.IDs() {
		want := ""
		for _, before := range closure(g, id, dir) {
			if before != id && fails(before) && errors.Is(r.Err(before), errBoom) && (want == "" || before < want) {
				want = before
			}
		}
		var blocked *BlockedError
		if errors.As(r.Err(id), &blocked) != (want != "") {
			t.Fatalf("%s: %v, want blocked by %q", id, r.Err(id), want)
		}
		if blocked != nil && blocked.By != want {
			t.Fatalf("%s blocked by %s, want %s", id, blocked.By, want)
		}
		if (visits[id] == 0) != (blocked != nil) || visits[id] > 1 {
			t.Fatalf("%s visited %d times, error %v", id, visits[id], r.Err(id))
		}
		if blocked == nil && r.OK(id) == fails(id) {
			t.Fatalf("%s: %v", id, r.Err(id))
		}
	}
}

// closure is id and everything that has to be done before it in direction dir.
func closure(g *Graph, id string, dir Direction) []string {
	in := g.members([]string{id})
	var stack []int
	for n, chosen := range in {
		if chosen {
			stack = append(stack, n)
		}
	}
	before := g.before(dir)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, to := range before[n] {
			if !in[to] {
				in[to] = true
				stack = append(stack, to)
			}
		}
	}
	var out []string
	for _, n := range g.order(dir) {
		if in[n] {
			out = append(out, g.ids[n])
		}
	}
	return out
}
