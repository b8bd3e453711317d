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

type inspector interface {
	// InspectNetwork finds a network by name, ID or unique ID prefix.
	// ErrNoSuchNetwork.
	InspectNetwork(ctx context.Context, nameOrID string) (*network.Details, error)
}

type inspectOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (inspector, error)

	Names  []string
	Format string
}

// NewCmdInspect returns "podctl network inspect".
func NewCmdInspect(f *cmdutil.Factory, open Open, runF func(context.Context, *inspectOptions) error) *cobra.Command {
	opts := &inspectOptions{IO: f.IO, Engine: func(ctx context.Context) (inspector, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "inspect [options] NETWORK [NETWORK...]",
		Short: "Show everything known of networks",
		Long: `Show everything known of networks, with the containers that are on them.

Exit codes: 0 success, 125 error.`,
		Example: `podctl network inspect podman
podctl network inspect --format '{{.Subnets}}' web`,
		Args: cmdutil.MinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Names = args
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return inspectRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVarP(&opts.Format, "format", "f", "json", "Print as json or with a Go `template`")
	return cmd
}

func inspectRun(ctx context.Context, opts *inspectOptions) error {
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	found, errs := cmdutil.FindAll(opts.Names, func(name string) (*network.Details, error) {
		details, err := engine.InspectNetwork(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("network %s: %w", name, err)
		}
		if details.Containers == nil {
			details.Containers = map[string]network.Member{} // JSON shows {}
		}
		return details, nil
	})
	err = cmdutil.RenderInspected(opts.IO.Out, cmdutil.ListFormat{
		Command: "inspect", Format: opts.Format, Indent: cmdutil.JSONIndent,
	}, found)
	return errors.Join(append(errs, err)...)
}
