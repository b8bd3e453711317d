// Package iostreams carries the three standard streams of a command as one
// value, together with what is known about the terminals behind them.
//
// Commands read and write through it and never touch os.Stdin, os.Stdout or
// os.Stderr, so a test can run any command against buffers. The package
// imports nothing else of the project and formats nothing.
//
// The streams are not synchronized: a command that writes from several
// goroutines serializes its writes itself.
package iostreams
