package container

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/errdefs"
)

// userMounts are the container's mounts and volumes, one a destination: what it
// asked for itself goes over what came with the pod.
func (b *builder) userMounts() ([]specs.Mount, error) {
	var mounts []specs.Mount
	at := map[string]int{}
	inherited := map[string]bool{}
	add := func(fromPod bool, made ...specs.Mount) {
		for _, m := range made {
			m.Destination = path.Clean(m.Destination)
			i, there := at[m.Destination]
			switch {
			case !there:
				at[m.Destination] = len(mounts)
				mounts = append(mounts, m)
			case fromPod && !inherited[m.Destination]:
				continue
			default:
				mounts[i] = m
			}
			inherited[m.Destination] = fromPod
		}
	}
	for _, v := range b.cfg.Storage.Volumes {
		made, err := b.volumeMount(v)
		if err != nil {
			return nil, err
		}
		add(v.Inherited, made...)
	}
	for _, m := range b.cfg.Storage.Mounts {
		made, err := b.mount(m)
		if err != nil {
			return nil, err
		}
		add(m.Inherited, made...)
	}
	return mounts, nil
}

func (b *builder) volumeMount(v VolumeMount) ([]specs.Mount, error) {
	if prepared, ok := b.in.Prepared[v.Destination]; ok {
		return b.binds(prepared)
	}
	source := b.in.Volumes[v.Name]
	if source == "" || v.SubPath != "" {
		return nil, fmt.Errorf("volume %s at %s is not mounted: %w", v.Name, v.Destination, errdefs.ErrInternal)
	}
	return b.binds([]Mount{{Source: source, Destination: v.Destination, Options: volumeOptions(v.Options)}})
}

// volumeOptions adds what podman-volume(1) mounts volumes with.
func volumeOptions(given []string) []string {
	options := slices.Clone(given)
	for _, pair := range [][2]string{{"nosuid", "suid"}, {"nodev", "dev"}} {
		if !slices.Contains(options, pair[0]) && !slices.Contains(options, pair[1]) {
			options = append(options, pair[0])
		}
	}
	return options
}

func (b *builder) mount(m Mount) ([]specs.Mount, error) {
	if prepared, ok := b.in.Prepared[m.Destination]; ok {
		return b.binds(prepared)
	}
	switch m.Type {
	case "bind":
		return b.binds([]Mount{m})
	case "tmpfs", "ramfs":
		return []specs.Mount{{Destination: m.Destination, Type: m.Type, Source: m.Type, Options: b.tmpfsOptions(m)}}, nil
	case "devpts":
		options := slices.Concat([]string{"nosuid", "noexec", "newinstance"}, forRuntime(m.Options))
		return []specs.Mount{{Destination: m.Destination, Type: "devpts", Source: "devpts", Options: unique(options)}}, nil
	}
	return nil, fmt.Errorf("mount of type %q at %s was not prepared: %w", m.Type, m.Destination, errdefs.ErrInternal)
}

// binds turns mounts of host paths into the runtime's, recursive and private
// unless they say otherwise.
func (b *builder) binds(mounts []Mount) ([]specs.Mount, error) {
	var out []specs.Mount
	for _, m := range mounts {
		options := forRuntime(m.Options)
		if !containsAny(options, "bind", "rbind") {
			options = append(options, "rbind")
		}
		if !containsAny(options, propagations()...) {
			options = append(options, "rprivate")
		}
		bind := specs.Mount{Destination: m.Destination, Type: "bind", Source: m.Source, Options: unique(options)}
		if err := checkIDMap(m); err != nil {
			return nil, err
		}
		out = append(out, bind)
	}
	return out, nil
}

// checkIDMap refuses ranges of a mount's own. That the owners of its files are
// shown in the container's ranges was seen to on the host.
func checkIDMap(m Mount) error {
	for _, o := range m.Options {
		if strings.HasPrefix(o, "idmap=") {
			return fmt.Errorf("mount %s: idmap with mappings of its own is not supported: use idmap alone: %w", m.Destination, errdefs.ErrUnsupported)
		}
	}
	return nil
}

// tmpfsOptions: a tmpfs starts with the image's contents unless told not to, and
// by podman-run(1) without devices and set-user-ID programs.
func (b *builder) tmpfsOptions(m Mount) []string {
	options := volumeOptions(forRuntime(m.Options))
	if slices.Contains(m.Options, "U") {
		options = append(options, fmt.Sprintf("uid=%d", b.in.User.UID), fmt.Sprintf("gid=%d", b.in.User.GID))
	}
	if m.Type == "tmpfs" && !containsAny(m.Options, "tmpcopyup", "notmpcopyup") {
		options = append(options, "tmpcopyup")
	}
	if !containsAny(options, propagations()...) {
		options = append(options, "rprivate")
	}
	return unique(options)
}

func propagations() []string {
	return []string{"private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"}
}

// forRuntime drops the options that podctl itself carries out.
func forRuntime(options []string) []string {
	var out []string
	for _, o := range options {
		switch name, _, _ := strings.Cut(o, "="); name {
		case "z", "Z", "U", "O", "copy", "nocopy", "idmap", "upperdir", "workdir", "notmpcopyup", "no-dereference",
			"cached", "delegated", "consistent", "volume-opt", "":
		default:
			out = append(out, o)
		}
	}
	return out
}

func containsAny(options []string, words ...string) bool {
	return slices.ContainsFunc(options, func(o string) bool { return slices.Contains(words, o) })
}

// unique keeps the first of equal options.
func unique(options []string) []string {
	var out []string
	for _, o := range options {
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}
