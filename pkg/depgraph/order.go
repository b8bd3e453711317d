package depgraph

import "slices"

// Len is the number of nodes.
func (g *Graph) Len() int { return len(g.ids) }

// Has says whether id is a node of the graph.
func (g *Graph) Has(id string) bool {
	_, ok := g.index[id]
	return ok
}

// IDs returns all nodes, sorted by id.
func (g *Graph) IDs() []string { return slices.Clone(g.ids) }

// DependsOn returns what id depends on directly, sorted; nil for an id that is
// not in the graph.
func (g *Graph) DependsOn(id string) []string { return g.neighbours(g.needs, id) }

// Dependents returns what depends on id directly, sorted; nil for an id that
// is not in the graph.
func (g *Graph) Dependents(id string) []string { return g.neighbours(g.users, id) }

func (g *Graph) neighbours(lists [][]int, id string) []string {
	n, ok := g.index[id]
	if !ok || len(lists[n]) == 0 {
		return nil
	}
	return g.names(lists[n])
}

// Waves groups the nodes so that each wave needs only the waves before it, and
// every node is in the earliest wave possible. A wave is sorted by id.
func (g *Graph) Waves(dir Direction) [][]string {
	waves := g.waves(dir)
	out := make([][]string, len(waves))
	for i, wave := range waves {
		out[i] = g.names(wave)
	}
	return out
}

// Order returns all nodes so that each comes after its predecessors: the waves
// one after the other.
func (g *Graph) Order(dir Direction) []string { return g.names(g.order(dir)) }

func (g *Graph) order(dir Direction) []int {
	return slices.Concat(g.waves(dir)...)
}

func (g *Graph) waves(dir Direction) [][]int {
	after := g.after(dir)
	level := make([]int, len(g.ids))
	pending, queue := g.pending(dir)
	depth := 0
	for at := 0; at < len(queue); at++ {
		n := queue[at]
		depth = max(depth, level[n]+1)
		for _, to := range after[n] {
			level[to] = max(level[to], level[n]+1)
			if pending[to]--; pending[to] == 0 {
				queue = append(queue, to)
			}
		}
	}
	// Filling the waves in the order of node numbers sorts each by id.
	waves := make([][]int, depth)
	for n, l := range level {
		waves[l] = append(waves[l], n)
	}
	return waves
}

// pending returns how many predecessors each node waits for, and the nodes
// that wait for none, ascending.
func (g *Graph) pending(dir Direction) (count, ready []int) {
	count = make([]int, len(g.ids))
	ready = make([]int, 0, len(g.ids))
	for n, before := range g.before(dir) {
		count[n] = len(before)
		if count[n] == 0 {
			ready = append(ready, n)
		}
	}
	return count, ready
}
