package ctrcmd

import (
	"fmt"
	"os"
	"os/signal"
	"sync"

	"github.com/containers/common/pkg/resize"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

// userTerminal is the terminal of the user of an attached container that has a
// terminal of its own: raw while attached, so that keys go to the container
// uninterpreted, and followed in its size.
type userTerminal struct {
	file *os.File
	// raw: keys go to the container. Without, only the size is followed.
	raw   bool
	sizes chan resize.TerminalSize

	restoreOnce sync.Once
	state       *term.State
	signals     chan os.Signal
}

// newUserTerminal returns the terminal behind standard input, nil if there is
// none. Nothing is changed yet.
func newUserTerminal(ios *iostreams.IOStreams, raw bool) *userTerminal {
	file, ok := iostreams.File(ios.In)
	if !ok || !ios.InIsTerminal() {
		return nil
	}
	return &userTerminal{file: file, raw: raw, sizes: make(chan resize.TerminalSize, 1), signals: make(chan os.Signal, 8)}
}

// resizes is the channel of sizes, nil without a terminal.
func (t *userTerminal) resizes() <-chan resize.TerminalSize {
	if t == nil {
		return nil
	}
	return t.sizes
}

// takeOver makes the terminal raw and sends its size, now and whenever it
// changes. restore undoes it.
func (t *userTerminal) takeOver() error {
	if t == nil {
		return nil
	}
	if t.raw {
		state, err := term.MakeRaw(int(t.file.Fd()))
		if err != nil {
			return fmt.Errorf("make terminal raw: %w", err)
		}
		t.state = state
	}
	signal.Notify(t.signals, unix.SIGWINCH)
	t.sendSize()
	go func() {
		for range t.signals {
			t.sendSize()
		}
	}()
	return nil
}

// sendSize offers the present size; one that was not taken is outdated.
func (t *userTerminal) sendSize() {
	width, height, err := term.GetSize(int(t.file.Fd()))
	if err != nil {
		return
	}
	select {
	case <-t.sizes:
	default:
	}
	select {
	case t.sizes <- resize.TerminalSize{Width: uint16(width), Height: uint16(height)}:
	default:
	}
}

// restore gives the terminal back as it was. Safe to call again, from any
// goroutine, and when it was never taken.
func (t *userTerminal) restore() {
	if t == nil {
		return
	}
	t.restoreOnce.Do(func() {
		signal.Stop(t.signals)
		if t.state != nil {
			_ = term.Restore(int(t.file.Fd()), t.state)
		}
	})
}
