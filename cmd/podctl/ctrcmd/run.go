package ctrcmd

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/cmd/podctl/internal/specflags"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type runner interface {
	killer
	// RunContainer creates and starts a container, and stays with it unless detached.
	RunContainer(ctx context.Context, opts engine.RunOptions) (engine.RunResult, error)
}

type runOptions struct {
	IO      *iostreams.IOStreams
	Factory *cmdutil.Factory
	Engine  func(context.Context) (runner, error)

	Create     *engine.CreateOptions
	Detach     bool
	Streams    specflags.Streams
	SigProxy   bool
	DetachKeys *string
}

// NewCmdRun returns "podctl run".
func NewCmdRun(f *cmdutil.Factory, runF func(context.Context, *runOptions) error) *cobra.Command {
	opts := &runOptions{IO: f.IO, Factory: f, Engine: func(ctx context.Context) (runner, error) { return f.Engine(ctx) }}
	var (
		flags    specflags.ContainerFlags
		runFlags specflags.RunFlags
	)
	cmd := &cobra.Command{
		Use:   "run [options] IMAGE [COMMAND [ARG...]]",
		Short: "Create a container and run a command in it",
		Long: `Create a container, start it and stay with it until its process has ended. The
image is pulled if it is missing. With --detach, print its ID instead.

Exit codes: that of the process, 128+N when signal N killed it; 0 detached; 125
podctl failed, 126 the command could not be invoked, 127 it was not found.`,
		Example: `podctl run --rm -it busybox sh
podctl run -d --pod web --name front nginx`,
		Args: cmdutil.MinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := opts.fill(&flags, &runFlags, f.Argv, args); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runRun(cmd.Context(), opts)
		},
	}
	flags.Bind(cmd)
	runFlags.Bind(cmd)
	return cmd
}

func (o *runOptions) fill(flags *specflags.ContainerFlags, runFlags *specflags.RunFlags, argv, args []string) error {
	env, err := specflags.HostEnv(argv)
	if err != nil {
		return err
	}
	if o.Create, err = flags.Options(env, args); err != nil {
		return err
	}
	if err := runFlags.Apply(o.Create.Config, env); err != nil {
		return err
	}
	o.Streams, err = flags.Attach()
	o.Detach, o.SigProxy, o.DetachKeys = runFlags.Detach, runFlags.SigProxy, runFlags.DetachKeys()
	return err
}

func runRun(ctx context.Context, opts *runOptions) error {
	c := opts.Create.Config
	if !opts.Detach {
		warnAboutTerminal(opts.IO, c)
	}
	file, err := newIDFile(c.CIDFile)
	if err != nil {
		return err
	}
	result, err := runWith(ctx, opts, file)
	if result.ID == "" {
		_ = file.write("") // nothing was created: the file goes again
	}
	if err != nil {
		return runError(err)
	}
	if opts.Detach {
		fmt.Fprintln(opts.IO.Out, result.ID)
	}
	return cmdutil.Exit(result.ExitCode)
}

func runWith(ctx context.Context, opts *runOptions, file *idFile) (engine.RunResult, error) {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return engine.RunResult{}, err
	}
	c := opts.Create.Config
	fds, err := preservedFDs(c.PreserveFDs, c.PreserveFD)
	if err != nil {
		return engine.RunResult{}, err
	}
	defer closeAll(fds)
	run := engine.RunOptions{
		Create: *opts.Create, Detach: opts.Detach, PreserveFDs: fds, Created: file.write,
		Stdio: stdio(opts.IO),
	}
	if !opts.Detach {
		a := newAttachment(ctx, opts.Factory, eng, attachRequest{
			streams: opts.Streams, terminal: c.Terminal, sigProxy: opts.SigProxy, detachKeys: opts.DetachKeys,
		})
		defer a.end()
		run.Attach = a.options
	}
	return eng.RunContainer(ctx, run)
}

// stdio are the files behind the streams, for a process that gets them as its own.
func stdio(ios *iostreams.IOStreams) (files [3]*os.File) {
	for i, stream := range []any{ios.In, ios.ContainerOut, ios.ErrOut} {
		if file, ok := iostreams.File(stream); ok {
			files[i] = file
		}
	}
	return files
}
