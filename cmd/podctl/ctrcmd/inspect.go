package ctrcmd

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
	// InspectContainer finds a container by name, ID or unique ID prefix.
	// ErrNoSuchCtr, ErrAmbiguousID.
	InspectContainer(ctx context.Context, nameOrID string, size bool) (*engine.ContainerInspect, error)
	// InspectLatestContainer finds the container created last. ErrNoSuchCtr.
	InspectLatestContainer(ctx context.Context, size bool) (*engine.ContainerInspect, error)
}

type inspectOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (inspector, error)

	Names  []string
	Latest bool
	Size   bool
	Format string
}

// NewCmdInspect returns "podctl container inspect".
func NewCmdInspect(f *cmdutil.Factory, runF func(context.Context, *inspectOptions) error) *cobra.Command {
	opts := &inspectOptions{IO: f.IO, Engine: func(ctx context.Context) (inspector, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "inspect [options] CONTAINER [CONTAINER...]",
		Short: "Show everything known of containers",
		Long: `Show everything known of containers, as a JSON array or with a template for each.

Exit codes: 0 all containers were found, 125 error.`,
		Example: `podctl container inspect web
podctl container inspect --format '{{.State.Status}} {{.NetworkSettings.IPAddress}}' web`,
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
	fs.BoolVarP(&opts.Latest, "latest", "l", false, "The container created last")
	fs.BoolVarP(&opts.Size, "size", "s", false, "Measure the root file system")
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
func inspectAll(ctx context.Context, eng inspector, opts *inspectOptions) (found []*engine.ContainerInspect, missing []error, err error) {
	if opts.Latest {
		return cmdutil.InspectNewest(eng.InspectLatestContainer(ctx, opts.Size))
	}
	return cmdutil.InspectAll(opts.Names, func(name string) (*engine.ContainerInspect, error) {
		return eng.InspectContainer(ctx, name, opts.Size)
	}, func(name string) error { return fmt.Errorf("no such container %q", name) })
}
