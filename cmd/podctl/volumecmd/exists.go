package volumecmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

// NewCmdExists returns "podctl volume exists".
func NewCmdExists(open Open) *cobra.Command {
	return cmdutil.Existence{
		Kind: "volume", By: "name", Arg: "VOLUME",
		Example: `podctl volume exists data || podctl volume create data`,
		Find: func(ctx context.Context, name string) (bool, error) {
			eng, err := open(ctx)
			if err != nil {
				return false, err
			}
			return eng.VolumeExists(ctx, name)
		},
	}.NewCmd()
}
