package depgraph

import (
	"cmp"
	"fmt"
	"strings"
)

// MissingError reports dependencies on nodes that are not in the graph.
type MissingError struct {
	// Missing lists all of them, sorted by From, then To, each once.
	Missing []Edge
}

func (e *MissingError) Error() string {
	parts := make([]string, len(e.Missing))
	for i, edge := range e.Missing {
		parts[i] = fmt.Sprintf("%s depends on %s", edge.From, edge.To)
	}
	return "missing dependencies: " + strings.Join(parts, ", ")
}

// CycleError reports nodes that depend on each other in a circle.
type CycleError struct {
	// Members are the nodes along the circle: each depends on the next, the
	// last on the first. The smallest id comes first and is not repeated. A
	// node that depends on itself is a circle of one.
	Members []string
}

func (e *CycleError) Error() string {
	if len(e.Members) == 0 {
		return "dependency cycle"
	}
	return "dependency cycle: " + strings.Join(e.Members, " -> ") + " -> " + e.Members[0]
}

// BlockedError is the error of a node that a walk never started because
// something that had to come before it failed.
type BlockedError struct {
	// By is the node whose own visit failed: never one that was blocked
	// itself. Where several are to blame, it is the one with the smallest id.
	By string
}

func (e *BlockedError) Error() string {
	return "blocked by the failure of " + e.By
}

func compareEdges(a, b Edge) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
}
