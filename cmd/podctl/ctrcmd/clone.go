package ctrcmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/cmd/podctl/internal/specflags"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type cloner interface {
	creator
	// PrepareContainerClone describes a copy of a container.
	PrepareContainerClone(ctx context.Context, nameOrID, podNameOrID string) (*engine.ContainerClone, error)
	StartContainer(ctx context.Context, id string) error
	RemoveContainers(ctx context.Context, sel engine.Selection, opts engine.RemoveOptions) ([]engine.Removal, error)
}

type cloneOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (cloner, error)

	Container string
	// Name and Image are the copy's, "" for one made from the source's name and
	// for the source's image.
	Name, Image string
	Pod         string
	// Apply lays what the flags ask for over the copy.
	Apply               func(*container.Config) error
	Destroy, Force, Run bool
}

// NewCmdClone returns "podctl container clone".
func NewCmdClone(f *cmdutil.Factory, runF func(context.Context, *cloneOptions) error) *cobra.Command {
	opts := &cloneOptions{IO: f.IO, Engine: func(ctx context.Context) (cloner, error) { return f.Engine(ctx) }}
	var flags specflags.CloneFlags
	cmd := &cobra.Command{
		Use:   "clone [options] CONTAINER [NAME [IMAGE]]",
		Short: "Copy a container",
		Long: `Create a container configured like another, and print its ID. What it wrote is not
copied. The copy is in the source's pod unless --pod names another.

Exit codes: 0 success, 125 error.`,
		Example: `podctl container clone db
podctl container clone --destroy --force --run --memory 1g db db2`,
		Args: cmdutil.RangeArgs(1, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.Force && !opts.Destroy {
				return fmt.Errorf("cannot set --force without --destroy: %w", errdefs.ErrInvalidArg)
			}
			env, err := specflags.HostEnv(f.Argv)
			if err != nil {
				return err
			}
			opts.Container = args[0]
			if len(args) > 1 {
				opts.Name = args[1]
			}
			if len(args) > 2 {
				opts.Image = args[2]
			}
			opts.Apply = func(c *container.Config) error {
				c.CreateCommand = env.Argv
				return flags.Apply(c, env)
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return cloneRun(cmd.Context(), opts)
		},
	}
	flags.Bind(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&opts.Destroy, "destroy", false, "Remove the source afterwards")
	fs.BoolVarP(&opts.Force, "force", "f", false, "Remove the source even if it runs")
	fs.StringVar(&opts.Name, "name", "", "`Name` of the copy")
	fs.StringVar(&opts.Pod, "pod", "", "`Pod` the copy joins")
	fs.BoolVar(&opts.Run, "run", false, "Start the copy")
	return cmd
}

func cloneRun(ctx context.Context, opts *cloneOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	clone, err := eng.PrepareContainerClone(ctx, opts.Container, opts.Pod)
	if err != nil {
		return err
	}
	if len(clone.Reset) > 0 {
		logrus.Warnf("The copy takes the namespaces %s from its pod", strings.Join(clone.Reset, ", "))
	}
	create := clone.Create
	if opts.Name != "" {
		create.Name = opts.Name
	}
	if opts.Image != "" {
		create.Config.Image = container.Image{RawName: opts.Image}
	}
	if err := opts.Apply(create.Config); err != nil {
		return err
	}
	id, err := eng.CreateContainer(ctx, create)
	if err != nil {
		return err
	}
	if opts.Destroy {
		// First, for the copy may want its ports and addresses.
		removed, err := eng.RemoveContainers(ctx, engine.Selection{Names: []string{clone.SourceID}}, engine.RemoveOptions{Force: opts.Force})
		for _, rm := range removed {
			err = errors.Join(err, rm.Err)
		}
		if err != nil {
			return err
		}
	}
	if opts.Run {
		if err := eng.StartContainer(ctx, id); err != nil {
			return err
		}
	}
	fmt.Fprintln(opts.IO.Out, id)
	return nil
}
