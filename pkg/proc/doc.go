// Package proc tells processes apart beyond their pid.
//
// A pid is reused, after a while and certainly after a reboot, so it means a
// process only together with the time it was started and the boot it was seen
// in. A [Process] is these three; it is what podctl writes down, and it counts
// as alive only while all of them match. Signals and waiting go through a pidfd
// opened before the match is checked, so neither can hit a process that took
// over the pid in between.
//
// The package works on any process, not on children only, and reaps none. It
// needs pidfd_open(2), which is Linux 5.3, and holds no state: everything in it
// is safe for concurrent use.
//
// Pids are those of the caller's own PID namespace.
package proc
