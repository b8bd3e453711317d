package ctrcmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/cmd/podctl/internal/specflags"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type executor interface {
	killer
	// ResolveContainers finds all of a selection or fails.
	ResolveContainers(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
	// WaitContainer waits until a container is in one of the states.
	WaitContainer(ctx context.Context, id string, opts engine.WaitOptions) (int, error)
	// ExecContainer runs one more process in a running container.
	ExecContainer(ctx context.Context, id string, opts engine.ExecOptions) (engine.ExecResult, error)
}

type execOptions struct {
	Factory *cmdutil.Factory
	IO      *iostreams.IOStreams
	Engine  func(context.Context) (executor, error)

	// Container is a name or ID; empty with Latest.
	Container string
	Latest    bool
	// Wait is how long to wait for the container to run; 0: not.
	Wait       time.Duration
	Exec       engine.ExecOptions
	DetachKeys *string
	// PreserveFDs and PreserveFD are the descriptors to hand on.
	PreserveFDs uint
	PreserveFD  []uint
}

// execFlags are the flags as given.
type execFlags struct {
	env, envFiles       []string
	detachKeys, cidFile string
	wait                int
}

// NewCmdExec returns "podctl exec".
func NewCmdExec(f *cmdutil.Factory, runF func(context.Context, *execOptions) error) *cobra.Command {
	opts := &execOptions{Factory: f, IO: f.IO, Engine: func(ctx context.Context) (executor, error) { return f.Engine(ctx) }}
	var flags execFlags
	cmd := &cobra.Command{
		Use:   "exec [options] CONTAINER COMMAND [ARG...]",
		Short: "Run a command in a running container",
		Long: `Run one more process in a running container and stay with it until it has ended.
With --detach, print the ID of its session instead.

Exit codes: that of the process, 128+N when signal N killed it; 0 detached; 125
podctl failed, 126 the command could not be invoked, 127 it was not found.`,
		Example: `podctl exec -it web sh
podctl exec --user nobody web id`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := opts.fill(cmd, flags, args); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return execRun(cmd.Context(), opts)
		},
	}
	opts.bind(cmd, &flags)
	return cmd
}

func (o *execOptions) bind(cmd *cobra.Command, flags *execFlags) {
	fs := cmd.Flags()
	fs.SetInterspersed(false)
	fs.BoolVarP(&o.Exec.Detach, "detach", "d", false, "Run in the background and print the session ID")
	fs.StringVar(&flags.detachKeys, "detach-keys", "ctrl-p,ctrl-q", "`Keys` that detach; empty for none")
	fs.StringArrayVarP(&flags.env, "env", "e", nil, "Variable `NAME=VALUE`, or NAME or NAME* of the host")
	fs.StringArrayVar(&flags.envFiles, "env-file", nil, "Read variables from this `file`")
	fs.BoolVarP(&o.Exec.Stdin, "interactive", "i", false, "Keep standard input open")
	fs.BoolVar(&o.Exec.Privileged, "privileged", false, "Give the process all capabilities")
	fs.BoolVarP(&o.Exec.Terminal, "tty", "t", false, "Allocate a pseudo-terminal")
	fs.StringVarP(&o.Exec.User, "user", "u", "", "`user[:group]` to run as, names or numbers")
	fs.StringVarP(&o.Exec.WorkDir, "workdir", "w", "", "Working `directory`")
	fs.BoolVarP(&o.Latest, "latest", "l", false, "The container created last")
	fs.StringVar(&flags.cidFile, "cidfile", "", "Read the container ID from this `file`")
	fs.BoolVar(&o.Exec.NoSession, "no-session", false, "Keep no record of the session")
	fs.UintVar(&o.PreserveFDs, "preserve-fds", 0, "Pass this `number` of file descriptors after standard error")
	fs.UintSliceVar(&o.PreserveFD, "preserve-fd", nil, "Pass this file `descriptor`")
	fs.IntVar(&flags.wait, "wait", 0, "`Seconds` to wait for the container to run")
	fs.Lookup("wait").Hidden = true
}

// fill checks the command line and completes the options.
func (o *execOptions) fill(cmd *cobra.Command, flags execFlags, args []string) (err error) {
	changed := cmd.Flags().Changed
	switch {
	case o.Latest && flags.cidFile != "":
		return errors.New("--latest and --cidfile can not be used together")
	case len(args) == 0 && !o.Latest && flags.cidFile == "":
		return errors.New("exec requires the name or ID of a container or the --latest or --cidfile flag")
	case o.Exec.NoSession && (o.Exec.Detach || changed("detach-keys")):
		return errors.New("--no-session cannot be used with --detach or --detach-keys")
	case changed("preserve-fds") && changed("preserve-fd"):
		return errors.New("cannot specify both --preserve-fds and --preserve-fd")
	}
	switch {
	case flags.cidFile != "":
		if o.Container, err = cmdutil.Containers.ReadIDFile(flags.cidFile); err != nil {
			return err
		}
	case !o.Latest:
		o.Container, args = args[0], args[1:]
	}
	o.Exec.Command = args
	if changed("detach-keys") {
		o.DetachKeys = &flags.detachKeys
	}
	if changed("wait") {
		if flags.wait <= 0 {
			return errors.New("--wait must be greater than or equal to 1")
		}
		o.Wait = time.Duration(flags.wait) * time.Second
	}
	env, err := specflags.HostEnv(o.Factory.Argv)
	if err != nil {
		return err
	}
	o.Exec.Env, err = specflags.Variables(flags.envFiles, flags.env, env)
	return err
}

func execRun(ctx context.Context, opts *execOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	id, err := opts.find(ctx, eng)
	if err != nil {
		return err
	}
	fds, err := preservedFDs(opts.PreserveFDs, opts.PreserveFD)
	if err != nil {
		return err
	}
	defer closeAll(fds)
	exec := opts.Exec
	exec.PreserveFDs = fds
	if !exec.Detach {
		a := newAttachment(ctx, opts.Factory, eng, attachRequest{
			streams:  specflags.Streams{In: exec.Stdin, Out: true, Err: true},
			terminal: exec.Terminal, detachKeys: opts.DetachKeys,
		})
		defer a.end()
		exec.Attach = a.options
	}
	result, err := eng.ExecContainer(ctx, id, exec)
	if err != nil {
		return execError(err)
	}
	if exec.Detach {
		fmt.Fprintln(opts.IO.Out, result.SessionID)
		return nil
	}
	return cmdutil.Exit(result.ExitCode)
}

// find looks the container up and, with --wait, waits until it is there and runs.
func (o *execOptions) find(ctx context.Context, eng executor) (string, error) {
	sel := engine.Selection{Names: []string{o.Container}, Latest: o.Latest}
	if o.Wait == 0 {
		return resolveOne(ctx, eng, sel)
	}
	limited, cancel := context.WithTimeout(ctx, o.Wait)
	defer cancel()
	const between = 100 * time.Millisecond // what is not there yet cannot be watched
	for {
		id, err := resolveOne(limited, eng, sel)
		if err == nil {
			_, err = eng.WaitContainer(limited, id, engine.WaitOptions{Conditions: []string{string(container.Running)}, Interval: between})
		}
		switch {
		case err == nil:
			return id, nil
		case limited.Err() != nil && ctx.Err() == nil:
			return "", fmt.Errorf("timed out waiting for container: %s", o.Container)
		case !errors.Is(err, errdefs.ErrNoSuchCtr):
			return "", err
		}
		select {
		case <-limited.Done():
		case <-time.After(between):
		}
	}
}

// resolveOne finds the one container of a selection.
func resolveOne(ctx context.Context, eng interface {
	ResolveContainers(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
}, sel engine.Selection) (string, error) {
	targets, err := eng.ResolveContainers(ctx, sel)
	if err != nil {
		return "", err
	}
	return targets[0].ID, nil
}
