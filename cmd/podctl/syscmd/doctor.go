package syscmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type doctor interface {
	// Examine returns what does not match between database and host. Reads only.
	Examine(ctx context.Context) ([]engine.Finding, error)
	// Repair examines and mends, and returns what became of each finding.
	Repair(ctx context.Context) ([]engine.RepairResult, error)
}

type doctorOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (doctor, error)
	// NewDatabase makes a new database of what is on this host.
	NewDatabase func(context.Context) (engine.RebuildReport, error)

	Format  string
	Repair  bool
	Rebuild bool
}

// NewCmdDoctor returns "podctl doctor".
func NewCmdDoctor(f *cmdutil.Factory, runF func(context.Context, *doctorOptions) error) *cobra.Command {
	opts := &doctorOptions{
		IO:     f.IO,
		Engine: func(ctx context.Context) (doctor, error) { return f.Engine(ctx) },
		NewDatabase: func(ctx context.Context) (engine.RebuildReport, error) {
			cfg, err := f.EngineConfig()
			if err != nil {
				return engine.RebuildReport{}, err
			}
			return engine.Rebuild(ctx, cfg)
		},
	}
	cmd := &cobra.Command{
		Use:   "doctor [options]",
		Short: "Compare what podctl knows with what is on this host, and mend it",
		Long: `Compare the database with the processes, mounts, cgroups, network namespaces, addresses, volumes, storage
layers and files on this host, and report what does not match.

Without options nothing is changed, no lock is taken, and the answer comes whatever else hangs. What another
podctl works on at the moment is left out. With --repair, what is podctl's own is mended, each object under
its lock, by the ways other commands take too; what other tools made is never touched.

With --rebuild, a database that is damaged or gone is made anew from what stands beside each pod, container and
volume. Running containers go on as they are. The old file is kept beside the new one, as podctl.db.damaged-TIME.

Exit codes: 0 nothing is wrong (any more), 1 something is wrong, 125 the system cannot be examined.`,
		Example: `podctl doctor
podctl doctor --format json
podctl doctor --repair
podctl doctor --rebuild`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return doctorRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&opts.Format, "format", "table", "Print as table, as json or with a Go `template`")
	fs.BoolVar(&opts.Repair, "repair", false, "Mend what is found")
	fs.BoolVar(&opts.Rebuild, "rebuild", false, "Make a new database when the old one is damaged or gone")
	cmd.MarkFlagsMutuallyExclusive("repair", "rebuild")
	return cmd
}

// findingRow is a finding as tables, templates and JSON show it.
type findingRow struct {
	Kind    string
	Object  string // the full ID
	Problem string
	Repair  string // what --repair does; empty if nothing
	Advice  string `json:",omitempty"` // what to do where --repair does nothing
	// Result is "repaired" or why not; only with --repair.
	Result string `json:",omitempty"`
}

// Remedy is what --repair does or, in parentheses, what the user can do.
func (r findingRow) Remedy() string {
	if r.Repair == "" && r.Advice != "" {
		return "(" + r.Advice + ")"
	}
	return r.Repair
}

// ShortObject is the object with an ID shortened.
func (r findingRow) ShortObject() string {
	const idLength, shortLength = 64, 12
	if len(r.Object) == idLength && !strings.Contains(r.Object, "/") {
		return r.Object[:shortLength]
	}
	return r.Object
}

func newFindingRow(f engine.Finding) findingRow {
	return findingRow{Kind: f.Kind, Object: f.Object, Problem: f.Problem, Repair: f.Repair, Advice: f.Advice}
}

func doctorRun(ctx context.Context, opts *doctorOptions) error {
	if opts.Rebuild {
		return rebuildRun(ctx, opts)
	}
	doc, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	if opts.Repair {
		return repairRun(ctx, opts, doc)
	}
	found, err := doc.Examine(ctx)
	if err != nil {
		return fmt.Errorf("examine this host: %w", err)
	}
	rows := make([]findingRow, 0, len(found))
	for _, f := range found {
		rows = append(rows, newFindingRow(f))
	}
	if err := printFindings(opts, rows, "{{.Kind}}\t{{.ShortObject}}\t{{.Problem}}\t{{.Remedy}}\n"); err != nil {
		return err
	}
	if len(rows) > 0 {
		return cmdutil.Exit(exitFindings)
	}
	return nil
}

// exitFindings is the exit code when something is wrong.
const exitFindings = 1

func repairRun(ctx context.Context, opts *doctorOptions, doc doctor) error {
	done, err := doc.Repair(ctx)
	if err != nil {
		err = fmt.Errorf("repair this host: %w", err)
	}
	rows := make([]findingRow, 0, len(done))
	left := false
	for _, d := range done {
		row := newFindingRow(d.Finding)
		row.Result = "repaired"
		if d.Err != nil {
			left = true
			row.Result = d.Err.Error()
			if errors.Is(d.Err, engine.ErrNoRepair) {
				row.Result = row.Remedy()
			}
		}
		rows = append(rows, row)
	}
	err = errors.Join(err, printFindings(opts, rows, "{{.Kind}}\t{{.ShortObject}}\t{{.Problem}}\t{{.Result}}\n"))
	if err == nil && left {
		return cmdutil.Exit(exitFindings)
	}
	return err
}

func printFindings(opts *doctorOptions, rows []findingRow, table string) error {
	format := opts.Format
	if format == "table" {
		format = ""
	}
	if format == "" && len(rows) == 0 {
		fmt.Fprintln(opts.IO.Out, "Nothing is wrong.")
		return nil
	}
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command: "doctor",
		Format:  format,
		Default: table,
		Headers: map[string]string{"ShortObject": "OBJECT", "Remedy": "REPAIR"},
		Indent:  cmdutil.JSONIndent,
	}, rows)
}

func rebuildRun(ctx context.Context, opts *doctorOptions) error {
	report, err := opts.NewDatabase(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(opts.IO.Out, "Recorded again: %d pods, %d containers (%d running), %d volumes\n", report.Pods, report.Containers, report.Running, report.Volumes)
	if report.Kept != "" {
		fmt.Fprintf(opts.IO.Out, "The old database is %s\n", report.Kept)
	}
	return cmdutil.WithCode(exitFindings, errors.Join(report.Problems...))
}
