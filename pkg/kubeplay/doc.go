// Package kubeplay plays on an engine what Kubernetes YAML describes, and takes it
// down again.
//
// What the YAML means is package kube's affair, and what a pod is the engine's. Here
// is what lies between: [Play] makes what descriptions refer to (secrets, volumes,
// paths of the host, images, the network of pods), then pod after pod; [Wait] waits
// until they have ended; [Down] removes them. The package reads no description and
// prints nothing.
//
// A pod that cannot be made as a whole is removed again; what was made before it
// stays, and is returned with the error. Of what there is already, volumes and paths
// are used as they are, except that volumes for ConfigMaps and secrets are filled
// anew, and secrets are replaced.
//
// It takes no locks and writes no state: the engine's calls, each complete in itself,
// do. A play that is cut off between them leaves what it made, and [Down] removes it.
package kubeplay
