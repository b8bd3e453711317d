package ctrcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/cmd/podctl/internal/specflags"
	"github.com/podctl/podctl/pkg/container"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type creator interface {
	// CreateContainer makes a container and returns its ID; on error nothing is left.
	CreateContainer(ctx context.Context, opts engine.CreateOptions) (string, error)
}

type createOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (creator, error)

	Create *engine.CreateOptions
}

// NewCmdCreate returns "podctl create".
func NewCmdCreate(f *cmdutil.Factory, runF func(context.Context, *createOptions) error) *cobra.Command {
	opts := &createOptions{IO: f.IO, Engine: func(ctx context.Context) (creator, error) { return f.Engine(ctx) }}
	var flags specflags.ContainerFlags
	cmd := &cobra.Command{
		Use:   "create [options] IMAGE [COMMAND [ARG...]]",
		Short: "Create a container",
		Long: `Create a container without starting it and print its ID. The image is pulled if
it is missing.

Exit codes: 0 success, 125 error.`,
		Example: `podctl create --name db -v data:/var/lib/db postgres
podctl create --pod web --init-ctr once busybox /bin/prepare`,
		Args: cmdutil.MinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := specflags.HostEnv(f.Argv)
			if err != nil {
				return err
			}
			if opts.Create, err = flags.Options(env, args); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return createRun(cmd.Context(), opts)
		},
	}
	flags.Bind(cmd)
	flags.BindInit(cmd)
	return cmd
}

func createRun(ctx context.Context, opts *createOptions) error {
	warnAboutTerminal(opts.IO, opts.Create.Config)
	file, err := newIDFile(opts.Create.Config.CIDFile)
	if err != nil {
		return err
	}
	id, err := createWith(ctx, opts)
	if err := errors.Join(err, file.write(id)); err != nil {
		return err
	}
	fmt.Fprintln(opts.IO.Out, id)
	return nil
}

func createWith(ctx context.Context, opts *createOptions) (string, error) {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return "", err
	}
	return eng.CreateContainer(ctx, *opts.Create)
}

// warnAboutTerminal tells that a terminal for the container needs one here.
func warnAboutTerminal(ios *iostreams.IOStreams, c *container.Config) {
	if c.Terminal && c.Stdin && !ios.InIsTerminal() {
		logrus.Warn("The input device is not a TTY. The --tty and --interactive flags might not work properly")
	}
}
