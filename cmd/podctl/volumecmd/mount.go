package volumecmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
)

type mounter interface {
	// MountVolume makes a volume's content reachable on the host and returns
	// where. Each call is undone by one of UnmountVolume, which returns the
	// volume's name. Both take a name or unique prefix; ErrNoSuchVolume.
	MountVolume(ctx context.Context, name string) (path string, err error)
	UnmountVolume(ctx context.Context, name string) (fullName string, err error)
}

type mountOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (mounter, error)

	Names []string
}

// NewCmdMount returns "podctl volume mount".
func NewCmdMount(f *cmdutil.Factory, open Open, runF func(context.Context, *mountOptions) error) *cobra.Command {
	return mountCommand(f, open, runF, mountVerb{
		use: "mount VOLUME [VOLUME...]", short: "Mount volumes",
		long:    "Mount volumes and print where their content is.\n\nExit codes: 0 success, 125 error.",
		example: "podctl volume mount data",
		do:      func(ctx context.Context, m mounter, name string) (string, error) { return m.MountVolume(ctx, name) },
	})
}

// NewCmdUnmount returns "podctl volume unmount".
func NewCmdUnmount(f *cmdutil.Factory, open Open, runF func(context.Context, *mountOptions) error) *cobra.Command {
	cmd := mountCommand(f, open, runF, mountVerb{
		use: "unmount VOLUME [VOLUME...]", short: "Unmount volumes",
		long:    "Undo one mount of each volume and print their names.\n\nExit codes: 0 success, 125 error.",
		example: "podctl volume unmount data",
		do:      func(ctx context.Context, m mounter, name string) (string, error) { return m.UnmountVolume(ctx, name) },
	})
	cmd.Aliases = []string{"umount"}
	return cmd
}

// mountVerb is what tells the two commands apart.
type mountVerb struct {
	use, short, long, example string
	do                        func(context.Context, mounter, string) (string, error)
}

func mountCommand(f *cmdutil.Factory, open Open, runF func(context.Context, *mountOptions) error, verb mountVerb) *cobra.Command {
	opts := &mountOptions{IO: f.IO, Engine: func(ctx context.Context) (mounter, error) { return open(ctx) }}
	return &cobra.Command{
		Use: verb.use, Short: verb.short, Long: verb.long, Example: verb.example,
		Args: cmdutil.MinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Names = args
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return mountRun(cmd.Context(), opts, verb)
		},
	}
}

func mountRun(ctx context.Context, opts *mountOptions, verb mountVerb) error {
	engine, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range opts.Names {
		result, err := verb.do(ctx, engine, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintln(opts.IO.Out, result)
	}
	return errors.Join(errs...)
}
