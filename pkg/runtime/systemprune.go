package runtime

import (
	"context"
	"errors"

	"github.com/podctl/podctl/pkg/image"
)

// SystemPruneOptions say what may go beside stopped pods, containers that do not
// run, dangling images and unused networks.
type SystemPruneOptions struct {
	// AllImages removes every image without a container; Volumes those without.
	AllImages, Volumes bool
	// Filters are "key=value", FilterMap the same by key. With a filter pods stay:
	// none of the filters is about them.
	Filters   []string
	FilterMap map[string][]string
}

// SystemPruned is what was removed: IDs, and names of volumes and networks.
type SystemPruned struct {
	Pods, Containers, Images, Networks, Volumes []string
	// Reclaimed is the space it took, in bytes.
	Reclaimed int64
}

func (p *SystemPruned) count() int {
	return len(p.Pods) + len(p.Containers) + len(p.Images) + len(p.Networks) + len(p.Volumes)
}

// PruneSystem removes what nobody uses: pods, containers, images, networks, then
// volumes, again and again until there is nothing more to remove. What could be
// removed is returned beside an error.
func (r *Runtime) PruneSystem(ctx context.Context, opts SystemPruneOptions) (SystemPruned, error) {
	var done SystemPruned
	for {
		before := done.count()
		err := r.pruneOnce(ctx, opts, &done)
		if err != nil || done.count() == before {
			return done, err
		}
	}
}

// CollectGarbage removes what interrupted removals left in the image store.
func (r *Runtime) CollectGarbage(context.Context) error {
	images, err := r.images()
	if err != nil {
		return err
	}
	return images.CollectGarbage()
}

func (r *Runtime) pruneOnce(ctx context.Context, opts SystemPruneOptions, done *SystemPruned) error {
	sizes, err := r.containerSizes(ctx)
	if err != nil {
		return err
	}
	var errs []error
	if len(opts.Filters) == 0 {
		pods, err := r.PrunePods(ctx)
		errs = append(errs, err)
		done.Pods = appendRemoved(done.Pods, pods, &errs)
	}
	containers, err := r.PruneContainers(ctx, opts.Filters)
	if err != nil { // a filter nobody knows
		return errors.Join(append(errs, err)...)
	}
	removed := appendRemoved(nil, containers, &errs)
	for _, id := range removed {
		done.Reclaimed += sizes[id]
	}
	done.Containers = append(done.Containers, removed...)
	errs = append(errs, r.pruneImages(ctx, opts, done), r.pruneNetworks(ctx, opts, done))
	if opts.Volumes {
		errs = append(errs, r.pruneVolumes(ctx, opts, done))
	}
	return errors.Join(errs...)
}

func appendRemoved(ids []string, list []Removal, errs *[]error) []string {
	for _, rm := range list {
		if rm.Err == nil {
			ids = append(ids, rm.ID)
		}
		*errs = append(*errs, rm.Err)
	}
	return ids
}

func (r *Runtime) pruneImages(ctx context.Context, opts SystemPruneOptions, done *SystemPruned) error {
	images, err := r.library()
	if err != nil {
		return err
	}
	pruned, err := images.Prune(ctx, image.PruneOptions{All: opts.AllImages, Filters: opts.Filters})
	for _, p := range pruned {
		done.Images = append(done.Images, p.ID)
		done.Reclaimed += p.Size
	}
	return err
}

func (r *Runtime) pruneNetworks(ctx context.Context, opts SystemPruneOptions, done *SystemPruned) error {
	pruned, err := r.PruneNetworks(ctx, opts.FilterMap)
	for _, p := range pruned {
		if p.Err == nil {
			done.Networks = append(done.Networks, p.Name)
		}
		err = errors.Join(err, p.Err)
	}
	return err
}

func (r *Runtime) pruneVolumes(ctx context.Context, opts SystemPruneOptions, done *SystemPruned) error {
	sizes, err := r.volumeSizes(ctx)
	if err != nil {
		return err
	}
	pruned, err := r.PruneVolumes(ctx, opts.FilterMap)
	for _, p := range pruned {
		if p.Err == nil {
			done.Volumes = append(done.Volumes, p.Name)
			done.Reclaimed += sizes[p.Name]
		}
		err = errors.Join(err, p.Err)
	}
	return err
}
