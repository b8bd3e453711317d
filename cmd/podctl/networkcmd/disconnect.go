package networkcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/network"
)

type disconnector interface {
	// DisconnectNetwork takes a container, by name, ID or ID prefix, off a
	// network. ErrNoSuchNetwork, ErrNoSuchCtr.
	DisconnectNetwork(ctx context.Context, name, container string, opts network.DisconnectOptions) error
}

type disconnectOptions struct {
	Engine func(context.Context) (disconnector, error)

	Network    string
	Container  string
	Disconnect network.DisconnectOptions
}

// NewCmdDisconnect returns "podctl network disconnect".
func NewCmdDisconnect(_ *cmdutil.Factory, open Open, runF func(context.Context, *disconnectOptions) error) *cobra.Command {
	opts := &disconnectOptions{Engine: func(ctx context.Context) (disconnector, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "disconnect [options] NETWORK CONTAINER",
		Short: "Take a container off a network",
		Long: `Take a container off a network. For a pod give its infra container.

Exit codes: 0 success, 125 error.`,
		Example: `podctl network disconnect web ctr`,
		Args:    cmdutil.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Network, opts.Container = args[0], args[1]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return disconnectRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVarP(&opts.Disconnect.Force, "force", "f", false, "Go on where the network cannot be torn down")
	return cmd
}

func disconnectRun(ctx context.Context, opts *disconnectOptions) error {
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	return engine.DisconnectNetwork(ctx, opts.Network, opts.Container, opts.Disconnect)
}
