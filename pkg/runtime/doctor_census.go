package runtime

import (
	"context"
	"reflect"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// census is what the database says, in one snapshot.
type census struct {
	pods       map[string]*pod.Pod
	containers map[string]*container.Container
	volumes    map[string]*store.Volume
	dangling   []store.Dangling
}

func (r *Runtime) takeCensus(ctx context.Context) (*census, error) {
	c := &census{pods: map[string]*pod.Pod{}, containers: map[string]*container.Container{}, volumes: map[string]*store.Volume{}}
	err := r.store.View(ctx, func(tx *store.Tx) error {
		pods, err := tx.Pods(ctx)
		if err != nil {
			return err
		}
		for _, p := range pods {
			c.pods[p.ID] = p
		}
		containers, err := tx.Containers(ctx)
		if err != nil {
			return err
		}
		for _, ctr := range containers {
			c.containers[ctr.ID] = ctr
		}
		volumes, err := tx.Volumes(ctx)
		if err != nil {
			return err
		}
		for _, v := range volumes {
			c.volumes[v.Name] = v
		}
		c.dangling, err = tx.Dangling(ctx)
		return err
	})
	return c, err
}

// unchanged reports whether an ID (or, of a volume, name) stood for the same in
// both snapshots: the same row, or none.
func (c *census) unchanged(other *census, key string) bool {
	return reflect.DeepEqual(c.pods[key], other.pods[key]) &&
		reflect.DeepEqual(c.containers[key], other.containers[key]) &&
		reflect.DeepEqual(c.volumes[key], other.volumes[key])
}

// knows reports whether there is a row of a container or pod with the ID.
func (c *census) knows(id string) bool { return c.containers[id] != nil || c.pods[id] != nil }
