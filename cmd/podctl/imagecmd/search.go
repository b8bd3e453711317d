package imagecmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/library"
)

type searcher interface {
	Search(ctx context.Context, term string, opts library.SearchOptions) ([]library.Found, error)
}

type searchOptions struct {
	IO     *iostreams.IOStreams
	Images func(context.Context) (searcher, error)

	Term       string
	Format     string
	Compatible bool
	Search     library.SearchOptions
}

// NewCmdSearch returns "podctl search".
func NewCmdSearch(f *cmdutil.Factory, open Open, runF func(context.Context, *searchOptions) error) *cobra.Command {
	opts := &searchOptions{IO: f.IO, Images: func(ctx context.Context) (searcher, error) { return open(ctx) }}
	flags := &registryFlags{}
	cmd := &cobra.Command{
		Use:   "search [options] TERM",
		Short: "Search registries for images",
		Long: `Search the registry the term begins with, or all those configured for short
names, for images.

Exit codes: 0 success, 125 error.`,
		Example: `podctl search registry.example.com/busybox
podctl search --list-tags registry.example.com/team/app`,
		Args: cmdutil.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.Term = args[0]; opts.Term == "" {
				return errors.New("search term cannot be empty")
			}
			if opts.Search.ListTags && len(opts.Search.Filters) > 0 {
				return errors.New("filters are not applicable to list tags result")
			}
			if err := flags.apply(cmd, &opts.Search.Registry); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return searchRun(cmd.Context(), opts)
		},
	}
	flags.bindAccess(cmd, &opts.Search.Registry)
	fs := cmd.Flags()
	fs.BoolVar(&opts.Compatible, "compatible", false, "List stars, official and automated too")
	fs.StringSliceVarP(&opts.Search.Filters, "filter", "f", nil, "List only images that match this `filter` (stars, is-automated, is-official)")
	fs.StringVar(&opts.Format, "format", "", "Print as json or with a Go `template`")
	fs.IntVar(&opts.Search.Limit, "limit", 0, "List at most this `many` results per registry")
	fs.BoolVar(&opts.Search.ListTags, "list-tags", false, "List the tags of a repository")
	fs.BoolVar(&opts.Search.NoTrunc, "no-trunc", false, "Do not shorten")
	return cmd
}

func searchRun(ctx context.Context, opts *searchOptions) error {
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	found, err := images.Search(ctx, opts.Term, opts.Search)
	if err != nil || len(found) == 0 {
		return err
	}
	format := cmdutil.ListFormat{Command: "search", Format: opts.Format, Indent: listIndent, Default: "{{.Name}}\t{{.Description}}\n"}
	switch {
	case opts.Search.ListTags:
		format.Default, format.JSON = "{{.Name}}\t{{.Tag}}\n", tagsJSON(found)
	case opts.Compatible:
		format.Default = "{{.Name}}\t{{.Description}}\t{{.Stars}}\t{{.Official}}\t{{.Automated}}\n"
	}
	return cmdutil.RenderList(opts.IO.Out, format, found)
}

// repositoryJSON is one repository in --list-tags --format json.
type repositoryJSON struct {
	Name string
	Tags []string
}

// tagsJSON gathers the tags of each repository.
func tagsJSON(found []library.Found) []repositoryJSON {
	var out []repositoryJSON
	for _, f := range found {
		if len(out) == 0 || out[len(out)-1].Name != f.Name {
			out = append(out, repositoryJSON{Name: f.Name})
		}
		last := &out[len(out)-1]
		last.Tags = append(last.Tags, f.Tag)
	}
	return out
}
