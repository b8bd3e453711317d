package syscmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
)

// Inspector finds an object of one type by name or ID and returns what is shown
// of it as JSON and in templates. Class ErrNotFound if there is none. Size asks
// for what takes time to measure.
type Inspector func(ctx context.Context, nameOrID string, size bool) (any, error)

// Inspectors are how objects of each type are found, under the words of --type;
// "container" and "pod" have a function for the newest too, which ignores the name.
type Inspectors struct {
	Find   map[string]Inspector
	Latest map[string]Inspector
}

type inspectOptions struct {
	IO   *iostreams.IOStreams
	From Inspectors

	Names  []string
	Type   string
	Format string
	Latest bool
	Size   bool
}

const allTypes = "all"

// searchOrder is where --type all looks, one after the other.
func searchOrder() []string { return []string{"container", "image", "volume", "network", "pod"} }

// NewCmdInspect returns "podctl inspect", which knows objects of all types.
func NewCmdInspect(f *cmdutil.Factory, from Inspectors, runF func(context.Context, *inspectOptions) error) *cobra.Command {
	opts := &inspectOptions{IO: f.IO, From: from}
	cmd := &cobra.Command{
		Use:   "inspect [options] NAME [NAME...]",
		Short: "Show everything known of objects of any type",
		Long: `Show everything known of containers, images, volumes, networks and pods, which are
looked for in this order.

Exit codes: 0 all objects were found, 125 error.`,
		Example: `podctl inspect web
podctl inspect --type pod --format '{{.State}}' web`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Names = args
			if err := opts.check(); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return inspectRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&opts.Format, "format", "f", "json", "Print as json or with a Go `template`")
	fs.BoolVarP(&opts.Latest, "latest", "l", false, "The container, or pod, created last")
	fs.BoolVarP(&opts.Size, "size", "s", false, "Measure root file systems of containers")
	fs.StringVarP(&opts.Type, "type", "t", allTypes, "`Type` of the objects (artifact, container, image, network, pod, volume, all)")
	return cmd
}

func (opts *inspectOptions) check() error {
	switch opts.Type {
	case allTypes, "container", "image", "volume", "network", "pod", "artifact":
	default:
		return fmt.Errorf(`invalid type %q: must be "image", "container", "pod", "network", "volume", "artifact", or "all"`, opts.Type)
	}
	if opts.Latest {
		switch {
		case len(opts.Names) > 0:
			return errors.New("--latest and arguments cannot be used together")
		case opts.Type == allTypes:
			opts.Type = "container"
		case opts.From.Latest[opts.Type] == nil:
			return fmt.Errorf("latest is not supported for type %q", opts.Type)
		}
		return nil
	}
	if len(opts.Names) == 0 {
		return errors.New("no names or ids specified")
	}
	if opts.Size && opts.Type != allTypes && opts.Type != "container" {
		return fmt.Errorf("size is not supported for type %q", opts.Type)
	}
	return nil
}

func inspectRun(ctx context.Context, opts *inspectOptions) error {
	found, missing, err := opts.inspectAll(ctx)
	if err != nil {
		return err
	}
	return cmdutil.ShowInspected(opts.IO, opts.Format, found, missing)
}

// inspectAll finds what it can. An ambiguous name ends it.
func (opts *inspectOptions) inspectAll(ctx context.Context) (found []any, missing []error, err error) {
	if opts.Latest {
		return cmdutil.InspectNewest(opts.From.Latest[opts.Type](ctx, "", opts.Size))
	}
	types := []string{opts.Type}
	if opts.Type == allTypes {
		types = searchOrder()
	}
	return cmdutil.InspectAll(opts.Names, func(name string) (any, error) { return opts.find(ctx, name, types) }, opts.noSuch)
}

// find looks for an object of the types, in their order.
func (opts *inspectOptions) find(ctx context.Context, name string, types []string) (any, error) {
	for _, t := range types {
		find := opts.From.Find[t]
		if find == nil {
			continue
		}
		object, err := find(ctx, name, opts.Size)
		if err == nil || !errors.Is(err, errdefs.ErrNotFound) {
			return object, err
		}
	}
	return nil, errdefs.ErrNotFound
}

func (opts *inspectOptions) noSuch(name string) error {
	switch opts.Type {
	case allTypes:
		return fmt.Errorf("no such object: %q", name)
	case "container":
		return fmt.Errorf("no such container %q", name)
	case "network":
		return fmt.Errorf("network %s: unable to find network with name or ID %s: %w", name, name, errdefs.ErrNoSuchNetwork)
	case "image":
		return fmt.Errorf("%s: %w", name, errdefs.ErrNoSuchImage)
	}
	return fmt.Errorf("no such %s %s", opts.Type, name)
}
