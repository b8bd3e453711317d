// Package kubecmd has the commands about Kubernetes YAML: play, down and generate.
//
// What the YAML means is package kube's affair; here it is read, what it refers to
// is provided, and the engine is called, pod after pod. A pod that cannot be made as
// a whole is removed again; what was made before it stays, and is printed.
package kubecmd
