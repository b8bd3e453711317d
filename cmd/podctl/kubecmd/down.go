package kubecmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/kube"
	engine "github.com/podctl/podctl/pkg/runtime"
	"github.com/podctl/podctl/pkg/volume"
)

// remover removes what was made from a file.
type remover interface {
	// ResolvePods finds all of a selection or fails.
	ResolvePods(ctx context.Context, sel engine.Selection) ([]engine.Target, error)
	// StopPod stops a pod's containers.
	StopPod(ctx context.Context, id string, opts engine.StopOptions) error
	// RemovePod removes a pod with its containers. ErrNoSuchPod if it is gone.
	RemovePod(ctx context.Context, id string, opts engine.RemoveOptions) error
	// RemoveSecret removes a secret and returns its ID. ErrNoSuchSecret.
	RemoveSecret(ctx context.Context, nameOrID string) (string, error)
	// RemoveVolume removes a volume. ErrNoSuchVolume, ErrVolumeInUse.
	RemoveVolume(ctx context.Context, name string, opts volume.RemoveOptions) error
}

type downOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (remover, error)

	Files []string
	Force bool
}

// NewCmdDown returns "podctl kube down".
func NewCmdDown(f *cmdutil.Factory, runF func(context.Context, *downOptions) error) *cobra.Command {
	opts := &downOptions{IO: f.IO, Engine: func(ctx context.Context) (remover, error) { return f.Engine(ctx) }}
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
	return takeDown(ctx, opts.IO, eng, objects, opts.Force)
}

// takeDown removes what objects describe, as far as it is there, and prints it.
// All is tried, and all errors are returned.
func takeDown(ctx context.Context, ios *iostreams.IOStreams, eng remover, objects *kube.Objects, volumes bool) error {
	var names []string
	for _, w := range objects.Workloads {
		if w.Pod != "" {
			names = append(names, w.Pod)
		}
	}
	pods, err := eng.ResolvePods(ctx, engine.Selection{Names: names, Ignore: true, Lost: true, Mend: true})
	if err != nil {
		return err
	}
	errs := []error{
		onPods(ctx, ios, "Pods stopped:", pods, func(ctx context.Context, id string) error { return eng.StopPod(ctx, id, engine.StopOptions{}) }),
		onPods(ctx, ios, "Pods removed:", pods, func(ctx context.Context, id string) error {
			return eng.RemovePod(ctx, id, engine.RemoveOptions{Force: true, Ignore: true})
		}),
	}
	fmt.Fprintln(ios.Out, "Secrets removed:")
	for _, s := range objects.Secrets {
		id, err := eng.RemoveSecret(ctx, s.Name)
		errs = append(errs, removed(ios, id, err))
	}
	fmt.Fprintln(ios.Out, "Volumes removed:")
	if volumes {
		for _, name := range objects.VolumeNames() {
			errs = append(errs, removed(ios, name, eng.RemoveVolume(ctx, name, volume.RemoveOptions{})))
		}
	}
	return errors.Join(errs...)
}

// onPods does something to all pods and prints those it was done to.
func onPods(ctx context.Context, ios *iostreams.IOStreams, heading string, pods []engine.Target, do func(context.Context, string) error) error {
	fmt.Fprintln(ios.Out, heading)
	errs := engine.Each(ctx, pods, func(ctx context.Context, id string) error {
		err := do(ctx, id)
		if errors.Is(err, errdefs.ErrNoSuchPod) {
			return nil // somebody else removed it since we looked
		}
		return err
	})
	for i, pod := range pods {
		if errs[i] == nil {
			fmt.Fprintln(ios.Out, pod.ID)
		}
	}
	return errors.Join(errs...)
}

// removed prints what was removed. What was not there is no error.
func removed(ios *iostreams.IOStreams, name string, err error) error {
	if err == nil {
		fmt.Fprintln(ios.Out, name)
	}
	if errors.Is(err, errdefs.ErrNoSuchSecret) || errors.Is(err, errdefs.ErrNoSuchVolume) {
		return nil
	}
	return err
}
