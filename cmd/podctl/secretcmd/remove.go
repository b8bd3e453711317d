package secretcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
)

type remover interface {
	lister
	// RemoveSecret removes a secret and returns its ID. ErrNoSuchSecret.
	RemoveSecret(ctx context.Context, nameOrID string) (string, error)
}

type removeOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (remover, error)

	Names  []string
	All    bool
	Ignore bool
}

// NewCmdRemove returns "podctl secret rm".
func NewCmdRemove(f *cmdutil.Factory, open Open, runF func(context.Context, *removeOptions) error) *cobra.Command {
	opts := &removeOptions{IO: f.IO, Engine: func(ctx context.Context) (remover, error) { return open(ctx) }}
	cmd := &cobra.Command{
		Use:   "rm [options] SECRET [SECRET...]",
		Short: "Remove secrets",
		Long: `Remove secrets and print their IDs. Containers that exist keep theirs.

Exit codes: 0 success, 125 error.`,
		Example: `podctl secret rm password
podctl secret rm --all`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Names = args
			if (len(args) > 0) == opts.All {
				return errors.New("`podman secret rm` requires one argument, or the --all flag")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return removeRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&opts.All, "all", "a", false, "Remove all secrets")
	fs.BoolVarP(&opts.Ignore, "ignore", "i", false, "Ignore a secret that does not exist")
	return cmd
}

func removeRun(ctx context.Context, opts *removeOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	names := opts.Names
	if opts.All {
		list, err := eng.ListSecrets(ctx)
		if err != nil {
			return err
		}
		for _, s := range list {
			names = append(names, s.ID)
		}
	}
	var errs []error
	for _, name := range names {
		id, err := eng.RemoveSecret(ctx, name)
		switch {
		case err == nil:
			fmt.Fprintln(opts.IO.Out, id)
		case errors.Is(err, errdefs.ErrNoSuchSecret) && (opts.Ignore || opts.All):
			// Gone already, which is what was asked for.
		default:
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
