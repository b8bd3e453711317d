package syscmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/settings"
)

type resetter interface {
	// ResetSystem removes everything, as far as it can.
	ResetSystem(ctx context.Context) error
	Settings() *settings.Settings
}

type resetOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (resetter, error)

	Force bool
}

// exitResetUnconfirmed is the exit code for a question nobody answered.
const exitResetUnconfirmed = 1

// NewCmdReset returns "podctl system reset".
func NewCmdReset(f *cmdutil.Factory, runF func(context.Context, *resetOptions) error) *cobra.Command {
	opts := &resetOptions{IO: f.IO, Engine: func(ctx context.Context) (resetter, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "reset [options]",
		Short: "Remove everything",
		Long: `Remove all pods, containers, images, networks, volumes and secrets. The image
store is emptied for other programs that use it, too. What cannot be removed is
told and is no error.

Exit codes: 0 success or declined, 1 no answer, 125 error.`,
		Example: `podctl system reset
podctl system reset --force`,
		Args: cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return resetRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVarP(&opts.Force, "force", "f", false, "Do not ask")
	return cmd
}

func resetRun(ctx context.Context, opts *resetOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	if !opts.Force {
		yes, err := cmdutil.Confirm(opts.IO, resetWarning(eng.Settings()))
		if err != nil || !yes {
			return cmdutil.WithCode(exitResetUnconfirmed, err)
		}
	}
	if err := eng.ResetSystem(ctx); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			logrus.Warn(line)
		}
	}
	return nil
}

func resetWarning(s *settings.Settings) string {
	return fmt.Sprintf(`WARNING! This will remove:
        - all containers
        - all pods
        - all images
        - all networks
        - all build cache
        - all volumes
        - all secrets
        - the contents of the graph root: %q
`, s.GraphRoot)
}
