package syscmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type unshareOptions struct {
	Engine func(context.Context) (*engine.Runtime, error)
	Argv   []string
}

// NewCmdUnshare returns "podctl unshare". A test gives runF to see the options
// instead of running the command.
func NewCmdUnshare(f *cmdutil.Factory, runF func(context.Context, *unshareOptions) error) *cobra.Command {
	opts := &unshareOptions{Engine: f.Engine}
	cmd := &cobra.Command{
		Use:   "unshare [COMMAND [ARG...]]",
		Short: "Run a command in the user's namespaces",
		Long: `Run a command, by default a shell, in the user and mount namespaces that the
containers of an ordinary user are in: there the user is root, owns what
containers own, and sees what is mounted for them.

Exit codes: that of the command; 125 error, 126 the command cannot be invoked, 127 it was not found.`,
		Example: `podctl unshare chown -R 100:100 ./data
podctl unshare sh -c 'ls "$(podctl mount web)"'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Argv = args
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return unshareRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// unshareRun becomes the command. podctl is in the namespaces by now.
func unshareRun(ctx context.Context, opts *unshareOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	if !eng.Settings().Rootless {
		return fmt.Errorf("please use unshare with rootless: root needs no user namespace: %w", errdefs.ErrUnsupported)
	}
	argv := opts.Argv
	if len(argv) == 0 {
		shell := os.Getenv("SHELL")
		if shell == "" {
			shell = "/bin/sh"
		}
		argv = []string{shell}
	}
	path, err := exec.LookPath(argv[0])
	if err == nil {
		err = syscall.Exec(path, argv, os.Environ())
	}
	code := cmdutil.ExitCannotRun
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		code = cmdutil.ExitNoSuchEntry
	}
	return cmdutil.WithCode(code, err)
}
