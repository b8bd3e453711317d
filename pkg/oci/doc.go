// Package oci runs the two programs that hold a container: conmon, which
// watches it, keeps its logs and writes down how it ended, and the OCI runtime
// (crun or runc), which makes it.
//
// The package knows no database, no pod and no configuration file. It does not
// write bundles, mount root file systems or make networks: the engine hands in
// a finished bundle. It never decides whether an operation is legal; it does
// what it is told and reports what the programs said.
//
// # What is on disk
//
//	<ExitDir>/<id>           exit file: the exit code in decimal, written by conmon by rename;
//	                         its modification time is when the container ended
//	<PersistDir>/<id>/oom    present if the kernel killed a process of the container for memory
//	<PersistDir>/<id>/relief who relieves the exit command of its work, see package relief
//	<bundle>/attach, ctl     conmon's attach socket and its control fifo (terminal size)
//	<bundle>/oci-log         what the OCI runtime logged while creating, JSON lines
//	<RuntimeRoot>/<id>       the OCI runtime's own state
//
// # Invariants
//
//   - conmon outlives podctl. It gets its own session and process group, only
//     the descriptors named in the call, and /dev/null for its own streams, so
//     that a script reading podctl's output sees its end when podctl ends.
//   - conmon is let go only after [CreateOptions.CgroupOfConmon] returned, so
//     that no process of the container is born outside its cgroup.
//   - Everything that removes is idempotent: removing what is not there is
//     success. Everything that creates is not.
//   - A cancelled context ends the program being run, not the container.
//
// Methods of [Runtime] may be used concurrently on different containers. Two
// calls that change the same container must be kept apart by the caller's
// container lock; reading (State, ExitStatus, WaitExit) needs none.
package oci
