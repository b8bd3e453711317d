package podcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type lister interface {
	// ListPods returns the pods that pass the filters, newest first.
	// ErrNoSuchPod for the latest of none.
	ListPods(ctx context.Context, opts engine.PodListOptions) ([]engine.PodListing, error)
}

type psOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (lister, error)
	Now    func() time.Time

	List                          engine.PodListOptions
	CtrIDs, CtrNames, CtrStatuses bool
	Format                        string
	NoTrunc                       bool
	NoHeading                     bool
	Namespaces                    bool
	Quiet                         bool
	Sort                          string
}

// NewCmdPs returns "podctl pod ps".
func NewCmdPs(f *cmdutil.Factory, runF func(context.Context, *psOptions) error) *cobra.Command {
	opts := &psOptions{IO: f.IO, Now: time.Now, Engine: func(ctx context.Context) (lister, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:     "ps [options]",
		Aliases: []string{"ls", "list"},
		Short:   "List pods",
		Long: `List all pods, newest first.

Filters: id, name, label, label!, status, ctr-ids, ctr-names, ctr-number, ctr-status, network, until.

Exit codes: 0 success, 125 error.`,
		Example: `podctl pod ps --ctr-names --ctr-status
podctl pod ps --filter status=running --format '{{.Name}} {{.Status}}'`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.Quiet && opts.Format != "" {
				return errors.New("quiet and format cannot be used together")
			}
			if _, ok := orders()[opts.Sort]; !ok {
				return errors.New("invalid option for --sort, options are: created, id, name, number, or status")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return psRun(cmd.Context(), opts)
		},
	}
	opts.bind(cmd)
	return cmd
}

func (opts *psOptions) bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&opts.CtrIDs, "ctr-ids", false, "Show the IDs of the containers")
	fs.BoolVar(&opts.CtrNames, "ctr-names", false, "Show the names of the containers")
	fs.BoolVar(&opts.CtrStatuses, "ctr-status", false, "Show the states of the containers")
	fs.StringArrayVarP(&opts.List.Filters, "filter", "f", nil, "List only pods that match this `filter`")
	fs.StringVar(&opts.Format, "format", "", "Print as json or with a Go `template`")
	fs.BoolVarP(&opts.List.Latest, "latest", "l", false, "The pod created last, whatever the filters")
	fs.BoolVar(&opts.NoTrunc, "no-trunc", false, "Do not shorten IDs")
	fs.BoolVarP(&opts.NoHeading, "noheading", "n", false, "Leave the header row away")
	fs.BoolVar(&opts.Namespaces, "ns", false, "Show cgroup and namespace")
	fs.BoolVarP(&opts.Quiet, "quiet", "q", false, "Print full IDs only")
	fs.StringVar(&opts.Sort, "sort", "created", "Sort by created, id, name, number or status")
	cmdutil.AliasFlags(cmd, map[string]string{"namespace": "ns", "notruncate": "no-trunc"})
}

// orders are the keys of --sort.
func orders() map[string]func(a, b engine.PodListing) int {
	return map[string]func(a, b engine.PodListing) int{
		"created": func(a, b engine.PodListing) int { return b.Created.Compare(a.Created) },
		"id":      func(a, b engine.PodListing) int { return strings.Compare(a.ID, b.ID) },
		"name":    func(a, b engine.PodListing) int { return strings.Compare(a.Name, b.Name) },
		"number":  func(a, b engine.PodListing) int { return cmp.Compare(len(a.Containers), len(b.Containers)) },
		"status":  func(a, b engine.PodListing) int { return strings.Compare(a.Status, b.Status) },
	}
}

func psRun(ctx context.Context, opts *psOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	pods, err := eng.ListPods(ctx, opts.List)
	if err != nil {
		return err
	}
	slices.SortStableFunc(pods, orders()[opts.Sort])
	if opts.Quiet {
		for _, p := range pods {
			fmt.Fprintln(opts.IO.Out, p.ID)
		}
		return nil
	}
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command: "ps", Format: opts.Format, Default: opts.columns(), Headers: psHeaders(), NoHeading: opts.NoHeading,
		Indent: psIndent, JSON: pods,
	}, opts.rows(pods))
}

const (
	// psIndent is the number of blanks per level of a list as JSON.
	psIndent = 2
	shortLen = 12
)

func (opts *psOptions) columns() string {
	columns := []string{"{{.ID}}", "{{.Name}}", "{{.Status}}", "{{.Created}}", "{{.InfraID}}"}
	for _, c := range []struct {
		shown  bool
		column string
	}{
		{opts.CtrIDs, "{{.ContainerIds}}"},
		{opts.CtrNames, "{{.ContainerNames}}"},
		{opts.CtrStatuses, "{{.ContainerStatuses}}"},
		{opts.Namespaces, "{{.Cgroup}}\t{{.Namespace}}"},
		{!opts.CtrIDs && !opts.CtrNames && !opts.CtrStatuses, "{{.NumberOfContainers}}"},
	} {
		if c.shown {
			columns = append(columns, c.column)
		}
	}
	return strings.Join(columns, "\t") + "\n"
}

func psHeaders() map[string]string {
	return map[string]string{
		"ID": "POD ID", "Id": "POD ID", "InfraID": "INFRA ID", "InfraId": "INFRA ID",
		"NumberOfContainers": "# OF CONTAINERS", "ContainerIds": "IDS", "ContainerNames": "NAMES", "ContainerStatuses": "STATUS",
		"Namespace": "NAMESPACES",
	}
}

// psRow is a pod as tables and templates see it.
type psRow struct {
	cmdutil.Raw
	Cgroup             string
	Containers         []engine.PodListContainer
	ContainerIds       string
	ContainerNames     string
	ContainerStatuses  string
	Created            string
	ID, Id             string //nolint:revive // templates are written with either
	InfraID, InfraId   string //nolint:revive // likewise
	Labels             map[string]string
	Name               string
	Namespace          string
	Networks           string
	NumberOfContainers int
	Restarts           uint
	Status             string
}

// Label is one label.
func (r psRow) Label(key string) string { return r.Labels[key] }

func (opts *psOptions) rows(pods []engine.PodListing) []psRow {
	now := opts.Now()
	rows := make([]psRow, 0, len(pods))
	for _, p := range pods {
		row := psRow{
			Raw: cmdutil.RawOf(p), Cgroup: p.Cgroup, Containers: p.Containers, Created: cmdutil.Ago(now, p.Created), ID: opts.short(p.ID), InfraID: opts.short(p.InfraID),
			Labels: p.Labels, Name: p.Name, Namespace: p.Namespace, Networks: strings.Join(p.Networks, ","),
			NumberOfContainers: len(p.Containers), Status: p.Status,
		}
		row.Id, row.InfraId = row.ID, row.InfraID
		var ids, names, states []string
		for _, c := range p.Containers {
			ids, names, states = append(ids, opts.short(c.ID)), append(names, c.Name), append(states, c.Status)
			row.Restarts += c.RestartCount
		}
		row.ContainerIds, row.ContainerNames, row.ContainerStatuses = strings.Join(ids, ","), strings.Join(names, ","), strings.Join(states, ",")
		rows = append(rows, row)
	}
	return rows
}

func (opts *psOptions) short(id string) string {
	if opts.NoTrunc || len(id) <= shortLen {
		return id
	}
	return id[:shortLen]
}
