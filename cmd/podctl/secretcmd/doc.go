// Package secretcmd holds the commands of "podctl secret". They turn flags into
// options of the engine and print its answers; secrets themselves are printed
// only by inspect, and only when asked for.
package secretcmd
