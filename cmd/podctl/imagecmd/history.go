package imagecmd

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/library"
)

type historian interface {
	History(ctx context.Context, ref string) ([]library.HistoryEntry, error)
}

type historyOptions struct {
	IO     *iostreams.IOStreams
	Images func(context.Context) (historian, error)
	Now    func() time.Time

	Image          string
	Format         string
	Human, NoTrunc bool
	Quiet          bool
}

// NewCmdHistory returns "podctl history".
func NewCmdHistory(f *cmdutil.Factory, open Open, runF func(context.Context, *historyOptions) error) *cobra.Command {
	opts := &historyOptions{
		IO: f.IO, Now: time.Now,
		Images: func(ctx context.Context) (historian, error) { return open(ctx) },
	}
	cmd := &cobra.Command{
		Use:   "history [options] IMAGE",
		Short: "Show how an image was built",
		Long: `Show the steps in which a local image was built, newest first.

Exit codes: 0 success, 125 error.`,
		Example: `podctl history busybox
podctl history --no-trunc --format '{{.CreatedBy}}' busybox`,
		Args: cmdutil.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Image = args[0]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return historyRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&opts.Format, "format", "", "Print as json or with a Go `template`")
	fs.BoolVarP(&opts.Human, "human", "H", true, "Word dates and sizes for people")
	fs.BoolVar(&opts.NoTrunc, "no-trunc", false, "Do not shorten")
	fs.BoolVarP(&opts.Quiet, "quiet", "q", false, "Print IDs only")
	return cmd
}

func historyRun(ctx context.Context, opts *historyOptions) error {
	images, err := opts.Images(ctx)
	if err != nil {
		return err
	}
	entries, err := images.History(ctx, opts.Image)
	if err != nil {
		return err
	}
	var rows []historyRow
	var objects []historyJSON
	for _, e := range entries {
		object, row := newHistoryJSON(e), newHistoryRow(opts, e)
		row.Raw = cmdutil.RawOf(object)
		rows, objects = append(rows, row), append(objects, object)
	}
	if opts.Quiet {
		for _, row := range rows {
			fmt.Fprintln(opts.IO.Out, row.ID)
		}
		return nil
	}
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command: "history", Format: opts.Format, Indent: listIndent, JSON: objects,
		Default: "{{.ID}}\t{{.Created}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}\n",
		Headers: map[string]string{"CreatedBy": "CREATED BY"},
	}, rows)
}

// historyRow is what --format sees.
type historyRow struct {
	cmdutil.Raw
	ID, Created, CreatedAt, CreatedSince, CreatedBy, Size, Comment, Tags string
}

// createdByWidth is how much of a build step a table shows.
const createdByWidth = 45

func newHistoryRow(opts *historyOptions, e library.HistoryEntry) historyRow {
	var created time.Time
	if e.Created != nil {
		created = e.Created.UTC()
	}
	row := historyRow{
		ID: e.ID, CreatedBy: e.CreatedBy, Comment: e.Comment, Tags: strings.Join(e.Tags, ", "),
		CreatedAt: created.Format(time.RFC3339), CreatedSince: cmdutil.Ago(opts.Now(), created),
	}
	row.Created, row.Size = row.CreatedSince, humanSize(e.Size)
	if !opts.Human {
		row.Created, row.Size = row.CreatedAt, strconv.FormatInt(e.Size, 10)
	}
	if !opts.NoTrunc {
		row.ID = shortID(e.ID)
		if len(row.CreatedBy) > createdByWidth {
			row.CreatedBy = row.CreatedBy[:createdByWidth-3] + "..."
		}
	}
	return row
}

type historyJSON struct {
	ID        string   `json:"id"`
	Created   string   `json:"Created"`
	CreatedBy string   `json:"CreatedBy"`
	Tags      []string `json:"tags"`
	Size      int64    `json:"size"`
	Comment   string   `json:"comment"`
}

func newHistoryJSON(e library.HistoryEntry) historyJSON {
	object := historyJSON{ID: e.ID, CreatedBy: e.CreatedBy, Tags: e.Tags, Size: e.Size, Comment: e.Comment}
	if e.Created != nil {
		object.Created = e.Created.UTC().Format(time.RFC3339Nano)
	}
	return object
}
