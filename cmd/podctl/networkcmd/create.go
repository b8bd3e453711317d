package networkcmd

import (
	"context"
	"fmt"
	"net"

	"github.com/containers/common/libnetwork/types"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/network"
)

type creator interface {
	// CreateNetwork makes a network and returns it; with IgnoreIfExists, the
	// one that has the name. ErrNetworkExists.
	CreateNetwork(ctx context.Context, opts network.CreateOptions) (types.Network, error)
}

type createOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (creator, error)

	Name       string
	Driver     string
	IPAMDriver string // "" for what fits the driver
	Interface  string
	Subnets    []string
	Gateways   []net.IP
	Ranges     []string
	Routes     []string
	DNS        []string
	Labels     []string
	Options    []string
	IPv6       bool
	Internal   bool
	DisableDNS bool
	Ignore     bool
}

// NewCmdCreate returns "podctl network create".
func NewCmdCreate(f *cmdutil.Factory, open Open, runF func(context.Context, *createOptions) error) *cobra.Command {
	opts := &createOptions{IO: f.IO, Engine: func(ctx context.Context) (creator, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "create [options] [NAME]",
		Short: "Create a network",
		Long: `Create a network and print its name. Without a name the next free podmanN is
taken, without subnets a free one.

Exit codes: 0 success, 125 error.`,
		Example: `podctl network create web
podctl network create --subnet 10.90.0.0/24 --gateway 10.90.0.1 --label env=test`,
		Args: cmdutil.MaxArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Name = args[0]
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return createRun(cmd.Context(), opts)
		},
	}
	opts.bind(cmd)
	return cmd
}

func (opts *createOptions) bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&opts.DisableDNS, "disable-dns", false, "Do not resolve the names of containers")
	fs.StringSliceVar(&opts.DNS, "dns", nil, "`Address` of a DNS server for the network")
	fs.StringVarP(&opts.Driver, "driver", "d", types.DefaultNetworkDriver, "`Driver` of the network (bridge, macvlan, ipvlan)")
	fs.IPSliceVar(&opts.Gateways, "gateway", nil, "`Address` of the gateway of a subnet")
	fs.BoolVar(&opts.Ignore, "ignore", false, "Do not fail if the network exists")
	fs.StringVar(&opts.Interface, "interface-name", "", "`Name` of the interface on the host")
	fs.BoolVar(&opts.Internal, "internal", false, "Give no access to other networks")
	fs.StringArrayVar(&opts.Ranges, "ip-range", nil, "`Range` addresses are taken from, a subnet or FIRST-LAST")
	fs.StringVar(&opts.IPAMDriver, "ipam-driver", "", "`Driver` that gives out addresses (host-local, dhcp, none)")
	fs.BoolVar(&opts.IPv6, "ipv6", false, "Give IPv6 addresses too")
	fs.StringArrayVar(&opts.Labels, "label", nil, "Set a `label`, key=value")
	fs.StringArrayVarP(&opts.Options, "opt", "o", nil, "Set a driver `option`, key=value")
	fs.StringArrayVar(&opts.Routes, "route", nil, "Add a `route`: DESTINATION,GATEWAY[,METRIC]")
	fs.StringArrayVar(&opts.Subnets, "subnet", nil, "`Subnet` in CIDR form")
}

func createRun(ctx context.Context, opts *createOptions) error {
	wanted, err := opts.network()
	if err != nil {
		return err
	}
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	made, err := engine.CreateNetwork(ctx, network.CreateOptions{Network: wanted, IgnoreIfExists: opts.Ignore})
	if err != nil {
		return err
	}
	fmt.Fprintln(opts.IO.Out, made.Name)
	return nil
}

// network is what the flags describe.
func (opts *createOptions) network() (types.Network, error) {
	labels, err := cmdutil.KeyValues(opts.Labels)
	if err != nil {
		return types.Network{}, fmt.Errorf("failed to parse labels: %w", err)
	}
	options, err := cmdutil.KeyValues(opts.Options)
	if err != nil {
		return types.Network{}, fmt.Errorf("unable to process options: %w", err)
	}
	subnets, err := opts.subnets()
	if err != nil {
		return types.Network{}, err
	}
	routes, err := parseRoutes(opts.Routes)
	if err != nil {
		return types.Network{}, err
	}
	wanted := types.Network{
		Name: opts.Name, Driver: opts.Driver, NetworkInterface: opts.Interface,
		Subnets: subnets, Routes: routes, Labels: labels, Options: options,
		IPv6Enabled: opts.IPv6, Internal: opts.Internal,
		DNSEnabled: !opts.DisableDNS, NetworkDNSServers: opts.DNS,
	}
	if opts.IPAMDriver != "" {
		wanted.IPAMOptions = map[string]string{types.Driver: opts.IPAMDriver}
	}
	return wanted, nil
}
