package kube

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/containers/common/pkg/parse"

	"github.com/podctl/podctl/pkg/container"
)

// Files are what a named volume is to hold before its first use.
type Files struct {
	Volume string
	// Files are by their path in the volume, which is not trusted.
	Files map[string]FileContent
}

// FileContent is a file with its permissions.
type FileContent struct {
	Data []byte
	Mode int64
}

// source is a volume of the pod: exactly one of the fields is set, or none if it
// may be missing and is.
type source struct {
	hostPath *HostPath
	named    string
	emptyDir *EmptyDir
	image    *ImageVolume
	readOnly bool
}

// The permissions of files made from ConfigMaps and secrets.
const (
	defaultMode = 0o644
	maxMode     = 0o777
)

// resolveVolumes finds out what the volumes of the pod are.
func (p *Play) resolveVolumes() error {
	p.volumes = map[string]source{}
	for _, v := range p.spec.Volumes {
		s, err := p.resolveVolume(v)
		if err != nil {
			return fmt.Errorf("failed to create volume %q: %w", v.Name, err)
		}
		p.volumes[v.Name] = s
	}
	return nil
}

func (p *Play) resolveVolume(v Volume) (source, error) {
	switch {
	case v.HostPath != nil:
		return source{hostPath: v.HostPath}, p.resolveHostPath(v.HostPath)
	case v.PersistentVolumeClaim != nil:
		return source{named: v.PersistentVolumeClaim.ClaimName, readOnly: v.PersistentVolumeClaim.ReadOnly}, nil
	case v.ConfigMap != nil:
		return p.resolveConfigMap(v.ConfigMap)
	case v.Secret != nil:
		return p.resolveSecret(v.Secret)
	case v.EmptyDir != nil:
		return source{emptyDir: v.EmptyDir}, nil
	case v.Image != nil:
		p.Images = append(p.Images, *v.Image)
		return source{image: v.Image}, nil
	}
	return source{}, errors.New("HostPath, ConfigMap, EmptyDir, Secret, and PersistentVolumeClaim are currently the only supported VolumeSource")
}

func (p *Play) resolveHostPath(h *HostPath) error {
	switch h.Type {
	case "", Directory, File:
	case DirectoryOrCreate, FileOrCreate, Socket, CharDevice, BlockDevice:
		p.HostPaths = append(p.HostPaths, *h)
	default:
		return fmt.Errorf("invalid HostPath type %v", h.Type)
	}
	if h.Path == "" {
		return errors.New("in parsing HostPath in YAML: host directory cannot be empty")
	}
	return nil
}

func (p *Play) resolveConfigMap(v *ConfigMapVolume) (source, error) {
	mode, err := modeOf(v.DefaultMode)
	if err != nil {
		return source{}, fmt.Errorf("invalid DefaultMode for configMap %q: %w", v.Name, err)
	}
	found := p.sources.configMap(v.Name)
	if found == nil {
		if v.Optional {
			return source{}, nil
		}
		return source{}, fmt.Errorf("no such ConfigMap %q", v.Name)
	}
	entries := maps.Clone(found.BinaryData)
	if entries == nil {
		entries = map[string][]byte{}
	}
	for key, text := range found.Data {
		if _, twice := entries[key]; twice {
			return source{}, fmt.Errorf("the ConfigMap %q is invalid: duplicate key %q present in data and binaryData", v.Name, key)
		}
		entries[key] = []byte(text)
	}
	return source{named: v.Name}, p.addFiles(v.Name, entries, v.Items, mode)
}

func (p *Play) resolveSecret(v *SecretVolume) (source, error) {
	mode, err := modeOf(v.DefaultMode)
	if err != nil {
		return source{}, fmt.Errorf("invalid DefaultMode for secret %q: %w", v.SecretName, err)
	}
	entries, err := p.sources.secret(v.SecretName)
	if err != nil {
		return source{}, unless(v.Optional, err)
	}
	return source{named: v.SecretName}, p.addFiles(v.SecretName, entries, v.Items, mode)
}

func modeOf(mode *int32) (int64, error) {
	if mode == nil {
		return defaultMode, nil
	}
	if *mode < 0 || *mode > maxMode {
		return 0, errors.New("must be between 0000 and 0777")
	}
	return int64(*mode), nil
}

// addFiles notes what a volume is to hold: all entries under their keys, or some
// under the paths that are given for them.
func (p *Play) addFiles(volume string, entries map[string][]byte, items []KeyToPath, mode int64) error {
	files := map[string]FileContent{}
	for _, item := range items {
		own := mode
		if item.Mode != nil {
			var err error
			if own, err = modeOf(item.Mode); err != nil {
				return fmt.Errorf("invalid mode for %s: %w", item.Path, err)
			}
		}
		if data, ok := entries[item.Key]; ok {
			files[item.Path] = FileContent{Data: data, Mode: own}
		}
	}
	if len(items) == 0 {
		for key, data := range entries {
			files[key] = FileContent{Data: data, Mode: mode}
		}
	}
	p.Files = append(p.Files, Files{Volume: volume, Files: files})
	return nil
}

// mountAll adds what a container mounts to its configuration.
func (p *Play) mountAll(c *Container, cfg *container.Config, podID string) error {
	for _, m := range c.VolumeMounts {
		s, ok := p.volumes[m.Name]
		if !ok {
			return fmt.Errorf("volume mount %s specified for container but not configured in volumes", m.Name)
		}
		destination, options, err := mountPoint(m, s.readOnly)
		if err != nil {
			return err
		}
		if err := p.mount(cfg, s, m, destination, options, podID); err != nil {
			return err
		}
	}
	return nil
}

func (p *Play) mount(cfg *container.Config, s source, m VolumeMount, destination string, options []string, podID string) error {
	storage := &cfg.Storage
	switch {
	case s.hostPath != nil && (s.hostPath.Type == CharDevice || s.hostPath.Type == BlockDevice):
		cfg.Security.Devices = append(cfg.Security.Devices, s.hostPath.Path+":"+destination)
		return nil
	case s.hostPath != nil:
		mount := container.Mount{
			Type: "bind", Source: s.hostPath.Path, Destination: destination, Options: p.relabel(s.hostPath.Path, options), SubPath: m.SubPath,
		}
		if i := slices.Index(options, "O"); i >= 0 {
			mount.Type, mount.Options = "overlay", slices.Delete(mount.Options, i, i+1)
		}
		return storage.AddMount(mount)
	case s.named != "":
		return storage.AddVolumeMount(container.VolumeMount{Name: s.named, Destination: destination, Options: options, SubPath: m.SubPath})
	case s.emptyDir != nil && s.emptyDir.Medium == "Memory":
		if !s.emptyDir.SizeLimit.IsZero() {
			size, err := s.emptyDir.SizeLimit.Value()
			if err != nil {
				return err
			}
			options = append(options, fmt.Sprintf("size=%d", size))
		}
		return storage.AddMount(container.Mount{Type: "tmpfs", Source: "tmpfs", Destination: destination, Options: options})
	case s.emptyDir != nil:
		return storage.AddVolumeMount(container.VolumeMount{
			Name: emptyDirName(podID, m.Name), Anonymous: true, Destination: destination, Options: options, SubPath: m.SubPath,
		})
	case s.image != nil:
		return storage.AddMount(container.Mount{Type: "image", Source: s.image.Reference, Destination: destination, SubPath: m.SubPath})
	}
	return nil // it may be missing
}

// emptyDirName is the volume that the containers of a pod share: theirs alone, and
// gone with the last of them.
func emptyDirName(podID, volume string) string { return podID[:min(12, len(podID))] + "-" + volume }

// mountPoint reads DEST[:OPTS], and the options that Kubernetes has words for.
func mountPoint(m VolumeMount, readOnly bool) (destination string, options []string, err error) {
	parts := strings.Split(m.MountPath, ":")
	if len(parts) > 2 {
		return "", nil, fmt.Errorf("%q incorrect volume format, should be ctr-dir[:option]", m.MountPath)
	}
	if err := parse.ValidateVolumeCtrDir(parts[0]); err != nil {
		return "", nil, fmt.Errorf("parsing MountPath: %w", err)
	}
	if len(parts) == 2 {
		options = strings.Split(parts[1], ",")
	}
	if (m.ReadOnly || readOnly) && !slices.Contains(options, "ro") {
		options = append(options, "ro")
	}
	if m.MountPropagation != nil {
		modes := map[string]string{"None": "private", "HostToContainer": "rslave", "Bidirectional": "rshared"}
		mode, ok := modes[*m.MountPropagation]
		if !ok {
			return "", nil, fmt.Errorf("unknown propagation mode %q", *m.MountPropagation)
		}
		options = append(options, mode)
	}
	if options, err = parse.ValidateVolumeOpts(options); err != nil {
		return "", nil, fmt.Errorf("parsing MountOptions: %w", err)
	}
	return parts[0], options, nil
}

// relabel adds the SELinux option that the pod's annotation has for a path.
func (p *Play) relabel(path string, options []string) []string {
	about, option, ok := cutLast(p.meta.Annotations[annotationRelabel], ":")
	if !ok || about != path || slices.ContainsFunc(options, func(o string) bool { return o == "z" || o == "Z" || o == "O" }) {
		return options
	}
	return append(options, option)
}

func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}
