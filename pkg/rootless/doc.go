// Package rootless puts podctl into its user's own namespaces.
//
// An ordinary user may mount, own files of many IDs and make network namespaces
// only inside a user namespace, and the mounts of one command must be there for
// the next. So each user has one user namespace, in which the user is root and
// the ranges of /etc/subuid and /etc/subgid are the other IDs, and one mount
// namespace in it. A pause process (catatonit -P) keeps both while nothing runs.
// [Enter] makes them at first use and replaces the program by itself inside: the
// process, its streams, its terminal and its parent stay what they were.
//
// State: pause.json in the directory the caller gives names the pause process.
// It is a handle, no truth: lost, or with the process gone, a monitor of a
// container that still runs leads to the namespaces (so that what runs stays
// within reach), and else new ones are made.
//
// Locks: pause.lock in the same directory is held while the namespaces are
// looked for and made, never while anything else is done. The pause process
// stays only once it has been written down: killed at any instant, Enter leaves
// no process behind.
package rootless
