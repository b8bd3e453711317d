package syscmd

import (
	"context"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type describer interface {
	// Info describes the host, the stores, and what was chosen for them.
	Info(ctx context.Context) (*engine.Info, error)
}

type infoOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (describer, error)

	Format string
}

// NewCmdInfo returns "podctl info", which is "podctl system info" too.
func NewCmdInfo(f *cmdutil.Factory, runF func(context.Context, *infoOptions) error) *cobra.Command {
	opts := &infoOptions{IO: f.IO, Engine: func(ctx context.Context) (describer, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "info [options]",
		Short: "Show the host and what podctl chose for it",
		Long: `Show the host, the stores, the helper programs, and why each of them was chosen. What is
missing is said in its place.

Exit codes: 0 success, 125 error.`,
		Example: `podctl info
podctl info --format '{{.Host.OCIRuntime.Name}} {{.Host.CgroupsVersion}}'`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return infoRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVarP(&opts.Format, "format", "f", "", "Print as json or with a Go `template`")
	return cmd
}

// infoIndent is the number of blanks per level of the JSON.
const infoIndent = 2

func infoRun(ctx context.Context, opts *infoOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	info, err := eng.Info(ctx)
	if err != nil {
		return err
	}
	if opts.Format != "" {
		return cmdutil.RenderOne(opts.IO.Out, "info", opts.Format, "", infoIndent, info)
	}
	text, err := yaml.Marshal(info)
	if err != nil {
		return err
	}
	_, err = opts.IO.Out.Write(text)
	return err
}
