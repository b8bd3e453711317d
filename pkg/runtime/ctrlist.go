package runtime

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/containers/common/libnetwork/types"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/store"
)

// ContainerListing is one container in a list. Of a damaged one only ID, name,
// pod, state and times are known.
type ContainerListing struct {
	ID, Name     string
	Pod, PodName string // "" outside pods
	// Image is the name of the image; ImageID its full ID.
	Image, ImageID string
	Command        []string
	State          container.State
	// Damage says what is wrong with the container's row; "" for a good one.
	Damage string
	// Health is "starting", "healthy", "unhealthy", or "" without a check.
	Health                       string
	Created, StartedAt, ExitedAt time.Time // zero: never
	Exited                       bool
	ExitCode                     int
	Restarts                     uint
	// Pid is the process's ID while there is one, else 0.
	Pid                 int
	AutoRemove, IsInfra bool
	CIDFile             string
	Labels              map[string]string
	// Mounts are the destinations of what the user mounted.
	Mounts   []string
	Networks []string
	// Ports are the published ports, those of the container whose network
	// namespace this one joined; ExposedPorts map number to protocols.
	Ports        []types.PortMapping
	ExposedPorts map[uint16][]string
	// Namespaces and Size are there on request only.
	Namespaces ContainerNamespaces
	Size       *image.Sizes
}

// ContainerNamespaces are the inode numbers of a process's namespaces.
type ContainerNamespaces struct {
	MNT    string `json:"Mnt,omitempty"`
	Cgroup string `json:"Cgroup,omitempty"`
	IPC    string `json:"IPC,omitempty"`
	NET    string `json:"NET,omitempty"`
	PIDNS  string `json:"PIDNS,omitempty"`
	UTS    string `json:"UTS,omitempty"`
	User   string `json:"User,omitempty"`
}

// ContainerListOptions select containers and say what is wanted of them.
type ContainerListOptions struct {
	// Filters are "key=value" as podman-ps(1) has them.
	Filters []string
	// All lists containers in any state, not just running ones; a status filter
	// and Last imply it.
	All bool
	// Last is how many of the newest are listed; 0 or less: all.
	Last int
	// External lists what other programs made in the image store too.
	External bool
	// Namespaces reads the namespaces of running containers; Size measures file
	// systems, which opens the image store and takes time.
	Namespaces, Size bool
}

// ListContainers returns the containers that pass, oldest first. It takes no
// lock and writes nothing; damaged containers are listed in the state unknown.
// Errors: as FilterContainers.
func (r *Runtime) ListContainers(ctx context.Context, opts ContainerListOptions) ([]ContainerListing, error) {
	bind, err := parseFilters(opts.Filters, containerFilters(), malformedContainerFilter)
	if err != nil {
		return nil, err
	}
	match, err := bind(ctx, r)
	if err != nil {
		return nil, err
	}
	var (
		all      []*container.Container
		podNames map[string]string
	)
	err = r.store.View(ctx, func(tx *store.Tx) (err error) {
		if podNames, err = tx.PodNames(ctx); err == nil {
			all, err = tx.Containers(ctx)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	wrong := misfits(all, podNames)
	all = r.visible(all)
	byID := make(map[string]*container.Container, len(all))
	for _, c := range all {
		byID[c.ID] = c
	}
	anyState := opts.All || opts.Last > 0 || slices.ContainsFunc(opts.Filters, func(f string) bool { return strings.HasPrefix(f, "status=") })
	chosen := slices.DeleteFunc(slices.Clone(all), func(c *container.Container) bool {
		return !anyState && c.State != container.Running || !match(c)
	})
	if n := len(chosen); opts.Last > 0 && n > opts.Last {
		chosen = chosen[n-opts.Last:]
	}
	list := make([]ContainerListing, 0, len(chosen))
	for _, c := range chosen {
		l := containerListing(c, byID)
		l.PodName, l.Damage = podNames[c.PodID], wrong[c.ID]
		if opts.Namespaces && l.Pid != 0 {
			l.Namespaces = namespacesOf(l.Pid)
		}
		list = append(list, l)
	}
	if opts.Size {
		err = r.measure(list)
	}
	if err == nil && opts.External {
		list, err = r.addExternal(list, opts)
	}
	return list, err
}

func containerListing(c *container.Container, byID map[string]*container.Container) ContainerListing {
	run := c.Runtime
	l := ContainerListing{
		ID: c.ID, Name: c.Name, Pod: c.PodID, State: c.State, Created: c.CreatedAt.Local(),
		StartedAt: local(run.StartedAt), ExitedAt: local(run.FinishedAt), Exited: run.Exited, ExitCode: run.ExitCode, Restarts: run.RestartCount,
		Mounts: []string{}, Networks: []string{},
	}
	if c.State.HasProcess() {
		l.Pid = run.Process.PID
	}
	cfg := c.Config
	if cfg == nil {
		return l
	}
	l.Image, l.ImageID, l.Command, l.Health = cfg.Image.Name, cfg.Image.ID, cfg.Command, healthStatus(c)
	if cfg.Imageless() {
		l.Command = cfg.Argv()
	}
	l.AutoRemove, l.IsInfra, l.CIDFile, l.Labels = cfg.AutoRemove, cfg.Infra, cfg.CIDFile, cfg.Labels
	l.Networks, l.Mounts = networksOf(c), userMounts(cfg)
	l.Ports, l.ExposedPorts = cfg.Network.Ports, cfg.Network.Expose
	if net := cfg.Namespaces.Net; net.Mode == container.ModeContainer {
		if other := byID[net.Value]; other != nil && other.Config != nil {
			l.Ports = other.Config.Network.Ports
		}
	}
	return l
}

// local is t in the user's time zone; never stays never.
func local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Local()
}

// networksOf are the networks of a container that has its own, in order of
// their names.
func networksOf(c *container.Container) []string {
	names := slices.Sorted(maps.Keys(c.Config.Network.Networks))
	if names == nil {
		names = []string{}
	}
	return names
}

// userMounts are the destinations of volumes and mounts.
func userMounts(cfg *container.Config) []string {
	dests := []string{}
	for _, v := range cfg.Storage.Volumes {
		dests = append(dests, v.Destination)
	}
	for _, m := range cfg.Storage.Mounts {
		dests = append(dests, m.Destination)
	}
	slices.Sort(dests)
	return dests
}

// healthStatus is what is known of a container's health; "" without a check.
func healthStatus(c *container.Container) string {
	if c.Config == nil {
		return ""
	}
	if c.State != container.Running || !hasHealthCheck(c) {
		return ""
	}
	return cmp.Or(c.Health, healthStarting)
}

func hasHealthCheck(c *container.Container) bool {
	h := c.Config.Health
	return h != nil && !h.Disabled && len(h.Test) > 0 && h.Test[0] != "NONE"
}

// namespacesOf reads /proc/PID/ns; what cannot be read stays empty.
func namespacesOf(pid int) ContainerNamespaces {
	inode := func(kind string) string {
		link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
		if err != nil {
			return ""
		}
		_, number, _ := strings.Cut(link, ":[")
		return strings.TrimSuffix(number, "]")
	}
	return ContainerNamespaces{
		MNT: inode("mnt"), Cgroup: inode("cgroup"), IPC: inode("ipc"), NET: inode("net"), PIDNS: inode("pid"), UTS: inode("uts"), User: inode("user"),
	}
}

// measure fills in the sizes of containers made from images. One that cannot be
// measured has none.
func (r *Runtime) measure(list []ContainerListing) error {
	images, err := r.images()
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].ImageID == "" {
			list[i].Size = &image.Sizes{}
		} else if sizes, err := images.ContainerSizes(list[i].ID); err == nil {
			list[i].Size = &sizes
		}
	}
	return nil
}

// addExternal appends the containers of the image store that are not ours.
func (r *Runtime) addExternal(list []ContainerListing, opts ContainerListOptions) ([]ContainerListing, error) {
	if len(opts.Filters) > 0 || opts.Last > 0 {
		return list, nil
	}
	images, err := r.images()
	if err != nil {
		return nil, err
	}
	others, err := images.ForeignContainers()
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		list = append(list, ContainerListing{
			ID: o.ID, Name: o.Name, Image: o.ImageName, ImageID: o.ImageID, Created: o.Created.Local(),
			Command: []string{"storage"}, State: "storage", Mounts: []string{}, Networks: []string{},
		})
	}
	slices.SortStableFunc(list, func(a, b ContainerListing) int { return a.Created.Compare(b.Created) })
	return list, nil
}
