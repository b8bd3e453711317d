package podcmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type podTopper interface {
	resolver
	// TopPod lists the processes of a pod's running containers.
	TopPod(ctx context.Context, podID string, args []string) ([][]string, error)
}

type topOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (podTopper, error)

	Pod     string
	Latest  bool
	Columns []string
	// List shows the names of the columns instead.
	List bool
}

// NewCmdTop returns "podctl pod top".
func NewCmdTop(f *cmdutil.Factory, runF func(context.Context, *topOptions) error) *cobra.Command {
	opts := &topOptions{IO: f.IO, Engine: func(ctx context.Context) (podTopper, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "top [options] POD [COLUMN...]",
		Short: "List the processes of a pod",
		Long: `List the processes of a pod's running containers, in the columns named or some
usual ones. Containers that share a PID namespace have one list.

Exit codes: 0 success, 125 error.`,
		Example: `podctl pod top web
podctl pod top web pid,user,seccomp args`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Columns = args
			if !opts.Latest && !opts.List {
				if len(args) == 0 {
					return errors.New("you must provide the name or id of a running pod")
				}
				opts.Pod, opts.Columns = args[0], args[1:]
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return topRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.SetInterspersed(false)
	fs.BoolVarP(&opts.Latest, "latest", "l", false, "The pod created last")
	fs.BoolVar(&opts.List, "list-descriptors", false, "List the columns")
	fs.Lookup("list-descriptors").Hidden = true
	return cmd
}

func topRun(ctx context.Context, opts *topOptions) error {
	if opts.List {
		for _, name := range engine.TopDescriptors() {
			fmt.Fprintln(opts.IO.Out, name)
		}
		return nil
	}
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	targets, err := eng.ResolvePods(ctx, engine.Selection{Names: []string{opts.Pod}, Latest: opts.Latest})
	if err != nil {
		return fmt.Errorf("unable to look up requested container: %w", err)
	}
	rows, err := eng.TopPod(ctx, targets[0].ID, opts.Columns)
	if err != nil {
		return err
	}
	return cmdutil.WriteColumns(opts.IO.Out, rows)
}
