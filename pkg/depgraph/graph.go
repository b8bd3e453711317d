package depgraph

import (
	"errors"
	"slices"
)

// Node is one thing and the ids of the things it depends on. Naming a
// dependency twice is the same as naming it once.
type Node struct {
	ID        string
	DependsOn []string
}

// Edge says that From depends on To.
type Edge struct {
	From, To string
}

// Direction says from which end a graph is read.
type Direction int

const (
	// Outwards goes from what depends on nothing to what nothing depends on:
	// the order of starting.
	Outwards Direction = iota
	// Inwards goes from what nothing depends on to what depends on nothing:
	// the order of stopping and removing.
	Inwards
)

// Graph is an immutable dependency graph without cycles. Nodes are numbered in
// the order of their ids; adjacency lists hold those numbers, ascending.
type Graph struct {
	ids   []string
	index map[string]int
	needs [][]int // node -> what it depends on
	users [][]int // node -> what depends on it
}

// Build makes a graph of nodes. Nodes listed twice are one node with the
// dependencies of both.
//
// It fails with a [*MissingError] that lists every dependency on a node that
// is not there, with a [*CycleError] for each group of nodes that depend on
// each other (a node that depends on itself is one), or with all of these
// joined. The graph is nil then; [BuildWithoutEdges] still makes one.
func Build(nodes []Node) (*Graph, error) {
	g := BuildWithoutEdges(nodes)
	missing := g.connect(nodes)

	var errs []error
	if len(missing) > 0 {
		errs = append(errs, &MissingError{Missing: missing})
	}
	for _, members := range g.cycles() {
		errs = append(errs, &CycleError{Members: members})
	}
	switch len(errs) {
	case 0:
		return g, nil
	case 1:
		return nil, errs[0]
	}
	return nil, errors.Join(errs...)
}

// BuildWithoutEdges makes a graph of nodes that ignores what they depend on.
// It cannot fail, so it serves to take apart what [Build] refuses.
func BuildWithoutEdges(nodes []Node) *Graph {
	ids := make([]string, 0, len(nodes))
	for _, n := range nodes {
		ids = append(ids, n.ID)
	}
	slices.Sort(ids)
	return newGraph(slices.Compact(ids))
}

// newGraph returns a graph without edges. ids is sorted, without duplicates,
// and belongs to the graph afterwards.
func newGraph(ids []string) *Graph {
	g := &Graph{
		ids:   ids,
		index: make(map[string]int, len(ids)),
		needs: make([][]int, len(ids)),
		users: make([][]int, len(ids)),
	}
	for i, id := range ids {
		g.index[id] = i
	}
	return g
}

// connect adds the edges of nodes and returns those that lead nowhere, sorted.
func (g *Graph) connect(nodes []Node) []Edge {
	var missing []Edge
	for _, n := range nodes {
		from := g.index[n.ID]
		for _, dep := range n.DependsOn {
			to, ok := g.index[dep]
			if !ok {
				missing = append(missing, Edge{From: n.ID, To: dep})
				continue
			}
			g.needs[from] = append(g.needs[from], to)
		}
	}
	for from := range g.needs {
		slices.Sort(g.needs[from])
		g.needs[from] = slices.Compact(g.needs[from])
	}
	g.linkUsers()
	slices.SortFunc(missing, compareEdges)
	return slices.Compact(missing)
}

// linkUsers fills users from needs. Going through the nodes in order leaves
// every list ascending without sorting it.
func (g *Graph) linkUsers() {
	for from, needs := range g.needs {
		for _, to := range needs {
			g.users[to] = append(g.users[to], from)
		}
	}
}

// before returns, for each node, the nodes that come directly before it.
func (g *Graph) before(dir Direction) [][]int {
	if dir == Inwards {
		return g.users
	}
	return g.needs
}

// after returns, for each node, the nodes that come directly after it.
func (g *Graph) after(dir Direction) [][]int {
	if dir == Inwards {
		return g.needs
	}
	return g.users
}

// names turns node numbers into ids.
func (g *Graph) names(nodes []int) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = g.ids[n]
	}
	return out
}
