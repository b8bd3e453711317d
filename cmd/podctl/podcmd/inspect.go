package podcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type inspector interface {
	// InspectPod finds a pod by name, ID or unique ID prefix. ErrNoSuchPod,
	// ErrAmbiguousID.
	InspectPod(ctx context.Context, nameOrID string) (*engine.PodInspect, error)
	// InspectLatestPod finds the pod created last. ErrNoSuchPod.
	InspectLatestPod(ctx context.Context) (*engine.PodInspect, error)
}

type inspectOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (inspector, error)

	Names  []string
	Latest bool
	Format string
}

// NewCmdInspect returns "podctl pod inspect".
func NewCmdInspect(f *cmdutil.Factory, runF func(context.Context, *inspectOptions) error) *cobra.Command {
	opts := &inspectOptions{IO: f.IO, Engine: func(ctx context.Context) (inspector, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "inspect [options] POD [POD...]",
		Short: "Show everything known of pods",
		Long: `Show everything known of pods, as a JSON array or with a template for each pod.

Exit codes: 0 all pods were found, 125 error.`,
		Example: `podctl pod inspect web
podctl pod inspect --format '{{.State}} {{.NumContainers}}' web`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Names = args
			if len(args) == 0 && !opts.Latest {
				return errors.New("no names or ids specified")
			}
			if len(args) > 0 && opts.Latest {
				return errors.New("--latest and arguments cannot be used together")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return inspectRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&opts.Format, "format", "f", "json", "Print as json or with a Go `template`")
	fs.BoolVarP(&opts.Latest, "latest", "l", false, "The pod created last")
	return cmd
}

func inspectRun(ctx context.Context, opts *inspectOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	found, missing, err := inspectAll(ctx, eng, opts)
	if err != nil {
		return err
	}
	return cmdutil.ShowInspected(opts.IO, opts.Format, found, missing)
}

// inspectAll finds what it can. An ambiguous name ends it.
func inspectAll(ctx context.Context, eng inspector, opts *inspectOptions) (found []*engine.PodInspect, missing []error, err error) {
	if opts.Latest {
		p, err := eng.InspectLatestPod(ctx)
		return []*engine.PodInspect{p}, nil, err
	}
	return cmdutil.InspectAll(opts.Names, func(name string) (*engine.PodInspect, error) {
		return eng.InspectPod(ctx, name)
	}, func(name string) error { return fmt.Errorf("no such pod %s", name) })
}
