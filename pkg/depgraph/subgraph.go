package depgraph

// Subgraph returns the graph of ids and the edges between them. Ids that are
// not in the graph are left out. Two nodes that are related only through one
// that is left out are unrelated in the result.
func (g *Graph) Subgraph(ids []string) *Graph {
	in := g.members(ids)
	var kept []string
	number := make([]int, len(g.ids))
	for n, chosen := range in {
		if chosen {
			number[n] = len(kept)
			kept = append(kept, g.ids[n])
		}
	}
	sub := newGraph(kept)
	for n, chosen := range in {
		if !chosen {
			continue
		}
		for _, to := range g.needs[n] {
			if in[to] {
				sub.needs[number[n]] = append(sub.needs[number[n]], number[to])
			}
		}
	}
	sub.linkUsers()
	return sub
}

// WithoutEdges returns the graph of the same nodes where none depends on
// another.
func (g *Graph) WithoutEdges() *Graph { return newGraph(g.IDs()) }

// members marks the nodes that ids names.
func (g *Graph) members(ids []string) []bool {
	in := make([]bool, len(g.ids))
	for _, id := range ids {
		if n, ok := g.index[id]; ok {
			in[n] = true
		}
	}
	return in
}
