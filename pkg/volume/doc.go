// Package volume is the local volume driver: what a volume is, which options it
// takes, and what it means on disk. A volume is a directory,
// <volume path>/<name>/_data, which may have a file system of its own mounted
// on it (type, device and o options).
//
// It keeps no list: rows, names already taken and who uses a volume are the
// engine's and its store's. Every function that touches the host is idempotent,
// so that an interrupted create, mount, copy or remove is finished by running it
// again. Nothing here takes a lock: the engine calls with the volume claimed.
package volume
