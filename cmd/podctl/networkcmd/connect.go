package networkcmd

import (
	"context"
	"net"

	"github.com/containers/common/libnetwork/types"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type connector interface {
	// ConnectNetwork puts a container, by name, ID or ID prefix, on one more
	// network; at once if it runs, else when it starts. A pod's networks are
	// its infra container's. ErrNoSuchNetwork, ErrNoSuchCtr.
	ConnectNetwork(ctx context.Context, network, container string, opts types.PerNetworkOptions) error
}

type connectOptions struct {
	Engine func(context.Context) (connector, error)

	Network   string
	Container string
	Options   types.PerNetworkOptions
}

// NewCmdConnect returns "podctl network connect".
func NewCmdConnect(_ *cmdutil.Factory, open Open, runF func(context.Context, *connectOptions) error) *cobra.Command {
	opts := &connectOptions{Engine: func(ctx context.Context) (connector, error) { return open(ctx) }}
	var v4, v6 net.IP
	var mac string
	cmd := &cobra.Command{
		Use:   "connect [options] NETWORK CONTAINER",
		Short: "Put a container on a network",
		Long: `Put a container on one more network. For a pod give its infra container.

Exit codes: 0 success, 125 error.`,
		Example: `podctl network connect web ctr
podctl network connect --alias db --ip 10.89.0.9 web ctr`,
		Args: cmdutil.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Network, opts.Container = args[0], args[1]
			for _, ip := range []net.IP{v4, v6} {
				if ip != nil {
					opts.Options.StaticIPs = append(opts.Options.StaticIPs, ip)
				}
			}
			if mac != "" {
				address, err := net.ParseMAC(mac)
				if err != nil {
					return err
				}
				opts.Options.StaticMAC = types.HardwareAddr(address)
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return connectRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringSliceVar(&opts.Options.Aliases, "alias", nil, "`Name` others on the network find the container by")
	fs.IPVar(&v4, "ip", nil, "IPv4 `address` of the container")
	fs.IPVar(&v6, "ip6", nil, "IPv6 `address` of the container")
	fs.StringVar(&mac, "mac-address", "", "MAC `address` of the container")
	return cmd
}

func connectRun(ctx context.Context, opts *connectOptions) error {
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	return engine.ConnectNetwork(ctx, opts.Network, opts.Container, opts.Options)
}
