package ctrcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type lister interface {
	// ListContainers returns the containers that pass, oldest first.
	ListContainers(ctx context.Context, opts engine.ContainerListOptions) ([]engine.ContainerListing, error)
}

type psOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (lister, error)
	Now    func() time.Time

	List      engine.ContainerListOptions
	Latest    bool
	Format    string
	NoTrunc   bool
	NoHeading bool
	Pod       bool
	Quiet     bool
	Sort      string
	// Watch is the number of seconds between two lists; 0: one list.
	Watch uint
}

// NewCmdPs returns "podctl ps", which is "podctl container list" too.
func NewCmdPs(f *cmdutil.Factory, runF func(context.Context, *psOptions) error) *cobra.Command {
	opts := &psOptions{IO: f.IO, Now: time.Now, Engine: func(ctx context.Context) (lister, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "ps [options]",
		Short: "List containers",
		Long: `List running containers, oldest first; with --all those in any state.

Filters: ancestor, before, command, exited, health, id, label, label!, name, network, pod, restart-policy,
should-start-on-boot, since, status, until, volume.

Exit codes: 0 success, 125 error.`,
		Example: `podctl ps --all --pod
podctl ps --filter pod=web --format '{{.Names}} {{.Status}}'`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := opts.check(); err != nil {
				return err
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
	fs.BoolVarP(&opts.List.All, "all", "a", false, "List containers in any state")
	fs.BoolVar(&opts.List.External, "external", false, "List containers of other programs in the image store too")
	fs.StringArrayVarP(&opts.List.Filters, "filter", "f", nil, "List only containers that match this `filter`")
	fs.StringVar(&opts.Format, "format", "", "Print as json or with a Go `template`")
	fs.IntVarP(&opts.List.Last, "last", "n", -1, "The `number` of containers created last, in any state")
	fs.BoolVarP(&opts.Latest, "latest", "l", false, "The container created last, in any state")
	fs.BoolVar(&opts.NoTrunc, "no-trunc", false, "Do not shorten IDs and commands")
	fs.BoolVar(&opts.NoHeading, "noheading", false, "Leave the header row away")
	fs.BoolVar(&opts.List.Namespaces, "ns", false, "Show namespaces")
	fs.BoolVarP(&opts.Pod, "pod", "p", false, "Show ID and name of the pod")
	fs.BoolVarP(&opts.Quiet, "quiet", "q", false, "Print IDs only")
	fs.BoolVarP(&opts.List.Size, "size", "s", false, "Show the size of the root file system")
	fs.Bool("sync", false, "Ask the OCI runtime for the states (they are always those of the processes)")
	fs.UintVarP(&opts.Watch, "watch", "w", 0, "List again every so many `seconds`")
	cmdutil.ChoiceFlag(cmd, &opts.Sort, "sort", "", sortCreated, "Sort by this key",
		"command", sortCreated, "id", "image", "names", "runningfor", sortSize, "status")
	cmdutil.AliasFlags(cmd, map[string]string{"namespace": "ns"})
}

const (
	sortCreated = "created"
	sortSize    = "size"
)

// check finds contradictions and settles what flags imply.
func (opts *psOptions) check() error {
	switch {
	case opts.Latest && opts.List.Last >= 0:
		return errors.New("last and latest are mutually exclusive")
	case opts.Quiet && (opts.List.Size || opts.List.Namespaces):
		return errors.New("quiet conflicts with size and namespace")
	case opts.List.Size && opts.List.Namespaces:
		return errors.New("size and namespace options conflict")
	case opts.Watch > 0 && opts.Latest:
		return errors.New("the watch and latest flags cannot be used together")
	}
	if opts.Latest {
		opts.List.Last = 1
	}
	opts.Pod = opts.Pod || strings.Contains(opts.Format, ".PodName")
	opts.List.Size = opts.List.Size || opts.Sort == sortSize || strings.Contains(opts.Format, ".Size")
	opts.List.Namespaces = opts.List.Namespaces || opts.Format != "" && !cmdutil.IsJSON(opts.Format)
	return nil
}

func psRun(ctx context.Context, opts *psOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	if opts.Watch == 0 {
		return opts.print(ctx, eng)
	}
	return cmdutil.Every(ctx, time.Duration(opts.Watch)*time.Second, func() error {
		if _, err := io.WriteString(opts.IO.Out, cmdutil.ClearScreen); err != nil {
			return err
		}
		return opts.print(ctx, eng)
	})
}

func (opts *psOptions) print(ctx context.Context, eng lister) error {
	list, err := eng.ListContainers(ctx, opts.List)
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, order(opts.Sort))
	if opts.Quiet && opts.Format == "" {
		for _, c := range list {
			fmt.Fprintln(opts.IO.Out, opts.short(c.ID))
		}
		return nil
	}
	now := opts.Now()
	objects, rows := opts.json(now, list), opts.rows(now, list)
	for i := range rows {
		rows[i].Raw = cmdutil.RawOf(objects[i])
	}
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command: "ps", Format: opts.Format, Default: opts.columns(), Headers: psHeaders(), NoHeading: opts.NoHeading,
		Indent: psIndent, JSON: objects,
	}, rows)
}

// psIndent is the number of blanks per level of a list as JSON.
const psIndent = 2

func (opts *psOptions) columns() string {
	if opts.List.Namespaces {
		return "{{.ID}}\t{{.Names}}\t{{.Pid}}\t{{.Cgroup}}\t{{.IPC}}\t{{.MNT}}\t{{.NET}}\t{{.PIDNS}}\t{{.User}}\t{{.UTS}}\n"
	}
	columns := "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.CreatedHuman}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"
	if opts.Pod {
		columns += "\t{{.Pod}}\t{{.PodName}}"
	}
	if opts.List.Size {
		columns += "\t{{.Size}}"
	}
	return columns + "\n"
}

// order compares two containers by a key of --sort.
func order(key string) func(a, b engine.ContainerListing) int {
	switch key {
	case "command":
		return func(a, b engine.ContainerListing) int { return slices.Compare(a.Command, b.Command) }
	case "id":
		return func(a, b engine.ContainerListing) int { return strings.Compare(a.ID, b.ID) }
	case "image":
		return func(a, b engine.ContainerListing) int { return strings.Compare(a.Image, b.Image) }
	case "names":
		return func(a, b engine.ContainerListing) int { return strings.Compare(a.Name, b.Name) }
	case "runningfor":
		return func(a, b engine.ContainerListing) int { return a.StartedAt.Compare(b.StartedAt) }
	case "status":
		return func(a, b engine.ContainerListing) int { return cmp.Compare(a.State, b.State) }
	case sortSize:
		return func(a, b engine.ContainerListing) int { return cmp.Compare(rootSize(a), rootSize(b)) }
	}
	return func(a, b engine.ContainerListing) int { return a.Created.Compare(b.Created) }
}

func rootSize(c engine.ContainerListing) int64 {
	if c.Size == nil {
		return 0
	}
	return c.Size.RootFS
}
