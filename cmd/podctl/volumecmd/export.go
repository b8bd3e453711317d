package volumecmd

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/volume"
)

type exportOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (mounter, error)

	Name   string
	Output string
}

// NewCmdExport returns "podctl volume export".
func NewCmdExport(f *cmdutil.Factory, open Open, runF func(context.Context, *exportOptions) error) *cobra.Command {
	opts := &exportOptions{IO: f.IO, Engine: func(ctx context.Context) (mounter, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "export [options] VOLUME",
		Short: "Write a volume's content to an archive",
		Long: `Write the content of a volume to a tar archive.

Exit codes: 0 success, 125 error.`,
		Example: `podctl volume export --output data.tar data
podctl volume export data | podctl volume import copy -`,
		Args: cmdutil.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Name = args[0]
			if opts.Output == "" && opts.IO.OutIsTerminal() {
				return errors.New("cannot write to terminal, use command-line redirection or the --output flag")
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
	return withMounted(ctx, opts.Engine, opts.Name, func(dir string) error {
		if opts.Output == "" {
			return volume.Export(ctx, dir, opts.IO.Out)
		}
		file, err := os.Create(opts.Output)
		if err != nil {
			return err
		}
		return errors.Join(volume.Export(ctx, dir, file), file.Close())
	})
}

// withMounted runs fn while the volume's content is reachable.
func withMounted(ctx context.Context, open func(context.Context) (mounter, error), name string, fn func(dir string) error) error {
	engine, err := open(ctx)
	if err != nil {
		return err
	}
	dir, err := engine.MountVolume(ctx, name)
	if err != nil {
		return err
	}
	err = fn(dir)
	_, undo := engine.UnmountVolume(context.WithoutCancel(ctx), name)
	return errors.Join(err, undo)
}

type importOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (mounter, error)

	Name   string
	Source string
}

// NewCmdImport returns "podctl volume import".
func NewCmdImport(f *cmdutil.Factory, open Open, runF func(context.Context, *importOptions) error) *cobra.Command {
	opts := &importOptions{IO: f.IO, Engine: func(ctx context.Context) (mounter, error) { return open(ctx) }}
	return &cobra.Command{
		Use:   "import VOLUME SOURCE",
		Short: "Unpack an archive into a volume",
		Long: `Unpack a tar archive, or with - standard input, into a volume that exists.

Exit codes: 0 success, 125 error.`,
		Example: `podctl volume import data data.tar
gunzip -c data.tar.gz | podctl volume import data -`,
		Args: cmdutil.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Name, opts.Source = args[0], args[1]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return importRun(cmd.Context(), opts)
		},
	}
}

func importRun(ctx context.Context, opts *importOptions) error {
	source := opts.IO.In
	if opts.Source != "-" {
		file, err := os.Open(opts.Source)
		if err != nil {
			return err
		}
		defer file.Close()
		source = file
	}
	return withMounted(ctx, opts.Engine, opts.Name, func(dir string) error {
		return volume.Import(ctx, dir, source)
	})
}
