package networkcmd

import (
	"context"
	"fmt"

	"github.com/containers/common/libnetwork/types"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

type updater interface {
	// UpdateNetwork changes a network's DNS servers, for running containers
	// too. ErrNoSuchNetwork.
	UpdateNetwork(ctx context.Context, nameOrID string, opts types.NetworkUpdateOptions) error
}

type updateOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (updater, error)

	Name   string
	Update types.NetworkUpdateOptions
}

// NewCmdUpdate returns "podctl network update".
func NewCmdUpdate(f *cmdutil.Factory, open Open, runF func(context.Context, *updateOptions) error) *cobra.Command {
	opts := &updateOptions{IO: f.IO, Engine: func(ctx context.Context) (updater, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "update [options] NETWORK",
		Short: "Change a network's DNS servers",
		Long: `Change the DNS servers that a network's own DNS server asks, for running
containers too, and print the network's name.

Exit codes: 0 success, 125 error.`,
		Example: `podctl network update --dns-add 192.0.2.53 web
podctl network update --dns-drop 192.0.2.53 web`,
		Args: cmdutil.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Name = args[0]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return updateRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringSliceVar(&opts.Update.AddDNSServers, "dns-add", nil, "Add the DNS server with this `address`")
	fs.StringSliceVar(&opts.Update.RemoveDNSServers, "dns-drop", nil, "Drop the DNS server with this `address`")
	return cmd
}

func updateRun(ctx context.Context, opts *updateOptions) error {
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	if err := engine.UpdateNetwork(ctx, opts.Name, opts.Update); err != nil {
		return err
	}
	fmt.Fprintln(opts.IO.Out, opts.Name)
	return nil
}
