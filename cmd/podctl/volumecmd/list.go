package volumecmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/volume"
)

type lister interface {
	// ListVolumes returns the volumes that pass the filters (volume.Filters),
	// by name.
	ListVolumes(ctx context.Context, filters map[string][]string) ([]volume.Status, error)
}

type listOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (lister, error)

	Filters   []string
	Format    string
	NoHeading bool
	Quiet     bool
}

// NewCmdList returns "podctl volume ls".
func NewCmdList(f *cmdutil.Factory, open Open, runF func(context.Context, *listOptions) error) *cobra.Command {
	opts := &listOptions{IO: f.IO, Engine: func(ctx context.Context) (lister, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:     "ls [options]",
		Aliases: []string{"list"},
		Short:   "List volumes",
		Long: `List volumes by name.

Filters: name (regular expression), driver, scope, label, label!, opt, dangling,
until, after, since.

Exit codes: 0 success, 125 error.`,
		Example: `podctl volume ls
podctl volume ls --filter dangling=true --quiet`,
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
	fs.StringArrayVarP(&opts.Filters, "filter", "f", nil, "List only volumes that match this `filter`")
	fs.StringVar(&opts.Format, "format", "", "Print as json or with a Go `template`")
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
	list, err := engine.ListVolumes(ctx, filters)
	if err != nil {
		return err
	}
	if opts.Quiet {
		for _, v := range list {
			fmt.Fprintln(opts.IO.Out, v.Name)
		}
		return nil
	}
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command:   "ls",
		Format:    opts.Format,
		Default:   "{{.Driver}}\t{{.Name}}\n",
		Headers:   map[string]string{"Name": "VOLUME NAME"},
		NoHeading: opts.NoHeading,
		Indent:    cmdutil.JSONIndent,
	}, rows(list))
}
