package networkcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/network"
)

type remover interface {
	// RemoveNetwork removes a network named by name, ID or unique ID prefix.
	// ErrNoSuchNetwork, ErrNetworkInUse.
	RemoveNetwork(ctx context.Context, nameOrID string, opts network.RemoveOptions) error
}

type removeOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (remover, error)

	Names  []string
	Remove network.RemoveOptions
}

// NewCmdRemove returns "podctl network rm".
func NewCmdRemove(f *cmdutil.Factory, open Open, runF func(context.Context, *removeOptions) error) *cobra.Command {
	opts := &removeOptions{IO: f.IO, Engine: func(ctx context.Context) (remover, error) { return open(ctx) }}
	var timeout uint
	cmd := &cobra.Command{
		Use:     "rm [options] NETWORK [NETWORK...]",
		Aliases: []string{"remove"},
		Short:   "Remove networks",
		Long: `Remove networks and print their names. With --force the containers and pods on
a network are removed first, and a network that does not exist is no error.

Exit codes: 0 success, 1 no such network, 2 in use by a container, 125 other error.`,
		Example: `podctl network rm web
podctl network rm --force web`,
		Args: cmdutil.MinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Names = args
			if cmd.Flags().Changed("time") {
				if !opts.Remove.Force {
					return errors.New("--force option must be specified to use the --time option")
				}
				opts.Remove.Timeout = &timeout
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return removeRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&opts.Remove.Force, "force", "f", false, "Remove containers and pods on the network too")
	fs.UintVarP(&timeout, "time", "t", 0, "`Seconds` these containers get to stop")
	return cmd
}

func removeRun(ctx context.Context, opts *removeOptions) error {
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range opts.Names {
		err := engine.RemoveNetwork(ctx, name, opts.Remove)
		switch {
		case err == nil:
			fmt.Fprintln(opts.IO.Out, name)
		case errors.Is(err, errdefs.ErrNoSuchNetwork) && opts.Remove.Force:
			// Gone already, which is what was asked for.
		default:
			errs = append(errs, err)
		}
	}
	return cmdutil.RemoveError(errors.Join(errs...), errdefs.ErrNetworkInUse)
}
