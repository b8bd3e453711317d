package logs

import (
	"bytes"
	"fmt"
	"io"
	"slices"
)

const block = 64 * 1024

// tailOffset is where the last n lines of output begin in a log file. It reads
// from the end, and no more than it needs.
func tailOffset(file io.ReaderAt, size int64, n int) (int64, error) {
	if n <= 0 {
		return size, nil
	}
	var (
		begin   []byte // of a line whose end was read
		ended   int
		at      = size
		partial = true // at the end of the file, a line that goes on counts too
	)
	for at > 0 {
		length := min(int64(block), at)
		at -= length
		buf := make([]byte, length, int(length)+len(begin))
		if _, err := file.ReadAt(buf, at); err != nil {
			return 0, fmt.Errorf("read log: %w", err)
		}
		buf = append(buf, begin...)
		end := len(buf)
		for {
			// The newline before the last one, or before the end of the file.
			search := bytes.TrimSuffix(buf[:end], []byte("\n"))
			nl := bytes.LastIndexByte(search, '\n')
			if nl < 0 {
				break
			}
			if line := buf[nl+1 : end]; endsLine(string(line)) || partial && len(line) > 0 {
				if ended++; ended > n {
					return at + int64(end), nil
				}
			}
			partial = false
			end = nl + 1
		}
		begin = slices.Clone(buf[:end])
	}
	if len(begin) > 0 && endsLine(string(begin)) && ended == n {
		return int64(len(begin)), nil
	}
	return 0, nil
}
