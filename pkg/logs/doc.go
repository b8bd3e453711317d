// Package logs reads the log files conmon writes with the driver k8s-file: one
// output line a line, with its time, its stream and whether more of it follows.
//
//	2006-01-02T15:04:05.999999999+01:00 stdout F text
//
// It knows neither containers nor the database: a [Reader] is given a path and
// told when to stop waiting for more. It writes nothing and takes no lock; conmon
// appends, and replaces the file by a new one when it has grown to its limit. What
// was in the old one is gone then, except for who has it open: a Reader reads it
// to its end before it goes on with the new one.
//
// A Reader is for one goroutine.
package logs
