package secretcmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/errdefs"
)

// NewCmdExists returns "podctl secret exists".
func NewCmdExists(open Open) *cobra.Command {
	return cmdutil.Existence{
		Kind: "secret", By: "name or ID", Arg: "SECRET",
		Example: `podctl secret exists password || podctl secret create password ./password.txt`,
		Find: func(ctx context.Context, name string) (bool, error) {
			eng, err := open(ctx)
			if err != nil {
				return false, err
			}
			_, err = eng.Secret(ctx, name)
			if errors.Is(err, errdefs.ErrNoSuchSecret) {
				return false, nil
			}
			return err == nil, err
		},
	}.NewCmd()
}
