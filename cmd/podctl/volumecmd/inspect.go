package volumecmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/volume"
)

type inspector interface {
	lister
	// InspectVolume finds a volume by name or unique prefix. ErrNoSuchVolume,
	// ErrAmbiguousVolume.
	InspectVolume(ctx context.Context, name string) (volume.Status, error)
}

type inspectOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (inspector, error)

	Names  []string
	All    bool
	Format string
}

// NewCmdInspect returns "podctl volume inspect".
func NewCmdInspect(f *cmdutil.Factory, open Open, runF func(context.Context, *inspectOptions) error) *cobra.Command {
	opts := &inspectOptions{IO: f.IO, Engine: func(ctx context.Context) (inspector, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "inspect [options] VOLUME [VOLUME...]",
		Short: "Show everything known of volumes",
		Long: `Show everything known of volumes.

Exit codes: 0 success, 125 error.`,
		Example: `podctl volume inspect data
podctl volume inspect --format '{{.Mountpoint}}' data`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Names = args
			if (len(args) > 0) == opts.All {
				return errors.New("provide one or more volume names or use --all")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return inspectRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&opts.All, "all", "a", false, "Show all volumes")
	fs.StringVarP(&opts.Format, "format", "f", "json", "Print as json or with a Go `template`")
	return cmd
}

func inspectRun(ctx context.Context, opts *inspectOptions) error {
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	found, errs := inspectAll(ctx, engine, opts)
	err = cmdutil.RenderInspected(opts.IO.Out, cmdutil.ListFormat{
		Command: "inspect", Format: opts.Format, Indent: cmdutil.JSONIndent,
	}, rows(found))
	return errors.Join(append(errs, err)...)
}

// inspectAll finds what it can; all errors but the first are shown bare.
func inspectAll(ctx context.Context, engine inspector, opts *inspectOptions) (found []volume.Status, errs []error) {
	if opts.All {
		list, err := engine.ListVolumes(ctx, nil)
		if err != nil {
			errs = append(errs, err)
		}
		return list, errs
	}
	return cmdutil.FindAll(opts.Names, func(name string) (volume.Status, error) {
		status, err := engine.InspectVolume(ctx, name)
		if errors.Is(err, errdefs.ErrNoSuchVolume) {
			err = fmt.Errorf("no such volume %s", name)
		}
		return status, err
	})
}
