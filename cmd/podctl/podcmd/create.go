package podcmd

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

type creator interface {
	// CreatePod makes a pod and returns its ID; on error nothing is left.
	CreatePod(ctx context.Context, opts engine.PodCreateOptions) (string, error)
}

type createOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (creator, error)

	Create *engine.PodCreateOptions
	IDFile string // where the ID is written, "" for nowhere
}

// NewCmdCreate returns "podctl pod create".
func NewCmdCreate(f *cmdutil.Factory, runF func(context.Context, *createOptions) error) *cobra.Command {
	opts := &createOptions{IO: f.IO, Engine: func(ctx context.Context) (creator, error) { return f.Engine(ctx) }}
	var flags specflags.PodFlags
	cmd := &cobra.Command{
		Use:   "create [options] [NAME]",
		Short: "Create a pod",
		Long: `Create a pod and print its ID. Without a name a random one is made. The infra
container, which holds the namespaces the pod shares, is created and not started.

Exit codes: 0 success, 125 error.`,
		Example: `podctl pod create --name web -p 8080:80
podctl pod create --share +pid --memory 512m jobs`,
		Args: cmdutil.MaxArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := specflags.HostEnv(f.Argv)
			if err != nil {
				return err
			}
			if opts.Create, err = flags.Options(env, args); err != nil {
				return err
			}
			opts.IDFile = flags.IDFile
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return createRun(cmd.Context(), opts)
		},
	}
	flags.Bind(cmd)
	return cmd
}

func createRun(ctx context.Context, opts *createOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	id, err := eng.CreatePod(ctx, *opts.Create)
	if err != nil {
		return err
	}
	if opts.IDFile != "" {
		if err := os.WriteFile(opts.IDFile, []byte(id), 0o644); err != nil {
			return fmt.Errorf("failed to write pod ID to file: creating idfile: %w", err)
		}
	}
	fmt.Fprintln(opts.IO.Out, id)
	return nil
}
