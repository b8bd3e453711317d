package ctrcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
)

type renamer interface {
	RenameContainer(ctx context.Context, nameOrID, name string) error
}

type renameOptions struct {
	Engine func(context.Context) (renamer, error)

	Container, Name string
}

// NewCmdRename returns "podctl rename".
func NewCmdRename(f *cmdutil.Factory, runF func(context.Context, *renameOptions) error) *cobra.Command {
	opts := &renameOptions{Engine: func(ctx context.Context) (renamer, error) { return f.Engine(ctx) }}
	return &cobra.Command{
		Use:   "rename CONTAINER NAME",
		Short: "Rename a container",
		Long: `Give a container another name. It may run.

Exit codes: 0 success, 125 error.`,
		Example: `podctl rename web front`,
		Args:    cmdutil.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Container, opts.Name = args[0], args[1]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return renameRun(cmd.Context(), opts)
		},
	}
}

func renameRun(ctx context.Context, opts *renameOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	return eng.RenameContainer(ctx, opts.Container, opts.Name)
}
