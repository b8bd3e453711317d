package networkcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/network"
)

type reloader interface {
	// ReloadNetworks makes the firewall rules of containers anew, with the
	// addresses they have, and tells of each.
	ReloadNetworks(ctx context.Context, opts network.ReloadOptions) ([]network.Reloaded, error)
}

type reloadOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (reloader, error)

	Targets cmdutil.Targets
}

// NewCmdReload returns "podctl network reload".
func NewCmdReload(f *cmdutil.Factory, open Open, runF func(context.Context, *reloadOptions) error) *cobra.Command {
	opts := &reloadOptions{IO: f.IO, Engine: func(ctx context.Context) (reloader, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "reload [options] [CONTAINER...]",
		Short: "Restore the firewall rules of containers",
		Long: `Restore the firewall rules of running containers, lost when the host's firewall
was reloaded, and print the containers' IDs.

Exit codes: 0 success, 125 error.`,
		Example: `podctl network reload --all
podctl network reload web`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return reloadRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Containers})
	return cmd
}

func reloadRun(ctx context.Context, opts *reloadOptions) error {
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	done, err := engine.ReloadNetworks(ctx, network.ReloadOptions{
		Containers: opts.Targets.Names, All: opts.Targets.All, Latest: opts.Targets.Latest,
	})
	errs := []error{err}
	for _, r := range done {
		if r.Err != nil {
			errs = append(errs, r.Err)
			continue
		}
		fmt.Fprintln(opts.IO.Out, r.ID)
	}
	return errors.Join(errs...)
}
