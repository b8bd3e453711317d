package depgraph

import "slices"

// cycles returns one circle for each group of nodes that reach each other,
// sorted by the circles' first members. An empty result means that the graph
// has an order.
func (g *Graph) cycles() [][]string {
	s := &components{g: g, number: make([]int, len(g.ids)), low: make([]int, len(g.ids)), group: make([]int, len(g.ids))}
	for n := range g.ids {
		if s.number[n] == 0 {
			s.visit(n)
		}
	}
	// The first node of a group met here is its smallest.
	var found [][]string
	seen := make(map[int]bool)
	for n := range g.ids {
		if group := s.group[n]; s.circular(n) && !seen[group] {
			seen[group] = true
			found = append(found, g.names(s.circle(n)))
		}
	}
	return found
}

// components finds strongly connected components with Tarjan's algorithm. It
// recurses as deep as the longest chain of dependencies; goroutine stacks grow
// to take that.
type components struct {
	g      *Graph
	next   int
	number []int // order of discovery, from 1; 0 is not seen yet
	low    []int // smallest number known to be reachable within the group
	group  []int // component, from 1; 0 is still on the stack
	groups int
	sizes  []int // members of component i+1
	stack  []int
}

func (s *components) visit(n int) {
	s.next++
	s.number[n], s.low[n] = s.next, s.next
	s.stack = append(s.stack, n)
	for _, to := range s.g.needs[n] {
		if s.number[to] == 0 {
			s.visit(to)
			s.low[n] = min(s.low[n], s.low[to])
		} else if s.group[to] == 0 {
			s.low[n] = min(s.low[n], s.number[to])
		}
	}
	if s.low[n] == s.number[n] {
		s.close(n)
	}
}

// close takes the component rooted at n off the stack.
func (s *components) close(n int) {
	s.groups++
	at := len(s.stack) - 1
	for s.stack[at] != n {
		at--
	}
	for _, member := range s.stack[at:] {
		s.group[member] = s.groups
	}
	s.sizes = append(s.sizes, len(s.stack)-at)
	s.stack = s.stack[:at]
}

// circular says whether n lies on any circle.
func (s *components) circular(n int) bool {
	if s.sizes[s.group[n]-1] > 1 {
		return true
	}
	_, self := slices.BinarySearch(s.g.needs[n], n)
	return self
}

// circle returns a shortest circle through n: a search by breadth that stays
// within n's component, where a way back always exists.
func (s *components) circle(n int) []int {
	from := make(map[int]int)
	for queue := []int{n}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for _, to := range s.g.needs[at] {
			if to == n {
				return trail(from, n, at)
			}
			if _, seen := from[to]; !seen && s.group[to] == s.group[n] {
				from[to] = at
				queue = append(queue, to)
			}
		}
	}
	return []int{n}
}

// trail returns the way first -> ... -> last that a search recorded in from.
func trail(from map[int]int, first, last int) []int {
	way := []int{last}
	for last != first {
		last = from[last]
		way = append(way, last)
	}
	slices.Reverse(way)
	return way
}
