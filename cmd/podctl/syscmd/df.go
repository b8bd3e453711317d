package syscmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/container"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type measurer interface {
	// DiskUsage measures images, containers and volumes.
	DiskUsage(ctx context.Context) (engine.DiskUsage, error)
}

type dfOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (measurer, error)
	Now    func() time.Time

	Format  string
	Verbose bool
}

// NewCmdDf returns "podctl system df".
func NewCmdDf(f *cmdutil.Factory, runF func(context.Context, *dfOptions) error) *cobra.Command {
	opts := &dfOptions{IO: f.IO, Now: time.Now, Engine: func(ctx context.Context) (measurer, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "df [options]",
		Short: "Show what takes disk space",
		Long: `Show the disk space of images, containers and volumes, and how much of it nobody
uses.

Exit codes: 0 success, 125 error.`,
		Example: `podctl system df
podctl system df --format '{{.Type}} {{.Size}}'`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.Verbose && cmd.Flags().Changed("format") {
				return errors.New("cannot combine --format and --verbose flags")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return dfRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVar(&opts.Format, "format", "", "Print as json or with a Go `template`")
	cmd.Flags().BoolVarP(&opts.Verbose, "verbose", "v", false, "Show every image, container and volume")
	return cmd
}

func dfRun(ctx context.Context, opts *dfOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	usage, err := eng.DiskUsage(ctx)
	if err != nil {
		return err
	}
	if opts.Verbose {
		return opts.details(usage)
	}
	rows := []dfRow{imagesRow(usage), containersRow(usage), volumesRow(usage)}
	shown := make([]dfJSON, 0, len(rows))
	for i, r := range rows {
		shown = append(shown, dfJSON{
			Type: r.Type, Total: r.Total, Active: r.Active, RawSize: r.RawSize, RawReclaimable: r.RawReclaimable,
			TotalCount: r.Total, Size: r.Size(), Reclaimable: r.Reclaimable(),
		})
		rows[i].Raw = cmdutil.RawOf(shown[i])
	}
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command: "df", Format: opts.Format, Default: "{{.Type}}\t{{.Total}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}\n",
		Headers: map[string]string{"Size": "SIZE", "Reclaimable": "RECLAIMABLE"}, Indent: dfIndent, JSON: shown,
	}, rows)
}

// dfIndent is the number of blanks per level of JSON.
const dfIndent = 4

// dfRow is one kind of object.
type dfRow struct {
	cmdutil.Raw
	Type           string
	Total, Active  int
	RawSize        int64
	RawReclaimable int64
}

// Size is RawSize for people.
func (r dfRow) Size() string { return units.HumanSize(float64(r.RawSize)) }

// Reclaimable is RawReclaimable for people, with its share of the size.
func (r dfRow) Reclaimable() string {
	share := int64(0)
	if r.RawSize > 0 {
		share = r.RawReclaimable * 100 / r.RawSize
	}
	return fmt.Sprintf("%s (%d%%)", units.HumanSize(float64(r.RawReclaimable)), share)
}

// dfJSON is a row as JSON shows it.
type dfJSON struct {
	Type           string
	Total          int
	Active         int
	RawSize        int64
	RawReclaimable int64
	TotalCount     int
	Size           string
	Reclaimable    string
}

// imagesRow counts an image once, whatever the number of its names.
func imagesRow(u engine.DiskUsage) dfRow {
	r := dfRow{Type: "Images", RawSize: u.ImagesSize}
	seen := map[string]bool{}
	for _, i := range u.Images {
		if seen[i.ID] {
			continue
		}
		seen[i.ID] = true
		r.Total++
		if i.Containers > 0 {
			r.Active++
		} else {
			r.RawReclaimable += i.UniqueSize
		}
	}
	return r
}

func containersRow(u engine.DiskUsage) dfRow {
	r := dfRow{Type: "Containers", Total: len(u.Containers)}
	for _, c := range u.Containers {
		size := int64(0)
		if c.Size != nil {
			size = c.Size.RW
		}
		r.RawSize += size
		if c.State == container.Running {
			r.Active++
		} else {
			r.RawReclaimable += size
		}
	}
	return r
}

func volumesRow(u engine.DiskUsage) dfRow {
	r := dfRow{Type: "Local Volumes", Total: len(u.Volumes)}
	for _, v := range u.Volumes {
		r.RawSize += v.Size
		if v.Links > 0 {
			r.Active++
		} else {
			r.RawReclaimable += v.Size
		}
	}
	return r
}
