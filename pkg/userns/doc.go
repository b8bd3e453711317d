// Package userns makes user namespaces, and network namespaces that belong to
// them, before a container is created in the OCI runtime: so its network can be
// set up first, as with any other container, and yet be the container's own, with
// ports below 1024, ping and interfaces.
//
// A namespace made here lives as long as the process that holds it, which ends
// with [Held.Release] or with podctl, however that ends. It is long enough: the
// container's process is in it by then. Nothing is left in the file system.
//
// The package also looks up the ranges of /etc/subuid and /etc/subgid. Which
// ranges a container has is for package container and the engine to say.
package userns
