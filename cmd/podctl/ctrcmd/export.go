package ctrcmd

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type exporter interface {
	// ResolveContainers finds all of a selection or fails.
	ResolveContainers(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
	// ExportContainer writes a root filesystem as a tar archive.
	ExportContainer(ctx context.Context, id string, w io.Writer) error
}

type exportOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (exporter, error)

	Container string
	// Output is the file, "" for standard output.
	Output string
}

// NewCmdExport returns "podctl export".
func NewCmdExport(f *cmdutil.Factory, runF func(context.Context, *exportOptions) error) *cobra.Command {
	opts := &exportOptions{IO: f.IO, Engine: func(ctx context.Context) (exporter, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "export [options] CONTAINER",
		Short: "Write a container's root filesystem to an archive",
		Long: `Write the root filesystem of a container, without its volumes, to a tar archive.

Exit codes: 0 success, 125 error.`,
		Example: `podctl export --output web.tar web
podctl export web | tar -t`,
		Args: cmdutil.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Container = args[0]
			if opts.Output == "" && opts.IO.OutIsTerminal() {
				return errors.New("refusing to export to terminal. Use -o flag or redirect")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return exportRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVarP(&opts.Output, "output", "o", "", "Write to this `file` instead of standard output")
	return cmd
}

func exportRun(ctx context.Context, opts *exportOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	found, err := eng.ResolveContainers(ctx, engine.Selection{Names: []string{opts.Container}})
	if err != nil {
		return err
	}
	if opts.Output == "" {
		return eng.ExportContainer(ctx, found[0].ID, opts.IO.Out)
	}
	file, err := os.Create(opts.Output)
	if err != nil {
		return err
	}
	return errors.Join(eng.ExportContainer(ctx, found[0].ID, file), file.Close())
}
