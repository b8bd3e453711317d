package imagecmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/library"
)

type lister interface {
	List(ctx context.Context, opts library.ListOptions) ([]library.Summary, error)
}

type listOptions struct {
	IO     *iostreams.IOStreams
	Images func(context.Context) (lister, error)
	Now    func() time.Time

	List                      library.ListOptions
	Digests, History          bool
	Format, Sort              string
	NoTrunc, NoHeading, Quiet bool
}

// NewCmdList returns "podctl image list".
func NewCmdList(f *cmdutil.Factory, open Open, runF func(context.Context, *listOptions) error) *cobra.Command {
	opts := &listOptions{
		IO: f.IO, Now: time.Now,
		Images: func(ctx context.Context) (lister, error) { return open(ctx) },
	}
	cmd := &cobra.Command{
		Use:     "list [options] [IMAGE]",
		Aliases: []string{"ls"},
		Short:   "List images",
		Long: `List local images, one line a name.

Exit codes: 0 success, 125 error.`,
		Example: `podctl image ls
podctl image ls --filter dangling=true --quiet`,
		Args: cmdutil.MaxArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.List.Filters = append(opts.List.Filters, "reference="+args[0])
			}
			for _, filter := range opts.List.Filters {
				if !strings.Contains(filter, "=") {
					return fmt.Errorf("filter input must be in the form of filter=value: %s is invalid", filter)
				}
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return listRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&opts.List.All, "all", "a", false, "List untagged images others are built on, too")
	fs.BoolVar(&opts.Digests, "digests", false, "Show digests")
	fs.StringArrayVarP(&opts.List.Filters, "filter", "f", nil, "List only images that match this `filter`")
	fs.StringVar(&opts.Format, "format", "", "Print as json or with a Go `template`")
	fs.BoolVar(&opts.History, "history", false, "Show the names an image had")
	fs.BoolVar(&opts.NoTrunc, "no-trunc", false, "Do not shorten")
	fs.BoolVarP(&opts.NoHeading, "noheading", "n", false, "Print no headings")
	fs.BoolVarP(&opts.Quiet, "quiet", "q", false, "Print IDs only")
	cmdutil.ChoiceFlag(cmd, &opts.Sort, "sort", "", sortCreated, "Sort by `field`",
		sortCreated, sortID, sortRepository, sortSize, sortTag)
	return cmd
}

func listRun(ctx context.Context, opts *listOptions) error {
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	// A plain table needs no image's configuration.
	opts.List.Details = opts.Format != "" && !opts.Quiet
	summaries, err := images.List(ctx, opts.List)
	if err != nil {
		return err
	}
	names := split(summaries)
	sortNames(names, opts.Sort)
	if opts.Quiet {
		printIDs(opts, names)
		return nil
	}
	rows := make([]imageRow, 0, len(names))
	for _, n := range names {
		rows = append(rows, newImageRow(opts, n))
	}
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command: "images", Format: opts.Format, Default: opts.columns(names), NoHeading: opts.NoHeading,
		Headers: map[string]string{"ID": "IMAGE ID", "CreatedSince": "CREATED", "ReadOnly": "R/O"},
		Indent:  listIndent, JSON: imagesJSON(names),
	}, rows)
}

// columns is the default table; its last column is there if it says anything.
func (opts *listOptions) columns(names []namedImage) string {
	columns := []string{"{{.Repository}}", "{{.Tag}}"}
	if opts.Digests {
		columns = append(columns, "{{.Digest}}")
	}
	columns = append(columns, "{{.ID}}", "{{.CreatedSince}}", "{{.Size}}")
	if opts.History {
		columns = append(columns, "{{.History}}")
	}
	for _, n := range names {
		if n.ReadOnly {
			columns = append(columns, "{{.ReadOnly}}")
			break
		}
	}
	return strings.Join(columns, "\t") + "\n"
}

func printIDs(opts *listOptions, names []namedImage) {
	seen := map[string]bool{}
	for _, n := range names {
		if !seen[n.ID] {
			fmt.Fprintln(opts.IO.Out, opts.id(n.ID))
		}
		seen[n.ID] = true
	}
}

func (opts *listOptions) id(id string) string {
	if opts.NoTrunc {
		return "sha256:" + id
	}
	return shortID(id)
}
