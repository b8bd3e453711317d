package runtime

import (
	"fmt"
	"os"

	"github.com/podctl/podctl/pkg/container"
)

// lifeline is a pipe nobody writes to. Programs that serve a container's network
// read from it, and end when its writing end is closed: by us while the container
// is being created, then by its conmon. So they end with the container, and with
// us if we are killed before there is one.
type lifeline struct{ read, write *os.File }

// newLifeline makes one if the container's network needs it, else it is nil.
func (r *Runtime) newLifeline(c *container.Container) (*lifeline, error) {
	switch mode := c.Config.Namespaces.Net.Mode; {
	case mode == container.ModeSlirp:
	case mode == container.ModeBridge && r.settings.Rootless && len(c.Config.Network.Ports) > 0:
	default:
		return nil, nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	return &lifeline{read, write}, nil
}

func (l *lifeline) reader() *os.File {
	if l == nil {
		return nil
	}
	return l.read
}

// held are the files conmon keeps open.
func (l *lifeline) held() []*os.File {
	if l == nil {
		return nil
	}
	return []*os.File{l.write}
}

func (l *lifeline) close() {
	if l != nil {
		closeFiles([]*os.File{l.read, l.write})
	}
}
