// Command podctl runs pods and containers on Linux without a daemon.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/containers/storage/pkg/reexec"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/copier"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/rootless"
	engine "github.com/podctl/podctl/pkg/runtime"
)

func main() {
	// A network namespace is made on a thread that ends with its goroutine. The
	// main thread cannot end: it would stay in there, keep the namespace, and be
	// what /proc/self means. It is locked here and only waits, so that nothing
	// runs on it. Commands do not: a locked goroutine is handed from thread to
	// thread each time it waits.
	runtime.LockOSThread()
	// Most commands allocate a few megabytes and end. A collection of them, with
	// its threads, costs more than a fifth of the start; it begins at 16 MB.
	debug.SetGCPercent(gcPercent)

	// The storage library and packages of ours run this binary again under other
	// names, to act inside a chroot or user namespace, or beside the container.
	// Such a run ends here.
	copier.Register()
	network.Register()
	rootless.Register(bundle.MountWays)
	if reexec.Init() {
		return
	}
	// Directories made inside images and volumes get the modes asked for,
	// whatever the user's umask.
	syscall.Umask(0o022)
	code := make(chan int)
	go func() { code <- realMain(os.Args, iostreams.System()) }()
	os.Exit(<-code)
}

// gcPercent is what GOGC would say. The smallest heap that is collected is 4 MB
// for 100.
const gcPercent = 400

// realMain runs one command line and returns the exit code.
func realMain(argv []string, io *iostreams.IOStreams) int {
	ctx, stopSignals, cancel := cancelOnSignal(context.Background())
	defer cancel()
	f := cmdutil.NewFactory(argv, io)
	f.StopSignals = stopSignals
	f.Library = openLibrary
	f.ThisProgram()
	err := errors.Join(execute(ctx, f, argv[1:]), f.Close())
	if errors.Is(err, engine.ErrNoLibrary) {
		err = becomeWhole(argv)
	}
	var signaled cmdutil.Signaled
	if err != nil && errors.As(context.Cause(ctx), &signaled) {
		err = &cmdutil.InterruptedError{Err: err, By: signaled}
	}
	return cmdutil.Report(io, err)
}

// cancelOnSignal returns a context that ends with the first SIGINT or
// SIGTERM, which is its cause ([cmdutil.Signaled]); the second one kills, in case the first is not heeded. stop leaves
// the signals to whoever else asked for them and does not end the context,
// which is why this is not signal.NotifyContext.
func cancelOnSignal(parent context.Context) (ctx context.Context, stop, cancel func()) {
	ctx, end := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	stop = func() { signal.Stop(signals) }
	go func() {
		select {
		case sig := <-signals:
			stop()
			end(cmdutil.Signaled{Signal: sig.(syscall.Signal)})
		case <-ctx.Done():
			stop()
		}
	}()
	return ctx, stop, func() { end(nil) }
}
