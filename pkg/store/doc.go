// Package store keeps podctl's state in one SQLite database. It is the only
// package with SQL.
//
// # Transactions
//
// [Store.Update] runs a function inside a BEGIN IMMEDIATE transaction on the
// writer's connection, which updates that wait for each other share, each
// in a savepoint; [Store.View] runs one on a second, query_only
// handle that reads while others write. Nothing else begins, commits or rolls
// back; everything else is a method on [Tx]. A function passed to either must
// be short and must have no effect outside the database: no fork, no cgroup
// write, no lock, no waiting. It may run only once. [Tx.Now] is one instant for
// the whole transaction, in UTC.
//
// # Schema
//
// The schema (migrations/0001_initial.sql) carries the invariants, so that no
// verb can break them:
//
//   - ids: every ID ever given out; pods and containers share the space.
//   - pods, containers: names are unique a kind; a pod row cannot go before its
//     containers (foreign key, RESTRICT).
//   - container_deps: a container row cannot be deleted while another depends
//     on it (RESTRICT).
//   - container_volumes: a volume row cannot be deleted while a container uses
//     it (RESTRICT). container_networks says who is attached to what.
//   - exec_sessions, exit_codes: what `exec` and `wait` need.
//   - events: rows written in the transaction of the change they report.
//   - meta: the boot ID the rows were last reconciled with.
//
// What is queried or constrained is a column; the immutable configuration
// decided at create time is one JSON column; nothing is both. Times are
// nanoseconds since the epoch, 0 for never.
//
// # Files
//
// The database is created with mode 0600 in a directory of mode 0700, in WAL
// mode with synchronous=FULL: a committed transaction survives a power cut and
// costs one fsync. A damaged file is reported and never overwritten. Before a
// migration the file is copied to podctl.db.before-VERSION.
//
// A process that ends does not close its connections in an orderly way: that
// would cost a checkpoint, three fsyncs, for each command. SQLite recovers the
// WAL at the next open, the same as after kill -9, and checkpoints by itself
// when the WAL has grown.
package store
