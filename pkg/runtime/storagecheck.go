package runtime

import (
	"context"
	"errors"

	"github.com/podctl/podctl/pkg/image"
)

// CheckStorage looks for damage in the image store, and tells each; none is a
// store in order.
func (r *Runtime) CheckStorage(_ context.Context, opts image.CheckOptions) ([]string, error) {
	images, err := r.images()
	if err != nil {
		return nil, err
	}
	damage, err := images.Check(opts)
	if err != nil {
		return nil, err
	}
	return damage.Lines(), nil
}

// RepairStorage removes what is damaged in the image store: images and layers,
// and with containers those too, the pods of damaged infra containers with them.
// It returns what was found.
func (r *Runtime) RepairStorage(ctx context.Context, opts image.CheckOptions, containers bool) ([]string, error) {
	images, err := r.images()
	if err != nil {
		return nil, err
	}
	damage, err := images.Check(opts)
	if err != nil {
		return nil, err
	}
	var errs error
	if ids := damage.Containers(); containers && len(ids) > 0 {
		// Ours go by their own way; what is left is another program's.
		removed, err := r.RemoveContainers(ctx, Selection{Names: ids, Ignore: true, Mend: true}, RemoveOptions{Force: true, Ignore: true, Depend: true})
		errs = err
		for _, removal := range removed {
			errs = errors.Join(errs, removal.Err)
		}
	}
	return damage.Lines(), errors.Join(errs, images.Repair(damage, containers))
}
