package ctrcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/specflags"
	"github.com/podctl/podctl/pkg/container"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// attachedStarter is what start --attach needs besides.
type attachedStarter interface {
	killer
	// ContainerStreams says what there is to attach to.
	ContainerStreams(ctx context.Context, id string) (container.Process, error)
	// StartAttached starts a container and stays with it until it has ended.
	StartAttached(ctx context.Context, id string, opts engine.AttachOptions) (int, error)
}

// startAttachFlags are the flags of start about staying with the container.
type startAttachFlags struct {
	// Attach stays with the one container there is.
	Attach bool
	// Interactive connects standard input too.
	Interactive bool
	// SigProxy and DetachKeys are nil when not given.
	SigProxy   *bool
	DetachKeys *string

	factory    *cmdutil.Factory
	sigProxy   bool
	detachKeys string
}

func (o *startAttachFlags) bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVarP(&o.Attach, "attach", "a", false, "Stay with the container and show what it writes")
	fs.BoolVarP(&o.Interactive, "interactive", "i", false, "Connect standard input too")
	fs.StringVar(&o.detachKeys, "detach-keys", "ctrl-p,ctrl-q", "`Keys` that detach; empty for none")
	fs.BoolVar(&o.sigProxy, "sig-proxy", false, "Forward signals to the container (default true with --attach)")
}

// read tells flags that were given from those that were not.
func (o *startAttachFlags) read(cmd *cobra.Command) {
	if cmd.Flags().Changed("sig-proxy") {
		o.SigProxy = &o.sigProxy
	}
	if cmd.Flags().Changed("detach-keys") {
		o.DetachKeys = &o.detachKeys
	}
	o.Attach = o.Attach || o.Interactive
}

// startAttachedRun starts the one container and stays with it.
func startAttachedRun(ctx context.Context, opts *startOptions, eng attachedStarter, targets []engine.Target) error {
	if len(targets) != 1 {
		return errors.New("you cannot start and attach multiple containers at once")
	}
	id := targets[0].ID
	process, err := eng.ContainerStreams(ctx, id)
	if err != nil {
		return err
	}
	a := newAttachment(ctx, opts.factory, eng, attachRequest{
		streams:  specflags.Streams{In: opts.Interactive && process.Stdin, Out: true, Err: true},
		terminal: process.Terminal, sigProxy: opts.SigProxy == nil || *opts.SigProxy, detachKeys: opts.DetachKeys,
	})
	defer a.end()
	code, err := eng.StartAttached(ctx, id, a.options)
	if err != nil {
		var failed *engine.StartError
		if errors.As(err, &failed) {
			err = &engine.StartError{ID: id, Err: fmt.Errorf("unable to start container %q: %w", id, failed.Err)}
		}
		return runError(err)
	}
	return cmdutil.Exit(code)
}
