package ctrcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

// NewCmdExists returns "podctl container exists".
func NewCmdExists(f *cmdutil.Factory) *cobra.Command {
	var external bool
	cmd := cmdutil.Existence{
		Kind: "container", By: "name or ID", Arg: "[options] CONTAINER",
		Example: `podctl container exists web || podctl create --name web nginx`,
		Find: func(ctx context.Context, name string) (bool, error) {
			eng, err := f.Engine(ctx)
			if err != nil {
				return false, err
			}
			return eng.ContainerExists(ctx, name, external)
		},
	}.NewCmd()
	cmd.Flags().BoolVar(&external, "external", false, "Look for containers other programs made in the image store too")
	return cmd
}
