package volumecmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/volume"
)

type creator interface {
	// CreateVolume makes a volume and returns it; with IgnoreIfExists, the one
	// that has the name. ErrVolumeExists.
	CreateVolume(ctx context.Context, opts volume.CreateOptions) (*volume.Volume, error)
}

type createOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (creator, error)

	Create  volume.CreateOptions
	Labels  []string
	Options []string
}

// NewCmdCreate returns "podctl volume create".
func NewCmdCreate(f *cmdutil.Factory, open Open, runF func(context.Context, *createOptions) error) *cobra.Command {
	opts := &createOptions{IO: f.IO, Engine: func(ctx context.Context) (creator, error) { return open(ctx) }}
	var uid, gid int
	cmd := &cobra.Command{
		Use:   "create [options] [NAME]",
		Short: "Create a volume",
		Long: `Create a volume and print its name. Without a name a random one is made.

Options of the driver local: type, device and o, as for mount(8), to mount a
file system of its own; o also takes uid, gid, size, inodes, copy, nocopy and
noquota.

Exit codes: 0 success, 125 error.`,
		Example: `podctl volume create data
podctl volume create --opt type=tmpfs --opt o=size=64m scratch`,
		Args: cmdutil.MaxArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Create.Name = args[0]
			}
			if cmd.Flags().Changed("uid") {
				opts.Create.UID = &uid
			}
			if cmd.Flags().Changed("gid") {
				opts.Create.GID = &gid
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return createRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&opts.Create.Driver, "driver", "d", volume.DriverLocal, "Volume `driver`")
	fs.BoolVar(&opts.Create.IgnoreIfExists, "ignore", false, "Do not fail if the volume exists")
	fs.StringArrayVarP(&opts.Labels, "label", "l", nil, "Set a `label`, key=value")
	fs.StringArrayVarP(&opts.Options, "opt", "o", nil, "Set a driver `option`, key=value")
	fs.IntVar(&uid, "uid", 0, "User `ID` that owns the volume")
	fs.IntVar(&gid, "gid", 0, "Group `ID` that owns the volume")
	return cmd
}

func createRun(ctx context.Context, opts *createOptions) error {
	var err error
	if opts.Create.Labels, err = cmdutil.KeyValues(opts.Labels); err != nil {
		return fmt.Errorf("unable to process labels: %w", err)
	}
	if opts.Create.Options, err = cmdutil.KeyValues(opts.Options); err != nil {
		return fmt.Errorf("unable to process options: %w", err)
	}
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	made, err := engine.CreateVolume(ctx, opts.Create)
	if err != nil {
		return err
	}
	fmt.Fprintln(opts.IO.Out, made.Name)
	return nil
}
