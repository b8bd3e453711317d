// Package runtime is the engine: the use cases of podctl, one file each. It is
// not Go's runtime, nor the OCI runtime; importers call it engine.
//
// It is the only package that composes the others: it decides in one
// transaction ([store.Store.Update]), takes locks, and orders side effects.
//
// # Rules
//
//   - A decision that concerns more than one object is made, with all its
//     checks, in one transaction that also records it. It relies on no lock.
//   - An effect on a container is carried out under that container's lock, by
//     steps that are idempotent, and only after its intent, with its owner, is in
//     the database. Locks are taken in this order: a pod's (to remove it), a
//     container's (one at most), a pod cgroup's (for a moment).
//   - No transaction spans a side effect, and no lock is awaited in one.
//   - A transitional state counts only while its owner lives. Whoever meets one
//     without an owner finishes or undoes it first.
//   - Reads take no lock: they overlay what the database says with what the exit
//     file and the process table say, and write nothing.
//   - Nothing is opened before it is needed: the image store, the network
//     backend and the OCI runtime are fields behind functions.
package runtime
