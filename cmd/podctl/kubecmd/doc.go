// Package kubecmd has the commands about Kubernetes YAML: play, down and generate.
//
// What the YAML means is package kube's affair, and package kubeplay makes and removes
// what it describes; here files are read, and what became of them is printed.
package kubecmd
