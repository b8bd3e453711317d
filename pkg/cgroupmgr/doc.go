// Package cgroupmgr makes, limits and removes the cgroups of pods, containers
// and conmon behind one small interface, [Manager], with two implementations:
// "cgroupfs" writes the tree itself, "systemd" asks systemd for slices and
// scopes.
//
// It knows the three layouts of the cgroup tree ([Detect]): v1, hybrid (v1
// with a v2 hierarchy at unified) and v2. A cgroup exists in every hierarchy
// of its layout, as the OCI runtimes place containers in all of them, and it
// is removed from all of them.
//
// The package does not freeze, does not set up device rules and starts or kills
// no process of its own will: containers are stopped by whoever asks for a pod's
// removal, and a cgroup with processes of a container in it is not removed but
// reported ([BusyError]).
//
// Invariants:
//
//   - Everything is idempotent: making what exists, removing what is gone.
//   - A limit that cannot be set is an error that names the controller and the
//     path; the cgroup made for it is taken away again.
//   - The default parent of cgroupfs, and the conmon cgroup in it, are removed
//     with the last thing in them, so they may vanish at any instant; making a
//     cgroup below them tries again when they do.
//
// The package takes no lock. Calls about different pods and containers may
// overlap, in one process or many; calls that create and remove the same pod's
// cgroup must be ordered by the caller.
package cgroupmgr
