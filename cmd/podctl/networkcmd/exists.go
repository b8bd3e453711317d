package networkcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

// NewCmdExists returns "podctl network exists".
func NewCmdExists(open Open) *cobra.Command {
	return cmdutil.Existence{
		Kind: "network", By: "name or ID", Arg: "NETWORK",
		Example: `podctl network exists web || podctl network create web`,
		Find: func(ctx context.Context, name string) (bool, error) {
			eng, err := open(ctx)
			if err != nil {
				return false, err
			}
			return eng.NetworkExists(ctx, name)
		},
	}.NewCmd()
}
