package podcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type podFinder interface {
	// PodExists is an error for an ambiguous ID prefix.
	PodExists(ctx context.Context, nameOrID string) (bool, error)
}

// NewCmdExists returns "podctl pod exists".
func NewCmdExists(f *cmdutil.Factory) *cobra.Command {
	return newCmdExists(func(ctx context.Context) (podFinder, error) { return f.Engine(ctx) })
}

func newCmdExists(open func(context.Context) (podFinder, error)) *cobra.Command {
	return cmdutil.Existence{
		Kind: "pod", By: "name or ID", Arg: "POD",
		Example: `podctl pod exists web || podctl pod create web`,
		Find: func(ctx context.Context, name string) (bool, error) {
			eng, err := open(ctx)
			if err != nil {
				return false, err
			}
			return eng.PodExists(ctx, name)
		},
	}.NewCmd()
}
