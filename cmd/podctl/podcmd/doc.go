// Package podcmd holds the commands of the group "podctl pod", one file each.
// It turns flags into the engine's options and results into text; what a pod
// is, and what may be done to it when, is known below.
package podcmd
