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

type unmounter interface {
	// ResolveContainers finds all of a selection or fails.
	ResolveContainers(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
	// UnmountContainer reports false for a container that runs.
	UnmountContainer(ctx context.Context, id string, force bool) (bool, error)
}

type unmountOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (unmounter, error)

	Targets cmdutil.Targets
	Force   bool
}

// NewCmdUnmount returns "podctl umount".
func NewCmdUnmount(f *cmdutil.Factory, runF func(context.Context, *unmountOptions) error) *cobra.Command {
	opts := &unmountOptions{IO: f.IO, Engine: func(ctx context.Context) (unmounter, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:     "umount [options] CONTAINER [CONTAINER...]",
		Aliases: []string{"unmount"},
		Short:   "Unmount the root filesystems of containers",
		Long: `Unmount the root filesystems of containers and print their IDs. Containers that
run are left alone.

Exit codes: 0 success, 125 error.`,
		Example: `podctl umount web
podctl umount --all`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return unmountRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Containers})
	cmd.Flags().BoolVarP(&opts.Force, "force", "f", false, "Unmount what others have mounted too")
	return cmd
}

func unmountRun(ctx context.Context, opts *unmountOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	t := opts.Targets
	found, err := eng.ResolveContainers(ctx, engine.Selection{Names: t.Names, All: t.All, Latest: t.Latest})
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range found {
		done, err := eng.UnmountContainer(ctx, c.ID, opts.Force)
		if err != nil {
			errs = append(errs, err)
		} else if done {
			fmt.Fprintln(opts.IO.Out, c.ID)
		}
	}
	return errors.Join(errs...)
}
