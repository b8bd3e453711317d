package logs

import (
	"strings"
	"time"
)

// Stream is which of its outputs a process wrote to.
type Stream string

// The streams.
const (
	Stdout Stream = "stdout"
	Stderr Stream = "stderr"
)

// Line is one line of output.
type Line struct {
	Time   time.Time
	Stream Stream
	// Text is the line without its newline.
	Text string
	// Partial: the process wrote no newline yet.
	Partial bool
}

// parseLine takes a line of a log file apart. What is not of its format, as after
// a disk that was full, is not ok.
func parseLine(text string) (line Line, ok bool) {
	stamp, rest, ok1 := strings.Cut(text, " ")
	stream, rest, ok2 := strings.Cut(rest, " ")
	tag, msg, ok3 := strings.Cut(rest, " ")
	if !ok1 || !ok2 || !ok3 && tag == "" {
		return Line{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil || Stream(stream) != Stdout && Stream(stream) != Stderr {
		return Line{}, false
	}
	switch tag {
	case "F", "P":
		return Line{Time: at, Stream: Stream(stream), Text: msg, Partial: tag == "P"}, true
	}
	return Line{}, false
}

// endsLine reports whether a line of a log file is the last part of its line of
// output. It looks at the three fields only, as it is asked of every line from a
// file's end.
func endsLine(text string) bool {
	for range 2 {
		_, rest, ok := strings.Cut(text, " ")
		if !ok {
			return false
		}
		text = rest
	}
	return strings.HasPrefix(text, "F")
}
