package runtime

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/store"
)

// resolveVolumesFrom adds the mounts of the containers that --volumes-from names.
// What the user mounts on the same destination wins over them, and a container
// named earlier over one named later.
func (r *Runtime) resolveVolumesFrom(ctx context.Context, s *container.Storage) error {
	if len(s.VolumesFrom) == 0 {
		return nil
	}
	return r.store.View(ctx, func(tx *store.Tx) error {
		for _, from := range s.VolumesFrom {
			name, options, _ := strings.Cut(from, ":")
			id, err := tx.LookupContainer(ctx, name)
			if err != nil {
				return fmt.Errorf("looking up container %q for volumes-from: %w", name, err)
			}
			source, err := tx.Container(ctx, id)
			if err != nil {
				return err
			}
			if source.Config != nil {
				mountFrom(s, &source.Config.Storage, options)
			}
		}
		return nil
	})
}

// mountFrom adds what source mounts where s mounts nothing. options are those
// of --volumes-from: ro or rw replaces what source has.
func mountFrom(s, source *container.Storage, options string) {
	taken := map[string]bool{}
	for _, m := range s.Mounts {
		taken[m.Destination] = true
	}
	for _, v := range s.Volumes {
		taken[v.Destination] = true
	}
	mounts, volumes := slices.Clone(s.Mounts), slices.Clone(s.Volumes)
	for _, m := range source.Mounts {
		if m.Destination == "" || !taken[m.Destination] {
			m.Options, m.Inherited = withOptions(m.Options, options), false
			mounts = append(mounts, m)
		}
	}
	for _, v := range source.Volumes {
		if !taken[v.Destination] {
			v.Options, v.Inherited = withOptions(v.Options, options), false
			volumes = append(volumes, v)
		}
	}
	s.Mounts, s.Volumes = mounts, volumes
}

func withOptions(old []string, options string) []string {
	if options == "" {
		return old
	}
	added := strings.Split(options, ",")
	list := slices.Clone(old)
	if slices.Contains(added, "ro") || slices.Contains(added, "rw") {
		list = slices.DeleteFunc(list, func(o string) bool { return o == "ro" || o == "rw" })
	}
	return append(list, added...)
}
