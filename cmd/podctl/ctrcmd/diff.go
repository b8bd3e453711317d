package ctrcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/image"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type differ interface {
	// ResolveContainers finds all of a selection or fails.
	ResolveContainers(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
	// DiffContainer returns what a container or image changed of another one, or
	// of what it was made from, by path.
	DiffContainer(ctx context.Context, nameOrID, base string) ([]image.Change, error)
}

type diffOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (differ, error)

	Name string
	// Base is what it is compared with; empty: what it was made from.
	Base   string
	Latest bool
	JSON   bool
}

// NewCmdDiff returns "podctl diff".
func NewCmdDiff(f *cmdutil.Factory, runF func(context.Context, *diffOptions) error) *cobra.Command {
	opts := &diffOptions{IO: f.IO, Engine: func(ctx context.Context) (differ, error) { return f.Engine(ctx) }}
	var format string
	cmd := &cobra.Command{
		Use:   "diff [options] CONTAINER|IMAGE [CONTAINER|IMAGE]",
		Short: "List what a container changed of its image",
		Long: `List the paths a container added (A), changed (C) or deleted (D) in what its
image gave it; for an image, what its last layer did. A second container or image
is what the first is compared with instead.

Exit codes: 0 success, 125 error.`,
		Example: `podctl diff web
podctl diff --format json web
podctl diff web nginx`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || opts.Latest {
				return nil
			}
			return cmdutil.RangeArgs(1, 2)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case cmd.Flags().Changed("format") && format != "json":
				return errors.New("only supported value for '--format' is 'json'")
			case opts.Latest && len(args) > 0:
				return errors.New("--latest and containers cannot be used together")
			case !opts.Latest && len(args) == 0 && cmd.Parent().HasParent():
				return fmt.Errorf("container must be specified: %s [options [...]] ID-NAME", cmd.CommandPath())
			case !opts.Latest && len(args) == 0:
				return fmt.Errorf("%q requires a name, id, or the \"--latest\" flag", cmd.CommandPath())
			}
			opts.JSON = format != ""
			if len(args) > 0 {
				opts.Name = args[0]
			}
			if len(args) > 1 {
				opts.Base = args[1]
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return diffRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVar(&format, "format", "", "Print as json")
	cmd.Flags().BoolVarP(&opts.Latest, "latest", "l", false, "The container created last")
	return cmd
}

// diffJSON is what changed as JSON shows it.
type diffJSON struct {
	Changed []string `json:"changed,omitempty"`
	Added   []string `json:"added,omitempty"`
	Deleted []string `json:"deleted,omitempty"`
}

// diffIndent is the number of blanks per level of it.
const diffIndent = 5

func diffRun(ctx context.Context, opts *diffOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	if opts.Latest {
		found, err := eng.ResolveContainers(ctx, engine.Selection{Latest: true})
		if err != nil {
			return err
		}
		opts.Name = found[0].ID
	}
	changes, err := eng.DiffContainer(ctx, opts.Name, opts.Base)
	if err != nil {
		return err
	}
	var all diffJSON
	lists := map[image.ChangeKind]*[]string{
		image.ChangeModified: &all.Changed, image.ChangeAdded: &all.Added, image.ChangeDeleted: &all.Deleted,
	}
	for _, c := range changes {
		if list := lists[c.Kind]; list != nil {
			*list = append(*list, c.Path)
		}
		if !opts.JSON {
			fmt.Fprintln(opts.IO.Out, c.Kind, c.Path)
		}
	}
	if opts.JSON {
		return cmdutil.PrintJSON(opts.IO.Out, all, diffIndent)
	}
	return nil
}
