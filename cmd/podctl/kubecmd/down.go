package kubecmd

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/kube"
	"github.com/podctl/podctl/pkg/kubeplay"
)

type downOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (kubeplay.Remover, error)

	Files []string
	Force bool
}

// NewCmdDown returns "podctl kube down".
func NewCmdDown(f *cmdutil.Factory, runF func(context.Context, *downOptions) error) *cobra.Command {
	opts := &downOptions{IO: f.IO, Engine: func(ctx context.Context) (kubeplay.Remover, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "down [options] FILE|-...",
		Short: "Remove pods that were made from Kubernetes YAML",
		Long: `Stop and remove the pods that Kubernetes YAML describes, and its secrets. Files may
be URLs. Volumes stay unless --force is given. What is not there is left out.

Exit codes: 0 success, 125 error.`,
		Example: `podctl kube down web.yaml
podctl kube down --force - < web.yaml`,
		Args: cmdutil.MinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Files = args
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return downRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.Force, "force", false, "Remove volumes too")
	return cmd
}

func downRun(ctx context.Context, opts *downOptions) error {
	objects, err := readObjects(ctx, opts.IO, opts.Files)
	if err != nil {
		return err
	}
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	return takeDown(ctx, opts.IO, eng, objects, kubeplay.DownOptions{Volumes: opts.Force})
}

// takeDown removes what objects describe and prints it.
func takeDown(ctx context.Context, ios *iostreams.IOStreams, eng kubeplay.Remover, objects *kube.Objects, opts kubeplay.DownOptions) error {
	return kubeplay.Down(ctx, eng, objects, opts, downPrinter{ios.Out})
}

// downPrinter prints what is removed, step by step.
type downPrinter struct{ out io.Writer }

func (p downPrinter) Begin(step kubeplay.Step) {
	fmt.Fprintln(p.out, map[kubeplay.Step]string{
		kubeplay.StopPods: "Pods stopped:", kubeplay.RemovePods: "Pods removed:",
		kubeplay.RemoveSecrets: "Secrets removed:", kubeplay.RemoveVolumes: "Volumes removed:",
	}[step])
}

func (p downPrinter) Done(idOrName string) { fmt.Fprintln(p.out, idOrName) }
