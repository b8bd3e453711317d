package imagecmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type existence interface {
	Exists(ctx context.Context, ref string) (bool, error)
}

// NewCmdExists returns "podctl image exists".
func NewCmdExists(open Open) *cobra.Command {
	return newCmdExists(func(ctx context.Context) (existence, error) { return open(ctx) })
}

func newCmdExists(open func(context.Context) (existence, error)) *cobra.Command {
	return cmdutil.Existence{
		Kind: "local image", By: "name or ID", Arg: "IMAGE",
		Example: `podctl image exists busybox || podctl pull busybox`,
		Find: func(ctx context.Context, ref string) (bool, error) {
			images, err := open(ctx)
			if err != nil {
				return false, err
			}
			return images.Exists(ctx, ref)
		},
	}.NewCmd()
}
