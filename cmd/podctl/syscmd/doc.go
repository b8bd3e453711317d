// Package syscmd holds the commands about podctl itself: version, info,
// system, events. Each file is one command, from its options to its output.
package syscmd
