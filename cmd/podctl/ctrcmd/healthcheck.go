package ctrcmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type healthChecker interface {
	// ResolveContainers finds all of a selection or fails.
	ResolveContainers(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
	// CheckHealth runs the health check once and returns how it ended.
	CheckHealth(ctx context.Context, id string) (string, error)
}

type healthcheckOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (healthChecker, error)

	Container string
}

// exitUnhealthy is the exit code for a check that did not find health.
const exitUnhealthy = 1

// NewCmdHealthcheckRun returns "podctl healthcheck run".
func NewCmdHealthcheckRun(f *cmdutil.Factory, runF func(context.Context, *healthcheckOptions) error) *cobra.Command {
	opts := &healthcheckOptions{IO: f.IO, Engine: func(ctx context.Context) (healthChecker, error) { return f.Engine(ctx) }}
	return &cobra.Command{
		Use:   "run CONTAINER",
		Short: "Run a container's health check",
		Long: `Run the health check of a container once. Nothing is printed for a healthy
container, else what it is.

Exit codes: 0 healthy, 1 unhealthy or starting, 125 error.`,
		Example: `podctl healthcheck run db`,
		Args:    cmdutil.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Container = args[0]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return healthcheckRun(cmd.Context(), opts)
		},
	}
}

func healthcheckRun(ctx context.Context, opts *healthcheckOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	found, err := eng.ResolveContainers(ctx, engine.Selection{Names: []string{opts.Container}})
	if err != nil {
		return fmt.Errorf("unable to look up %s to perform a health check: %w", opts.Container, err)
	}
	status, err := eng.CheckHealth(ctx, found[0].ID)
	if err != nil || status == "healthy" {
		return err
	}
	fmt.Fprintln(opts.IO.Out, status)
	return cmdutil.Exit(exitUnhealthy)
}

// NewCmdHealthcheckWatch returns "podctl healthcheck watch", which podctl starts
// for each container with a health check.
func NewCmdHealthcheckWatch(f *cmdutil.Factory) *cobra.Command {
	return &cobra.Command{
		Use:    "watch CONTAINER",
		Short:  "Run a container's health check again and again until it ends",
		Hidden: true,
		Args:   cmdutil.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			eng, err := f.Engine(cmd.Context())
			if err != nil {
				return err
			}
			return eng.WatchHealth(cmd.Context(), args[0])
		},
	}
}
