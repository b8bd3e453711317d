// Package container says what a container is: its immutable [Config], its
// [State] and which operation is legal in which state, its place in the
// dependency graph, and the OCI runtime spec made from all that.
//
// The package does no I/O and knows its pod only by ID. What a container's
// image, pod and host contribute is handed in by the engine.
package container
