package podcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

type podPauser interface {
	resolver
	// PausePod freezes every running container.
	PausePod(ctx context.Context, id string) error
}

type pauseOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (podPauser, error)

	Targets cmdutil.Targets
}

// NewCmdPause returns "podctl pod pause".
func NewCmdPause(f *cmdutil.Factory, runF func(context.Context, *pauseOptions) error) *cobra.Command {
	opts := &pauseOptions{IO: f.IO, Engine: func(ctx context.Context) (podPauser, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "pause [options] POD [POD...]",
		Short: "Pause pods",
		Long: `Freeze every running container of pods and print the pods' IDs.

Exit codes: 0 success, 125 error.`,
		Example: `podctl pod pause web`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return pauseRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Pods})
	return cmd
}

func pauseRun(ctx context.Context, opts *pauseOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	return onEach(ctx, opts.IO, eng, &opts.Targets, printID, eng.PausePod)
}
