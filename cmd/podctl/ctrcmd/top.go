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

type topper interface {
	// ResolveContainers finds all of a selection or fails.
	ResolveContainers(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
	// TopContainer lists the processes of a running container.
	TopContainer(ctx context.Context, id string, args []string) ([][]string, error)
}

type topOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (topper, error)

	Container string
	Latest    bool
	// Args are columns, or what ps is to be given.
	Args []string
	// List shows the names of the columns instead.
	List bool
}

// NewCmdTop returns "podctl top".
func NewCmdTop(f *cmdutil.Factory, runF func(context.Context, *topOptions) error) *cobra.Command {
	opts := &topOptions{IO: f.IO, Engine: func(ctx context.Context) (topper, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "top [options] CONTAINER [COLUMN...|PS-ARGUMENT...]",
		Short: "List the processes of a container",
		Long: `List the processes of a running container, in the columns named or some usual
ones. What is not the name of a column is given to ps, the container's or, where
it has none, the host's.

Exit codes: 0 success, 125 error.`,
		Example: `podctl top web
podctl top web pid,user,seccomp args
podctl top web aux`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Args = args
			if !opts.Latest && !opts.List {
				if len(args) == 0 {
					return errors.New("you must provide the name or id of a running container")
				}
				opts.Container, opts.Args = args[0], args[1:]
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return topRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.SetInterspersed(false)
	fs.BoolVarP(&opts.Latest, "latest", "l", false, "The container created last")
	fs.BoolVar(&opts.List, "list-descriptors", false, "List the columns")
	fs.Lookup("list-descriptors").Hidden = true
	return cmd
}

func topRun(ctx context.Context, opts *topOptions) error {
	if opts.List {
		for _, name := range engine.TopDescriptors() {
			fmt.Fprintln(opts.IO.Out, name)
		}
		return nil
	}
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	id, err := resolveOne(ctx, eng, engine.Selection{Names: []string{opts.Container}, Latest: opts.Latest})
	if err != nil {
		return fmt.Errorf("unable to look up requested container: %w", err)
	}
	rows, err := eng.TopContainer(ctx, id, opts.Args)
	if err != nil {
		return err
	}
	return cmdutil.WriteColumns(opts.IO.Out, rows)
}
