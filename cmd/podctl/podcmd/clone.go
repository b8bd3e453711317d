package podcmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/cmd/podctl/internal/specflags"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type cloner interface {
	// PreparePodClone describes a copy of a pod; ClonePod makes it and returns
	// its ID.
	PreparePodClone(ctx context.Context, nameOrID string) (*engine.PodClone, error)
	ClonePod(ctx context.Context, clone *engine.PodClone) (string, error)
	StartPod(ctx context.Context, id string) error
	RemovePod(ctx context.Context, id string, opts engine.RemoveOptions) error
}

type cloneOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (cloner, error)

	Pod string
	// Name is the copy's, "" for one made from the source's.
	Name string
	// Overlay lays what the flags ask for over the copy.
	Overlay        func(*engine.PodCreateOptions) error
	Destroy, Start bool
}

// NewCmdClone returns "podctl pod clone".
func NewCmdClone(f *cmdutil.Factory, runF func(context.Context, *cloneOptions) error) *cobra.Command {
	opts := &cloneOptions{IO: f.IO, Engine: func(ctx context.Context) (cloner, error) { return f.Engine(ctx) }}
	var flags specflags.PodFlags
	cmd := &cobra.Command{
		Use:   "clone [options] POD [NAME]",
		Short: "Copy a pod",
		Long: `Create a pod with the same containers as another, and print its ID. What the
flags ask for is laid over what the source has. Without a name the copy is named
after the source. Named volumes are shared with the source, anonymous ones are
new and empty.

Exit codes: 0 success, 125 error.`,
		Example: `podctl pod clone web
podctl pod clone --destroy --start --memory 1g web web2`,
		Args: cmdutil.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := specflags.HostEnv(f.Argv)
			if err != nil {
				return err
			}
			opts.Pod = args[0]
			opts.Name, _ = cmd.Flags().GetString("name")
			if len(args) > 1 {
				opts.Name = args[1]
			}
			opts.Overlay = func(create *engine.PodCreateOptions) error {
				create.Config.CreateCommand = env.Argv
				return flags.Overlay(create, env)
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return cloneRun(cmd.Context(), opts)
		},
	}
	flags.BindCommon(cmd)
	cmd.Flags().BoolVar(&opts.Destroy, "destroy", false, "Remove the source afterwards")
	cmd.Flags().BoolVar(&opts.Start, "start", false, "Start the copy")
	return cmd
}

func cloneRun(ctx context.Context, opts *cloneOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	clone, err := eng.PreparePodClone(ctx, opts.Pod)
	if err != nil {
		return err
	}
	if err := opts.Overlay(&clone.Pod); err != nil {
		return err
	}
	if opts.Name != "" {
		clone.Pod.Name = opts.Name
	}
	id, err := eng.ClonePod(ctx, clone)
	if err != nil {
		return err
	}
	if err := opts.finish(ctx, eng, clone.SourceID, id); err != nil {
		fmt.Fprintf(opts.IO.Out, "pod %s created but error after creation\n", id)
		return err
	}
	fmt.Fprintln(opts.IO.Out, id)
	return nil
}

// finish removes the source first: the copy may want its ports and addresses.
func (opts *cloneOptions) finish(ctx context.Context, eng cloner, source, id string) error {
	if opts.Destroy {
		if err := eng.RemovePod(ctx, source, engine.RemoveOptions{Force: true}); err != nil {
			return err
		}
	}
	if opts.Start {
		return eng.StartPod(ctx, id)
	}
	return nil
}
