package secretcmd

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type lister interface {
	// ListSecrets returns all secrets by name.
	ListSecrets(ctx context.Context) ([]engine.Secret, error)
}

type listOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (lister, error)
	Now    func() time.Time

	Filters   []string
	Format    string
	NoHeading bool
	Quiet     bool
}

// NewCmdList returns "podctl secret ls".
func NewCmdList(f *cmdutil.Factory, open Open, runF func(context.Context, *listOptions) error) *cobra.Command {
	opts := &listOptions{IO: f.IO, Now: time.Now, Engine: func(ctx context.Context) (lister, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:     "ls [options]",
		Aliases: []string{"list"},
		Short:   "List secrets",
		Long: `List secrets by name.

Filters: name (regular expression), id (prefix or regular expression).

Exit codes: 0 success, 125 error.`,
		Example: `podctl secret ls
podctl secret ls --filter name=password --quiet`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return listRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVarP(&opts.Filters, "filter", "f", nil, "List only secrets that match this `filter`")
	fs.StringVar(&opts.Format, "format", "", "Print as json or with a Go `template`")
	fs.BoolVarP(&opts.NoHeading, "noheading", "n", false, "Leave the header row away")
	fs.BoolVarP(&opts.Quiet, "quiet", "q", false, "Print IDs only")
	return cmd
}

// row is a secret as tables and templates see it.
type row struct {
	ID, Name, Driver     string
	CreatedAt, UpdatedAt string
}

func listRun(ctx context.Context, opts *listOptions) error {
	match, err := parseFilters(opts.Filters)
	if err != nil {
		return err
	}
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	list, err := eng.ListSecrets(ctx)
	if err != nil {
		return err
	}
	now := opts.Now()
	var rows []row
	for _, s := range list {
		if match(s) {
			rows = append(rows, row{
				ID: s.ID, Name: s.Name, Driver: s.Driver, CreatedAt: cmdutil.Ago(now, s.CreatedAt), UpdatedAt: cmdutil.Ago(now, s.UpdatedAt),
			})
		}
	}
	if opts.Quiet && opts.Format == "" {
		for _, r := range rows {
			fmt.Fprintln(opts.IO.Out, r.ID)
		}
		return nil
	}
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command: "ls", Format: opts.Format, NoHeading: opts.NoHeading, Indent: jsonIndent,
		Default: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.CreatedAt}}\t{{.UpdatedAt}}\n",
		Headers: map[string]string{"CreatedAt": "CREATED", "UpdatedAt": "UPDATED"},
	}, rows)
}

// parseFilters returns what a secret must pass: one value of each key.
func parseFilters(filters []string) (func(engine.Secret) bool, error) {
	byKey, err := cmdutil.ParseFilters(filters)
	if err != nil {
		return nil, err
	}
	patterns := map[string][]*regexp.Regexp{}
	for key, values := range byKey {
		if key != "name" && key != "id" {
			return nil, fmt.Errorf("invalid filter %q", key)
		}
		for _, value := range values {
			pattern, err := regexp.Compile(value)
			if err != nil {
				return nil, fmt.Errorf("filter %s=%s: %w", key, value, err)
			}
			patterns[key] = append(patterns[key], pattern)
		}
	}
	matches := func(key, text string) bool {
		return len(byKey[key]) == 0 ||
			slices.ContainsFunc(patterns[key], func(p *regexp.Regexp) bool { return p.MatchString(text) })
	}
	return func(s engine.Secret) bool {
		byPrefix := slices.ContainsFunc(byKey["id"], func(prefix string) bool { return strings.HasPrefix(s.ID, prefix) })
		return matches("name", s.Name) && (byPrefix || matches("id", s.ID))
	}, nil
}
