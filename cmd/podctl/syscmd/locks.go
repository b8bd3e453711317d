package syscmd

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type lockLister interface {
	// Locks returns who holds and who awaits the locks of objects, by name.
	Locks(ctx context.Context) ([]engine.LockEntry, error)
}

type locksOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (lockLister, error)

	Format    string
	NoHeading bool
}

// NewCmdLocks returns "podctl locks".
func NewCmdLocks(f *cmdutil.Factory, runF func(context.Context, *locksOptions) error) *cobra.Command {
	opts := &locksOptions{IO: f.IO, Engine: func(ctx context.Context) (lockLister, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "locks [options]",
		Short: "Show who is at work on containers and pods, and who waits",
		Long: `Show the processes that hold the lock of a container or pod, and those that wait for one.

A process works on an object under its lock; another that wants the same object waits. Locks end with
their processes, so there is none to free by hand. This command takes no lock and never waits.

Exit codes: 0 success, 125 error.`,
		Example: `podctl locks
podctl locks --format '{{.Name}} {{.State}} {{.PID}}'
podctl --lock-timeout 10s pod rm web`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return locksRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&opts.Format, "format", "", "Print as json or with a Go `template`")
	fs.BoolVarP(&opts.NoHeading, "noheading", "n", false, "Leave the header row away")
	return cmd
}

// lockRow is a lock entry as tables, templates and JSON show it.
type lockRow struct {
	Object  string // container, pod, or unknown
	ID      string
	Name    string
	State   string // holder or waiter
	PID     int
	Command string
	Since   string // RFC 3339; empty if the holder cannot be told
}

func locksRun(ctx context.Context, opts *locksOptions) error {
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	list, err := engine.Locks(ctx)
	if err != nil {
		return err
	}
	rows := make([]lockRow, 0, len(list))
	for _, e := range list {
		row := lockRow{Object: e.Object, ID: e.ID, Name: e.Name, State: e.State, PID: e.PID, Command: e.Command}
		if row.Object == "" {
			row.Object = "unknown"
		}
		if !e.Since.IsZero() {
			row.Since = e.Since.Local().Format(time.RFC3339)
		}
		rows = append(rows, row)
	}
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command:   "locks",
		Format:    opts.Format,
		Default:   "{{.Object}}\t{{.Name}}\t{{.State}}\t{{.PID}}\t{{.Command}}\t{{.Since}}\n",
		NoHeading: opts.NoHeading,
		Indent:    cmdutil.JSONIndent,
	}, rows)
}
