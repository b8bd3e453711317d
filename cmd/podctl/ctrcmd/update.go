package ctrcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/cmd/podctl/internal/specflags"
	"github.com/podctl/podctl/pkg/container"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type updater interface {
	// ResolveContainers finds all of a selection or fails.
	ResolveContainers(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
	// UpdateContainer changes a container's configuration.
	UpdateContainer(ctx context.Context, id string, apply func(*container.Config) error) error
}

type updateOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (updater, error)

	Select engine.Selection
	// Apply lays the flags over a configuration.
	Apply func(*container.Config) error
}

// NewCmdUpdate returns "podctl update".
func NewCmdUpdate(f *cmdutil.Factory, runF func(context.Context, *updateOptions) error) *cobra.Command {
	opts := &updateOptions{IO: f.IO, Engine: func(ctx context.Context) (updater, error) { return f.Engine(ctx) }}
	var flags specflags.UpdateFlags
	cmd := &cobra.Command{
		Use:   "update [options] CONTAINER",
		Short: "Change a container's limits and settings",
		Long: `Change the limits, restart policy, health check or environment of a container and
print its ID. Limits hold at once, the environment for exec and from the next start.

Exit codes: 0 success, 125 error.`,
		Example: `podctl update --memory 512m --cpus 1.5 web
podctl update --restart on-failure:3 web`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch opts.Select.Names = args; {
			case opts.Select.Latest && len(args) > 0:
				return errors.New("--latest and containers cannot be used together")
			case !opts.Select.Latest && len(args) != 1:
				return errors.New("update must specify a container id or name")
			}
			env, err := specflags.HostEnv(f.Argv)
			if err != nil {
				return err
			}
			opts.Apply = func(c *container.Config) error { return flags.Apply(c, env) }
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return updateRun(cmd.Context(), opts)
		},
	}
	flags.Bind(cmd)
	cmd.Flags().BoolVarP(&opts.Select.Latest, "latest", "l", false, "The container created last")
	return cmd
}

func updateRun(ctx context.Context, opts *updateOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	found, err := eng.ResolveContainers(ctx, opts.Select)
	if err != nil {
		return err
	}
	for _, c := range found {
		if err := eng.UpdateContainer(ctx, c.ID, opts.Apply); err != nil {
			return err
		}
		fmt.Fprintln(opts.IO.Out, c.ID)
	}
	return nil
}
