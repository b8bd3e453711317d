// Package version says which podctl this is.
//
// The values are set by the linker (see the Makefile) and only read here; a
// plain go build gives the defaults. The package imports nothing of podctl.
package version
