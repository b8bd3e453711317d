package ctrcmd

import (
	"context"
	"fmt"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/cmd/podctl/internal/specflags"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// killer sends signals to containers.
type killer interface {
	KillContainer(ctx context.Context, id string, sig unix.Signal) error
}

// attachment is what a command that stays with a container takes from its user:
// streams, terminal, signals.
type attachment struct {
	terminal *userTerminal
	proxy    *signalProxy
	options  engine.AttachOptions
}

// attachRequest says what the user asked for.
type attachRequest struct {
	streams specflags.Streams
	// terminal: the process has a terminal.
	terminal   bool
	sigProxy   bool
	detachKeys *string
}

// newAttachment prepares an attachment; nothing of the user's is touched before
// the container is about to start. The caller ends it.
func newAttachment(ctx context.Context, f *cmdutil.Factory, eng killer, want attachRequest) *attachment {
	a := &attachment{}
	if want.terminal {
		a.terminal = newUserTerminal(f.IO, want.streams.In)
	}
	a.proxy = &signalProxy{stop: f.StopSignals, kill: eng.KillContainer, terminal: a.terminal, proxy: want.sigProxy}
	a.options = engine.AttachOptions{
		DetachKeys: want.detachKeys,
		Resize:     a.terminal.resizes(),
		Starting: func(string) {
			a.proxy.takeOver()
			if err := a.terminal.takeOver(); err != nil {
				logrus.Warnf("The terminal stays as it is: %v", err)
			}
		},
		Started: func(id string) {
			if !want.streams.Out && !want.streams.Err {
				fmt.Fprintln(f.IO.Out, id) // or nothing would be heard of it
			}
			a.proxy.forward(ctx, id)
		},
	}
	a.connect(f.IO, want.streams)
	return a
}

func (a *attachment) connect(ios *iostreams.IOStreams, streams specflags.Streams) {
	if streams.In {
		a.options.Stdin = ios.In
	}
	if streams.Out {
		a.options.Stdout = ios.ContainerOut
	}
	if streams.Err {
		a.options.Stderr = ios.ErrOut
	}
}

// end gives terminal and signals back.
func (a *attachment) end() {
	a.terminal.restore()
	a.proxy.release()
}
