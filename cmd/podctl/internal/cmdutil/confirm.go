package cmdutil

import (
	"bufio"
	"fmt"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

// Confirm prints warning, a line of its own, asks whether to go on, and
// reads one line. Only an answer that starts with y or Y is a yes. Input that
// ends before the line does is the error io.EOF.
func Confirm(io *iostreams.IOStreams, warning string) (bool, error) {
	fmt.Fprintf(io.Out, "%s\nAre you sure you want to continue? [y/N] ", warning)
	answer, err := bufio.NewReader(io.In).ReadString('\n')
	if err != nil {
		return false, err
	}
	return answer[0] == 'y' || answer[0] == 'Y', nil
}
