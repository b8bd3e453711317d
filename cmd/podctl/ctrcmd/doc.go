// Package ctrcmd holds the commands about containers, one file each. They
// stand at the top level and in the group "podctl container". It turns flags
// into the engine's options and results into text; what a container is, and
// what may be done to it when, is known below.
package ctrcmd
