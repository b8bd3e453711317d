// Command podctl runs pods and containers on Linux without a daemon.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/containers/storage/pkg/reexec"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

func main() {
	// The storage library runs this binary again under other names, to act
	// inside a chroot or user namespace. Such a run ends here.
	if reexec.Init() {
		return
	}
	os.Exit(realMain(os.Args, iostreams.System()))
}

// realMain runs one command line and returns the exit code. The first SIGINT
// or SIGTERM cancels the command's context; the second one kills.
func realMain(argv []string, io *iostreams.IOStreams) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	f := cmdutil.NewFactory(argv, io)
	f.StopSignals = func() { signal.Reset(syscall.SIGINT, syscall.SIGTERM) }
	return cmdutil.Report(io, execute(ctx, f, argv[1:]))
}
