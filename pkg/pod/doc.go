// Package pod says what a pod is: its immutable [Config], the namespaces its
// containers share, and the rule that derives its status from theirs. A pod's
// status is never stored. The package does no I/O.
package pod
