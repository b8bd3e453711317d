// Package depgraph orders things that depend on each other and walks them in
// parallel.
//
// It knows nothing but string ids: what they name, and what visiting one
// means, is the caller's. It does no I/O, imports nothing of the project, and
// keeps no state between calls.
//
// # Invariants
//
//   - A [Graph] has no cycle and no edge to a node it does not have: [Build]
//     refuses both and says which nodes are to blame.
//   - A Graph never changes after it was built and is safe for concurrent use.
//   - Every result is a function of the set of nodes and edges: the order in
//     which the caller listed them does not show.
//   - Building sorts the ids once; everything after that takes time linear in
//     nodes plus edges.
//
// # Directions
//
// A graph is read in one of two directions. [Outwards] begins with what depends
// on nothing, which is how things are started. [Inwards] begins with what
// nothing depends on, which is how they are stopped and removed. In either
// direction the nodes that have to be done before a node are its predecessors.
package depgraph
