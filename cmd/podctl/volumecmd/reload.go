package volumecmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type reloadOptions struct{}

// NewCmdReload returns "podctl volume reload". Volumes of plugins could change
// behind our back; there are no plugins, so there is nothing to do.
func NewCmdReload(_ *cmdutil.Factory, runF func(context.Context, *reloadOptions) error) *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "Look again for volumes of plugins",
		Long: `Look again for volumes of plugins. podctl has no volume plugins, so that nothing
changes and nothing is printed.

Exit codes: 0 success, 125 error.`,
		Example: `podctl volume reload`,
		Args:    cmdutil.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), &reloadOptions{})
			}
			return nil
		},
	}
}
