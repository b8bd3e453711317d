// Package kube translates between the YAML of Kubernetes and what podctl makes
// pods from.
//
// [Read] reads objects. A [Play] turns one that has pods into the configurations
// of a pod, its infra container and its members, which the engine completes like
// those of a command line; [Describe] goes the other way. What both have in common
// is a round trip: a pod that was described and played again is the same pod.
//
// The package does no I/O. What a description refers to beyond itself (secrets,
// the files of a volume, directories of the host, images) it asks of [Sources], or
// names for the caller to provide.
//
// The types are those of the Kubernetes API, with its names, as far as podctl gives
// them a meaning; fields that are not there are left out, as Kubernetes itself
// leaves out what a node does not know. The library that has all of them brings
// schemas along that every process would initialize, and writes out objects that are
// empty.
package kube
