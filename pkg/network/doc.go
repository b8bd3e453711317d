// Package network attaches containers to networks: a thin, named door to the
// netavark backend of libnetwork, plus the files a container resolves names
// with (hosts, resolv.conf) and the host ports it publishes.
//
// Networks, address leases and the global lock are the ones podman and buildah
// use, so all of them see the same networks and never give one address twice.
// Neither the image store nor podctl's database is opened here; whether a
// network is in use is the engine's knowledge.
//
// What the door adds to libnetwork:
//   - A network namespace at a path the caller chooses, so that it can be found
//     again from the container ID alone ([CreateNS], [RemoveNS]).
//   - [Backend.Setup] and [Backend.Teardown] that may be cut short anywhere and
//     run again: a lease is the mark of work begun. It is written before netavark
//     runs and goes only when netavark has undone everything.
//   - netavark's and its children's stderr goes to the debug log; what failed is
//     in the returned error.
//
// Invariants: a container ID has leases only between the start of a Setup and
// the end of a successful Teardown. RemoveNS and Teardown of what is not there
// succeed.
//
// Concurrency: a [Backend] may be used by many goroutines and processes;
// libnetwork's file lock runs one setup or teardown at a time on a host. Two
// calls for the same container ID must be kept apart by the caller.
package network
