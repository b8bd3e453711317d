package ctrcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/specflags"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type attacher interface {
	killer
	// ResolveContainers finds all of a selection or fails.
	ResolveContainers(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
	// ContainerStreams says what there is to attach to.
	ContainerStreams(ctx context.Context, id string) (container.Process, error)
	// AttachContainer connects to a running container until it has ended.
	AttachContainer(ctx context.Context, id string, opts engine.AttachOptions) error
}

type attachOptions struct {
	Factory *cmdutil.Factory
	Engine  func(context.Context) (attacher, error)

	Container         string
	Latest            bool
	NoStdin, SigProxy bool
	DetachKeys        *string
}

// NewCmdAttach returns "podctl attach".
func NewCmdAttach(f *cmdutil.Factory, runF func(context.Context, *attachOptions) error) *cobra.Command {
	opts := &attachOptions{Factory: f, Engine: func(ctx context.Context) (attacher, error) { return f.Engine(ctx) }}
	var detachKeys string
	cmd := &cobra.Command{
		Use:   "attach [options] CONTAINER",
		Short: "Attach to a running container",
		Long: `Connect to the streams of a running container, until it ends or the detach keys
are typed.

Exit codes: 0 success, 125 error.`,
		Example: `podctl attach web
podctl attach --no-stdin --latest`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return fmt.Errorf("`%s attach` accepts at most one argument", f.Program)
			case len(args) > 0 && opts.Latest:
				return errors.New("--latest and containers cannot be used together")
			case len(args) == 0 && !opts.Latest:
				return fmt.Errorf("%q requires a name, id, or the \"--latest\" flag", f.Program+" attach")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Container = args[0]
			}
			if cmd.Flags().Changed("detach-keys") {
				opts.DetachKeys = &detachKeys
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return attachRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&detachKeys, "detach-keys", "ctrl-p,ctrl-q", "`Keys` that detach; empty for none")
	fs.BoolVarP(&opts.Latest, "latest", "l", false, "The container created last")
	fs.BoolVar(&opts.NoStdin, "no-stdin", false, "Leave standard input alone")
	fs.BoolVar(&opts.SigProxy, "sig-proxy", true, "Forward signals to the container")
	return cmd
}

func attachRun(ctx context.Context, opts *attachOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	id, err := resolveOne(ctx, eng, engine.Selection{Names: []string{opts.Container}, Latest: opts.Latest})
	if err != nil {
		return err
	}
	process, err := eng.ContainerStreams(ctx, id)
	if err != nil {
		return err
	}
	a := newAttachment(ctx, opts.Factory, eng, attachRequest{
		streams:  specflags.Streams{In: process.Stdin && !opts.NoStdin, Out: true, Err: true},
		terminal: process.Terminal, sigProxy: opts.SigProxy, detachKeys: opts.DetachKeys,
	})
	defer a.end()
	err = eng.AttachContainer(ctx, id, a.options)
	if errors.Is(err, errdefs.ErrDetached) {
		return nil
	}
	return err
}
