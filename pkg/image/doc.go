// Package image is the door to images and container layers: a thin cover over
// github.com/containers/common/libimage and github.com/containers/storage,
// the libraries podman, buildah and cri-o use. Images live in the store those
// tools share, so what one of them pulled, the others have.
//
// What it is for: finding, pulling, loading, saving, listing and removing
// images ([Store.Lookup], [Store.Ensure], ...), and making, mounting and
// deleting the writable layer of a container ([Store.CreateContainer], ...).
//
// What it does not do: it knows no database and no pods. What it must know of
// podctl's containers it asks through [Hooks]. It prints nothing; progress goes
// to the writer a caller hands in.
//
// Invariants:
//   - [Open] is the only call that opens containers/storage.
//   - A container is made under its own ID, without a name, and its layer
//     bears the same ID. Names are podctl's own business, and a layer that a
//     killed command left without a container is found again by its ID.
//   - CreateContainer, Mount, Unmount and DeleteContainer are idempotent.
//
// Locks: containers/storage locks its files itself, per call, across processes.
// Methods may be called concurrently; calls about one container ID are expected
// to come from the holder of that container's lock.
//
// Unpacking a layer runs the program again as a helper: main (and TestMain) must
// start with reexec.Init of containers/storage and return if it reports true.
package image
