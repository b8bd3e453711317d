// Package volumecmd holds the commands of the group "podctl volume", one file
// each. It turns flags into the engine's options and results into text; what a
// volume is, and who uses it, is known below.
package volumecmd
