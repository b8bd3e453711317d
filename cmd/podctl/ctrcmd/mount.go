package ctrcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type mounter interface {
	// ResolveContainers finds all of a selection or fails.
	ResolveContainers(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
	// MountContainer mounts a root filesystem and returns where.
	MountContainer(ctx context.Context, id string) (string, error)
	// MountedContainers returns the containers that are mounted.
	MountedContainers(ctx context.Context) ([]engine.Mounted, error)
}

type mountOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (mounter, error)

	Select  engine.Selection
	Format  string
	NoTrunc bool
}

// NewCmdMount returns "podctl mount".
func NewCmdMount(f *cmdutil.Factory, runF func(context.Context, *mountOptions) error) *cobra.Command {
	opts := &mountOptions{IO: f.IO, Engine: func(ctx context.Context) (mounter, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "mount [options] [CONTAINER...]",
		Short: "Mount the root filesystems of containers",
		Long: `Mount the root filesystems of containers and print where they are. Without a
container list those that are mounted.

Exit codes: 0 success, 125 error.`,
		Example: `podctl mount web
podctl mount --format json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			sel := &opts.Select
			switch sel.Names = args; {
			case sel.All && sel.Latest:
				return errors.New("--all and --latest cannot be used together")
			case sel.All && len(args) > 0:
				return errors.New("no arguments are needed with --all")
			case sel.Latest && len(args) > 0:
				return errors.New("--latest and containers cannot be used together")
			case opts.Format != "" && !cmdutil.IsJSON(opts.Format):
				return fmt.Errorf("unknown --format argument: %q", opts.Format)
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return mountRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&opts.Select.All, "all", "a", false, "All containers")
	fs.StringVar(&opts.Format, "format", "", "Print the list as json")
	fs.BoolVarP(&opts.Select.Latest, "latest", "l", false, "The container created last")
	fs.BoolVar(&opts.NoTrunc, "no-trunc", false, "Do not shorten IDs")
	return cmd
}

func mountRun(ctx context.Context, opts *mountOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	if sel := opts.Select; len(sel.Names) == 0 && !sel.All && !sel.Latest {
		return opts.list(ctx, eng)
	}
	found, err := eng.ResolveContainers(ctx, opts.Select)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range found {
		path, err := eng.MountContainer(ctx, c.ID)
		if opts.Select.All && errors.Is(err, errdefs.ErrInvalidState) {
			continue // an infra container at rest has nothing to mount
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintln(opts.IO.Out, path)
	}
	return errors.Join(errs...)
}

// mountedJSON is a mounted container as JSON shows it.
type mountedJSON struct {
	ID         string `json:"id"`
	Names      []string
	Mountpoint string `json:"mountpoint"`
}

func (opts *mountOptions) list(ctx context.Context, eng mounter) error {
	mounted, err := eng.MountedContainers(ctx)
	if err != nil {
		return err
	}
	shown := []mountedJSON{}
	for i, m := range mounted {
		shown = append(shown, mountedJSON{ID: m.ID, Names: []string{m.Name}, Mountpoint: m.Path})
		if !opts.NoTrunc {
			mounted[i].ID = cmdutil.ShortID(m.ID)
		}
	}
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command: "mount", Format: opts.Format, Default: "{{.ID}}\t{{.Path}}\n", NoHeading: true, Indent: 1, JSON: shown,
	}, mounted)
}
