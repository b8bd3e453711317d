// Package bundle makes the directory the OCI runtime is given to make a container
// from: config.json, and the files the container finds in place of its image's.
//
// [Write] does all the looking up that [container.Spec] must not do: the user in
// the root file system, device numbers, the seccomp profile, what podctl itself
// may pass on. It makes no network, mounts no root file system, starts nothing,
// and knows no pod: what members of a pod share comes in as paths.
//
// # What is on disk
//
//	<dir>/config.json                  the OCI runtime spec
//	<dir>/hosts, resolv.conf, hostname files bound into the container
//	<dir>/containerenv                 bound at /run/.containerenv
//	<dir>/passwd, group                only if the image's lack the user and cannot be written
//	<dir>/shm                          the tmpfs of /dev/shm, if others may join it
//	<dir>/overlays/<n>                 writable layers over bind mounts and images
//	<dir>/idmaps/<n>                   bind mounts with the owners shifted
//	<dir>/secret-files/<n>             files of secrets, with the owner and mode asked for
//	<keep>/secrets/<name>              secrets as they were when first used
//
// # Invariants
//
//   - Everything may be repeated. A Write after a killed Write makes the same
//     bundle; Remove of what is not there is success.
//   - The bundle can always be made again, so nothing in it is synced to disk.
//   - Paths inside the root file system are never followed out of it: an image
//     may have any symbolic link anywhere.
//   - Remove deletes nothing while something below is still mounted.
//
// Calls that concern the same directory are kept apart by the caller's container
// lock.
package bundle
