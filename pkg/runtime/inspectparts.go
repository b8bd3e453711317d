package runtime

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/store"
	"github.com/podctl/podctl/pkg/volume"
)

// InspectMount is a volume or bind mount.
type InspectMount struct {
	Type        string
	Name        string `json:",omitempty"` // of a volume
	Source      string // path on the host
	Destination string
	Driver      string // of a volume
	Mode        string // "z" or "Z"
	Options     []string
	RW          bool
	Propagation string
	SubPath     string `json:",omitempty"`
}

// Src and Dst are short names that templates are written with.
func (m InspectMount) Src() string { return m.Source }

// Dst is Destination.
func (m InspectMount) Dst() string { return m.Destination }

// InspectDevice is a device node given to a container.
type InspectDevice struct {
	PathOnHost        string
	PathInContainer   string
	CgroupPermissions string
}

// InspectThrottle limits the rate of a device.
type InspectThrottle struct {
	Path string
	Rate uint64
}

// InspectWeight weighs a device.
type InspectWeight struct {
	Path   string
	Weight uint16
}

func throttles(list []container.Throttle) []InspectThrottle {
	var out []InspectThrottle
	for _, t := range list {
		out = append(out, InspectThrottle(t))
	}
	return out
}

// volumePaths are where the volumes of a container are, by name. A volume that
// is gone or cannot be read has none.
func volumePaths(ctx context.Context, tx *store.Tx, c *container.Container) (map[string]string, error) {
	paths := map[string]string{}
	if c.Config == nil {
		return paths, nil
	}
	for _, m := range c.Config.Storage.Volumes {
		row, err := tx.Volume(ctx, m.Name)
		if errors.Is(err, errdefs.ErrNoSuchVolume) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if v, err := volumeOf(row); err == nil {
			paths[m.Name] = v.Mountpoint
		}
	}
	return paths, nil
}

// inspectMounts are the volumes and host directories a container mounts, by
// destination.
func inspectMounts(cfg *container.Config, volumes map[string]string) []InspectMount {
	mounts := []InspectMount{}
	for _, v := range cfg.Storage.Volumes {
		m := describeMount(mountOptions(v.Options, "nosuid", "nodev"))
		m.Type, m.Name, m.Source, m.Destination, m.Driver, m.SubPath = "volume", v.Name, volumes[v.Name], v.Destination, volume.DriverLocal, v.SubPath
		mounts = append(mounts, m)
	}
	for _, given := range cfg.Storage.Mounts {
		switch given.Type {
		case "bind", "image", "overlay":
			m := describeMount(mountOptions(given.Options))
			m.Type, m.Source, m.Destination, m.SubPath = given.Type, given.Source, given.Destination, given.SubPath
			mounts = append(mounts, m)
		}
	}
	slices.SortStableFunc(mounts, func(a, b InspectMount) int { return strings.Compare(a.Destination, b.Destination) })
	return mounts
}

// mountOptions are options as the OCI runtime gets them: what was not said is
// read-write, recursive and private, and for volumes without devices and setuid.
func mountOptions(given []string, volumeDefaults ...string) []string {
	options := slices.Clone(given)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(options, w) })
	}
	for _, o := range volumeDefaults {
		if !has(o, strings.TrimPrefix(o, "no")) {
			options = append(options, o)
		}
	}
	if !has("ro", "rw") {
		options = append(options, "rw")
	}
	if !has("bind", "rbind") {
		options = append(options, "rbind")
	}
	if !has(propagations()...) {
		options = append(options, "rprivate")
	}
	return options
}

func propagations() []string {
	return []string{"private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"}
}

// describeMount sorts options into what inspect shows apart.
func describeMount(options []string) InspectMount {
	m := InspectMount{RW: true, Options: []string{}}
	for _, o := range options {
		switch {
		case o == "ro":
			m.RW = false
		case o == "rw":
		case o == "z" || o == "Z":
			m.Mode = o
		case slices.Contains(propagations(), o):
			m.Propagation = o
		default:
			m.Options = append(m.Options, o)
		}
	}
	return m
}

// limits are cgroup limits without pointers: 0 where there is none.
type limits struct {
	period, rtPeriod      uint64
	quota, rtRuntime      int64
	shares                uint64
	cpus, mems            string
	memory, reserve, swap int64
	swappiness            int64
	oomKillDisable        bool
	weight                uint16
}

func limitsOf(r *specs.LinuxResources) limits {
	var l limits
	if r == nil {
		return l
	}
	if c := r.CPU; c != nil {
		l.period, l.quota, l.shares, l.cpus, l.mems = value(c.Period), value(c.Quota), value(c.Shares), c.Cpus, c.Mems
		l.rtPeriod, l.rtRuntime = value(c.RealtimePeriod), value(c.RealtimeRuntime)
	}
	if m := r.Memory; m != nil {
		l.memory, l.reserve, l.swap, l.oomKillDisable = value(m.Limit), value(m.Reservation), value(m.Swap), value(m.DisableOOMKiller)
		l.swappiness = -1
		if m.Swappiness != nil {
			l.swappiness = int64(*m.Swappiness)
		}
	}
	if b := r.BlockIO; b != nil {
		l.weight = value(b.Weight)
	}
	return l
}

// value is what p points to, or zero.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
