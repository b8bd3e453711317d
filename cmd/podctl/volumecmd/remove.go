package volumecmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/volume"
)

type remover interface {
	inspector
	// RemoveVolume removes the volume of exactly that name. ErrNoSuchVolume,
	// ErrVolumeInUse.
	RemoveVolume(ctx context.Context, name string, opts volume.RemoveOptions) error
}

type removeOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (remover, error)

	Names  []string
	All    bool
	Remove volume.RemoveOptions
}

// NewCmdRemove returns "podctl volume rm".
func NewCmdRemove(f *cmdutil.Factory, open Open, runF func(context.Context, *removeOptions) error) *cobra.Command {
	opts := &removeOptions{IO: f.IO, Engine: func(ctx context.Context) (remover, error) { return open(ctx) }}
	var timeout uint
	cmd := &cobra.Command{
		Use:     "rm [options] VOLUME [VOLUME...]",
		Aliases: []string{"remove"},
		Short:   "Remove volumes",
		Long: `Remove volumes with their content and print their names. With --force the
containers that use a volume are removed first, and a volume that does not exist
is no error.

Exit codes: 0 success, 1 no such volume, 2 in use by a container, 125 other error.`,
		Example: `podctl volume rm data
podctl volume rm --all --force`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Names = args
			if (len(args) > 0) == opts.All {
				return errors.New("choose either one or more volumes or all")
			}
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
	fs.BoolVarP(&opts.All, "all", "a", false, "Remove all volumes")
	fs.BoolVarP(&opts.Remove.Force, "force", "f", false, "Remove containers that use the volume too")
	fs.UintVarP(&timeout, "time", "t", 0, "`Seconds` these containers get to stop")
	return cmd
}

func removeRun(ctx context.Context, opts *removeOptions) error {
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	names, errs := opts.resolve(ctx, engine)
	for _, name := range names {
		err := engine.RemoveVolume(ctx, name, opts.Remove)
		switch {
		case err == nil:
			fmt.Fprintln(opts.IO.Out, name)
		case errors.Is(err, errdefs.ErrNoSuchVolume) && (opts.Remove.Force || opts.All):
			// Gone already, which is what was asked for.
		default:
			errs = append(errs, err)
		}
	}
	return cmdutil.RemoveError(errors.Join(errs...), errdefs.ErrVolumeInUse)
}

// resolve returns the names of what is to be removed. It is done before the first
// removal: a prefix could be another volume's after it.
func (opts *removeOptions) resolve(ctx context.Context, engine remover) (names []string, errs []error) {
	if opts.All {
		list, err := engine.ListVolumes(ctx, nil)
		for _, v := range list {
			names = append(names, v.Name)
		}
		if err != nil {
			errs = append(errs, err)
		}
		return names, errs
	}
	for _, text := range opts.Names {
		v, err := engine.InspectVolume(ctx, text)
		switch {
		case err == nil:
			names = append(names, v.Name)
		case errors.Is(err, errdefs.ErrNoSuchVolume) && opts.Remove.Force:
			// Gone already.
		default:
			errs = append(errs, err)
		}
	}
	return names, errs
}
