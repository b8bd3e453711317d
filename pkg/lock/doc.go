// Package lock makes one process at a time work on an object.
//
// A lock is a file named after the object, in a directory under the run root,
// locked with an open-file-description lock (F_OFD_SETLK, fcntl(2)). It
// excludes other processes and other goroutines of the same process alike, it
// dies with its holder however that dies, and there is neither a limit to how
// many there are nor a table of them to repair.
//
// What the package does not do: it orders no locks, notices no deadlock (taking
// a lock twice waits for oneself), and is no place for decisions, which belong
// into database transactions.
//
// # Invariants
//
//   - Whoever holds a lock holds it on the file that the name leads to: after
//     locking, a file that was unlinked meanwhile is given up and the name
//     opened again. Only the holder unlinks a file, so this cannot change while
//     the lock is held, unless an outsider empties the directory.
//   - The file's content tells others who holds it. It is for reports only: no
//     exclusion rests on it, and it counts only while the kernel says that the
//     lock is taken and the process it names is alive.
//   - Who waits marks its own descriptor, and so is seen ([Dir.Waiters]) as long
//     as it lives and no longer. Reports take no lock.
//   - Files are opened close-on-exec; a program the holder starts holds nothing.
//
// A [Dir] is safe for concurrent use. A [Lock] belongs to who took it.
package lock
