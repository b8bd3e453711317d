package kubeplay

import (
	"context"
	"errors"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/kube"
	engine "github.com/podctl/podctl/pkg/runtime"
	"github.com/podctl/podctl/pkg/volume"
)

// Remover is what [Down] needs of an engine.
type Remover interface {
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

// Step is a part of [Down].
type Step int

// The steps, in the order in which they are done.
const (
	StopPods Step = iota
	RemovePods
	RemoveSecrets
	RemoveVolumes
)

// Progress is told how far [Down] is. A pod that does not stop takes its time, so what
// has been done is not kept back until all is.
type Progress interface {
	// Begin is called before each step, also if there is nothing to do in it.
	Begin(step Step)
	// Done is called in a step for what it was done to: the ID of a pod or secret, or
	// the name of a volume. Pods come in the order in which they are described.
	Done(idOrName string)
}

// DownOptions say how much goes.
type DownOptions struct {
	// Volumes removes the named volumes too.
	Volumes bool
}

// Down removes what objects describe, as far as it is there. All is tried, and all
// errors are returned.
func Down(ctx context.Context, eng Remover, objects *kube.Objects, opts DownOptions, progress Progress) error {
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
	progress.Begin(StopPods)
	errs := []error{onPods(ctx, pods, progress, func(ctx context.Context, id string) error {
		return eng.StopPod(ctx, id, engine.StopOptions{})
	})}
	progress.Begin(RemovePods)
	errs = append(errs, onPods(ctx, pods, progress, func(ctx context.Context, id string) error {
		return eng.RemovePod(ctx, id, engine.RemoveOptions{Force: true, Ignore: true})
	}))
	progress.Begin(RemoveSecrets)
	for _, s := range objects.Secrets {
		id, err := eng.RemoveSecret(ctx, s.Name)
		errs = append(errs, removed(progress, id, err))
	}
	progress.Begin(RemoveVolumes)
	if opts.Volumes {
		for _, name := range objects.VolumeNames() {
			errs = append(errs, removed(progress, name, eng.RemoveVolume(ctx, name, volume.RemoveOptions{})))
		}
	}
	return errors.Join(errs...)
}

// onPods does something to all pods, several at a time.
func onPods(ctx context.Context, pods []engine.Target, progress Progress, do func(context.Context, string) error) error {
	errs := engine.Each(ctx, pods, func(ctx context.Context, id string) error {
		err := do(ctx, id)
		if errors.Is(err, errdefs.ErrNoSuchPod) {
			return nil // somebody else removed it since we looked
		}
		return err
	})
	for i, pod := range pods {
		if errs[i] == nil {
			progress.Done(pod.ID)
		}
	}
	return errors.Join(errs...)
}

// removed tells what was removed. What was not there is no error.
func removed(progress Progress, idOrName string, err error) error {
	if err == nil {
		progress.Done(idOrName)
	}
	if errors.Is(err, errdefs.ErrNoSuchSecret) || errors.Is(err, errdefs.ErrNoSuchVolume) {
		return nil
	}
	return err
}
