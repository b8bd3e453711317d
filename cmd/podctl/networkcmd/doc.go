// Package networkcmd holds the commands of the group "podctl network", one file
// each. It turns flags into the engine's options and results into text; it
// touches no network itself.
package networkcmd
