package networkcmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/containers/common/libnetwork/types"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

type lister interface {
	// ListNetworks returns the networks that pass the filters
	// (network.Filters), by name.
	ListNetworks(ctx context.Context, filters map[string][]string) ([]types.Network, error)
}

type listOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (lister, error)

	Filters   []string
	Format    string
	NoHeading bool
	NoTrunc   bool
	Quiet     bool
}

// NewCmdList returns "podctl network ls".
func NewCmdList(f *cmdutil.Factory, open Open, runF func(context.Context, *listOptions) error) *cobra.Command {
	opts := &listOptions{IO: f.IO, Engine: func(ctx context.Context) (lister, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:     "ls [options]",
		Aliases: []string{"list"},
		Short:   "List networks",
		Long: `List networks by name.

Filters: name (regular expression), id, driver, label, label!, until, dangling.

Exit codes: 0 success, 125 error.`,
		Example: `podctl network ls
podctl network ls --filter driver=bridge --format '{{.Name}} {{.Subnets}}'`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.Quiet && cmd.Flags().Changed("format") {
				return errors.New("quiet and format flags cannot be used together")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return listRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVarP(&opts.Filters, "filter", "f", nil, "List only networks that match this `filter`")
	fs.StringVar(&opts.Format, "format", "", "Print as json or with a Go `template`")
	fs.BoolVar(&opts.NoTrunc, "no-trunc", false, "Do not shorten IDs")
	fs.BoolVarP(&opts.NoHeading, "noheading", "n", false, "Leave the header row away")
	fs.BoolVarP(&opts.Quiet, "quiet", "q", false, "Print names only")
	return cmd
}

func listRun(ctx context.Context, opts *listOptions) error {
	filters, err := cmdutil.ParseFilters(opts.Filters)
	if err != nil {
		return err
	}
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	list, err := engine.ListNetworks(ctx, filters)
	if err != nil {
		return err
	}
	if opts.Quiet {
		for _, n := range list {
			fmt.Fprintln(opts.IO.Out, n.Name)
		}
		return nil
	}
	if list == nil {
		list = []types.Network{}
	}
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command:   "ls",
		Format:    opts.Format,
		Default:   "{{.ID}}\t{{.Name}}\t{{.Driver}}\n",
		Headers:   headers(),
		NoHeading: opts.NoHeading,
		Indent:    cmdutil.JSONIndent,
		JSON:      list,
	}, rows(list, opts.NoTrunc))
}

// row is a network as templates see it.
type row struct {
	cmdutil.Raw
	Created           time.Time
	DNSEnabled        bool
	Driver            string
	ID                string
	Internal          bool
	IPAMOptions       map[string]string
	IPv6Enabled       bool
	Labels            string
	Name              string
	NetworkDNSServers []string
	NetworkInterface  string
	Options           map[string]string
	Routes            []types.Route
	Subnets           []types.Subnet
}

func headers() map[string]string {
	return map[string]string{
		"ID": "NETWORK ID",
	}
}

func rows(list []types.Network, full bool) []row {
	all := make([]row, 0, len(list))
	for _, n := range list {
		id := n.ID
		if !full && len(id) > 12 {
			id = id[:12]
		}
		all = append(all, row{
			Raw: cmdutil.RawOf(n), Created: n.Created, DNSEnabled: n.DNSEnabled, Driver: n.Driver, ID: id, Internal: n.Internal,
			IPAMOptions: n.IPAMOptions, IPv6Enabled: n.IPv6Enabled, Labels: joinLabels(n.Labels), Name: n.Name,
			NetworkDNSServers: n.NetworkDNSServers, NetworkInterface: n.NetworkInterface,
			Options: n.Options, Routes: n.Routes, Subnets: n.Subnets,
		})
	}
	return all
}

func joinLabels(labels map[string]string) string {
	pairs := make([]string, 0, len(labels))
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, key+"="+labels[key])
	}
	return strings.Join(pairs, ",")
}
