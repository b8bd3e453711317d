package runtime

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/pod"
	"github.com/podctl/podctl/pkg/store"
)

// Described is a container as somebody would ask for it who has its image and
// this host's configuration: what it would get anyway is left out.
type Described struct {
	ID, Name, PodID string
	// Config has the names of the anonymous volumes, which tell who shares them.
	// Namespaces of the pod are left open, what came with the pod is there. The user
	// is a number. A command is the entrypoint where the image has none.
	Config *container.Config
}

// DescribeContainer describes a container. Errors: class ErrNotFound; class
// ErrInvalidState for a damaged container.
func (r *Runtime) DescribeContainer(ctx context.Context, nameOrID string) (*Described, error) {
	var c *container.Container
	err := r.store.View(ctx, func(tx *store.Tx) error {
		id, err := tx.LookupContainer(ctx, nameOrID)
		if err != nil {
			return err
		}
		c, err = tx.Container(ctx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.describeContainer(ctx, c, "")
}

// DescribePod describes a pod's containers in the order in which they were made.
// Errors: ErrNoSuchPod; class ErrInvalidState for a damaged pod or container.
func (r *Runtime) DescribePod(ctx context.Context, nameOrID string) (*pod.Pod, []Described, error) {
	var s *podSnapshot
	err := r.store.View(ctx, func(tx *store.Tx) error {
		id, err := tx.LookupPod(ctx, nameOrID)
		if err != nil {
			return err
		}
		if s, err = r.readPod(ctx, tx, id); err != nil {
			return err
		}
		return r.refuseGone(s)
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(s.members, func(a, b *container.Container) int { return a.CreatedAt.Compare(b.CreatedAt) })
	members := make([]Described, 0, len(s.members))
	for _, c := range s.members {
		d, err := r.describeContainer(ctx, c, s.pod.InfraID)
		if err != nil {
			return nil, nil, err
		}
		if c.Config.Resources.CgroupParent == s.pod.Config.CgroupPath {
			d.Config.Resources.CgroupParent = ""
		}
		members = append(members, *d)
	}
	return s.pod, members, nil
}

// describeContainer takes out of a configuration what complete put in. infraID is
// the container whose namespaces are the pod's.
func (r *Runtime) describeContainer(ctx context.Context, c *container.Container, infraID string) (*Described, error) {
	if c.Config == nil {
		return nil, fmt.Errorf("container %s: %s: it cannot be described: %w", c.Name, c.Damage, errdefs.ErrInvalidState)
	}
	cfg, err := recipe(c.Config, origin{dir: r.settings.ContainerDir(c.ID)})
	if err != nil {
		return nil, err
	}
	for i := range cfg.Storage.Volumes {
		cfg.Storage.Volumes[i].Name = c.Config.Storage.Volumes[i].Name
	}
	for _, ns := range cfg.Namespaces.ByKind() {
		if infraID != "" && ns.Mode == container.ModeContainer && ns.Value == infraID {
			*ns = container.Namespace{}
		}
	}
	img, err := r.imageOf(ctx, c.Config)
	if err != nil {
		return nil, err
	}
	if !c.Config.UserGiven {
		cfg.User = ""
	}
	if err := r.numberUser(ctx, c.ID, cfg); err != nil {
		return nil, err
	}
	r.leaveDefaults(cfg, img)
	return &Described{ID: c.ID, Name: c.Name, PodID: c.PodID, Config: cfg}, nil
}

// numberUser replaces the name of a user, which has a meaning in the container's
// root filesystem only.
func (r *Runtime) numberUser(ctx context.Context, id string, cfg *container.Config) error {
	if strings.Trim(cfg.User, "0123456789:") == "" {
		return nil
	}
	return r.withRootfs(ctx, id, func(_ *container.Container, dir string) error {
		found, _, err := bundle.LookupUser(dir, cfg.User)
		cfg.User = fmt.Sprintf("%d:%d", found.UID, found.GID)
		return err
	})
}

// imageOf is the image a container was made from; nil without one, or if it is gone.
func (r *Runtime) imageOf(ctx context.Context, cfg *container.Config) (*image.Image, error) {
	if cfg.Image.ID == "" {
		return nil, nil
	}
	images, err := r.layers()
	if err != nil {
		return nil, err
	}
	return images.Find(ctx, cfg.Image.ID)
}

// leaveDefaults leaves out what the image and containers.conf(5) say.
func (r *Runtime) leaveDefaults(cfg *container.Config, img *image.Image) {
	conf := r.settings.Conf
	if cfg.StopTimeout != nil && *cfg.StopTimeout == conf.Engine.StopTimeout {
		cfg.StopTimeout = nil
	}
	drop(&cfg.Resources.PidsLimit, r.settings.PidsLimit())
	drop(&cfg.Network.DNSServers, conf.Containers.DNSServers.Get())
	drop(&cfg.Network.DNSSearch, conf.Containers.DNSSearches.Get())
	drop(&cfg.Network.DNSOptions, conf.Containers.DNSOptions.Get())
	bare := *cfg
	bare.Env = nil
	given := completeEnv(&bare, surroundings{settings: r.settings, image: img})
	cfg.Env = slices.DeleteFunc(cfg.Env, func(kv string) bool { return slices.Contains(given, kv) })
	annotations := parsePairs(conf.Containers.Annotations.Get())
	stopSignal := uint(15)
	if img != nil {
		if !cfg.EntrypointSet && slices.Equal(cfg.Command, img.Config.Cmd) {
			cfg.Command = nil
		}
		if !cfg.EntrypointSet && len(img.Config.Entrypoint) == 0 && len(cfg.Command) > 0 {
			cfg.Entrypoint, cfg.EntrypointSet, cfg.Command = cfg.Command, true, nil
		}
		if sig, err := parseSignal(img.Config.StopSignal); err == nil {
			stopSignal = uint(sig)
		}
		annotations = overlay(img.Annotations, annotations)
		leaveImage(cfg, img)
	}
	if cfg.StopSignal == stopSignal {
		cfg.StopSignal = 0
	}
	maps.DeleteFunc(cfg.Annotations, func(k, v string) bool { given, ok := annotations[k]; return ok && given == v })
}

// leaveImage leaves out the image's labels, health check and volumes.
func leaveImage(cfg *container.Config, img *image.Image) {
	maps.DeleteFunc(cfg.Labels, func(k, v string) bool { given, ok := img.Config.Labels[k]; return ok && given == v })
	if cfg.Health != nil && img.Healthcheck != nil && reflect.DeepEqual(cfg.Health, withImageHealth(nil, img)) {
		cfg.Health = nil
	}
	cfg.Storage.Volumes = slices.DeleteFunc(cfg.Storage.Volumes, func(v container.VolumeMount) bool {
		_, declared := img.Config.Volumes[v.Destination]
		return v.Anonymous && declared
	})
}
