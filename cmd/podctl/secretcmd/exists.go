package secretcmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type finder interface {
	// Secret finds a secret by name, ID or ID prefix. ErrNoSuchSecret.
	Secret(ctx context.Context, nameOrID string) (engine.Secret, error)
}

type existsOptions struct {
	Engine func(context.Context) (finder, error)

	Name string
}

// NewCmdExists returns "podctl secret exists".
func NewCmdExists(_ *cmdutil.Factory, open Open, runF func(context.Context, *existsOptions) error) *cobra.Command {
	opts := &existsOptions{Engine: func(ctx context.Context) (finder, error) { return open(ctx) }}
	return &cobra.Command{
		Use:   "exists SECRET",
		Short: "Tell whether a secret exists",
		Long: `Tell by the exit code whether a secret of that name or ID exists.

Exit codes: 0 it exists, 1 it does not, 125 error.`,
		Example: `podctl secret exists password || podctl secret create password ./password.txt`,
		Args:    cmdutil.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Name = args[0]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return existsRun(cmd.Context(), opts)
		},
	}
}

func existsRun(ctx context.Context, opts *existsOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	_, err = eng.Secret(ctx, opts.Name)
	if errors.Is(err, errdefs.ErrNoSuchSecret) {
		return cmdutil.Exit(cmdutil.ExitNotFound)
	}
	return err
}
