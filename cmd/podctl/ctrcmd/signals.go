package ctrcmd

import (
	"context"
	"errors"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// signalProxy stands between the user's signals and an attached container.
// Before the container runs nothing is touched: the user can still interrupt.
type signalProxy struct {
	// Stop is [cmdutil.Factory.StopSignals].
	stop func()
	// kill sends a signal to the container.
	kill func(ctx context.Context, id string, sig unix.Signal) error
	// terminal is restored before a signal ends podctl.
	terminal *userTerminal
	// proxy: signals go to the container; else they act on podctl.
	proxy bool

	signals chan os.Signal
}

// sigCancel and sigSetXID are used by the C library for itself.
const (
	sigCancel   = unix.Signal(32)
	sigSetXID   = unix.Signal(33)
	lastSignal  = unix.Signal(64)
	queuedKicks = 128
)

// proxied are the signals sent on: all that can be caught, except what tells of
// our own children, pipes and threads (SIGURG is how Go preempts them), and
// SIGWINCH, which goes along as a size where there is a terminal.
func proxied(withTerminal bool) []os.Signal {
	var list []os.Signal
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		switch sig {
		case unix.SIGKILL, unix.SIGSTOP, unix.SIGCHLD, unix.SIGPIPE, unix.SIGURG, sigCancel, sigSetXID:
			continue
		case unix.SIGWINCH:
			if withTerminal {
				continue
			}
		}
		list = append(list, sig)
	}
	return list
}

// ending are the signals that would end podctl while the terminal is raw.
func ending() []os.Signal { return []os.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM} }

// takeOver collects signals from now on.
func (p *signalProxy) takeOver() {
	p.signals = make(chan os.Signal, queuedKicks)
	switch {
	case p.proxy:
		signal.Notify(p.signals, proxied(p.terminal != nil)...)
	case p.terminal != nil:
		signal.Notify(p.signals, ending()...)
	}
	p.stop()
}

// forward starts sending what was and will be collected.
func (p *signalProxy) forward(ctx context.Context, id string) {
	ctx = context.WithoutCancel(ctx)
	go func() {
		for s := range p.signals {
			sig, ok := s.(unix.Signal)
			if !ok {
				continue
			}
			if !p.proxy {
				p.applyToSelf(sig)
				continue
			}
			err := p.kill(ctx, id, sig)
			if errors.Is(err, errdefs.ErrInvalidState) || errors.Is(err, errdefs.ErrNotFound) {
				p.applyToSelf(sig)
			}
		}
	}()
}

// applyToSelf lets a signal do what it would have done without us. One that is
// ignored by default changes nothing, so the terminal stays as it is.
func (p *signalProxy) applyToSelf(sig unix.Signal) {
	switch sig {
	case unix.SIGCONT, unix.SIGWINCH:
		return
	}
	p.terminal.restore()
	signal.Reset(sig)
	_ = unix.Kill(os.Getpid(), sig)
}

// release leaves the signals alone again.
func (p *signalProxy) release() {
	if p.signals != nil {
		signal.Stop(p.signals)
	}
}
