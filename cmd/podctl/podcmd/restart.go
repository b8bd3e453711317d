package podcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

type podRestarter interface {
	resolver
	// RestartPod restarts each container that is not paused.
	RestartPod(ctx context.Context, id string) error
}

type restartOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (podRestarter, error)

	Targets cmdutil.Targets
}

// NewCmdRestart returns "podctl pod restart".
func NewCmdRestart(f *cmdutil.Factory, runF func(context.Context, *restartOptions) error) *cobra.Command {
	opts := &restartOptions{IO: f.IO, Engine: func(ctx context.Context) (podRestarter, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "restart [options] POD [POD...]",
		Short: "Restart pods",
		Long: `Restart the containers of pods and print the pods' IDs. All that run are stopped,
then all are started, each after those it depends on. Paused containers are left
alone, and init containers are not run again.

Exit codes: 0 success, 125 error.`,
		Example: `podctl pod restart web
podctl pod restart --all`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return restartRun(cmd.Context(), opts)
		},
	}
	opts.Targets.Bind(cmd, cmdutil.TargetFlags{Kind: cmdutil.Pods})
	return cmd
}

func restartRun(ctx context.Context, opts *restartOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	return onEach(ctx, opts.IO, eng, &opts.Targets, printID, eng.RestartPod)
}
