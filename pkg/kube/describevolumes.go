package kube

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/podctl/podctl/pkg/container"
)

// volumeNames are the volumes of a pod that is described: one for each thing that
// is mounted, however many containers mount it.
type volumeNames struct {
	podID string
	list  []Volume
	names map[string]string // by what is mounted
}

var notInName = regexp.MustCompile(`[^a-z0-9-]+`)

// maxName is how long the name of a volume may be.
const maxName = 63

// volumeName makes a name as Kubernetes wants it.
func volumeName(text string) string {
	name := strings.Trim(notInName.ReplaceAllString(strings.ToLower(text), "-"), "-")
	if name == "" {
		name = "root"
	}
	return name
}

// add returns the name of the volume for what key stands for; volume has all but the name.
func (v *volumeNames) add(key, name string, volume Volume) string {
	if known, ok := v.names[key]; ok {
		return known
	}
	if v.names == nil {
		v.names = map[string]string{}
	}
	taken := func(name string) bool {
		return slices.ContainsFunc(v.list, func(other Volume) bool { return other.Name == name })
	}
	if len(name) > maxName {
		name = strings.Trim(name[len(name)-maxName:], "-")
	}
	volume.Name = name
	for i := 1; taken(volume.Name); i++ {
		suffix := fmt.Sprintf("-%d", i)
		volume.Name = name[:min(len(name), maxName-len(suffix))] + suffix
	}
	v.names[key] = volume.Name
	v.list = append(v.list, volume)
	return volume.Name
}

// mounts describes what a container mounts, its devices among it.
func (b *describer) mounts(c *Container, cfg *container.Config) error {
	for _, m := range cfg.Storage.Mounts {
		name, err := b.volumeOf(m, c.Name, len(c.VolumeMounts))
		if err != nil {
			return err
		}
		c.VolumeMounts = append(c.VolumeMounts, mountOf(name, m.Destination, m.SubPath, m.Options))
	}
	for _, v := range cfg.Storage.Volumes {
		name := b.volumes.named(v)
		c.VolumeMounts = append(c.VolumeMounts, mountOf(name, v.Destination, v.SubPath, v.Options))
	}
	for _, device := range cfg.Security.Devices {
		if !strings.HasPrefix(device, "/") { // a name that stands for devices
			if c.Resources.Limits == nil {
				c.Resources.Limits = ResourceList{}
			}
			c.Resources.Limits[device] = NewQuantity(1)
			continue
		}
		parts := strings.Split(device, ":")
		path, inside := parts[0], parts[0]
		if len(parts) > 1 && strings.HasPrefix(parts[1], "/") {
			inside = parts[1]
		}
		kind := b.PathType(path)
		if kind != CharDevice && kind != BlockDevice {
			return fmt.Errorf("device %s: Kubernetes has no such volume", device)
		}
		name := b.volumes.add("device "+path, volumeName(path)+"-dev", Volume{HostPath: &HostPath{Path: path, Type: kind}})
		c.VolumeMounts = append(c.VolumeMounts, VolumeMount{Name: name, MountPath: inside})
	}
	return nil
}

// volumeOf is the volume for a mount; index is how many the container has already.
func (b *describer) volumeOf(m container.Mount, ctr string, index int) (string, error) {
	switch m.Type {
	case "bind":
		for _, o := range m.Options {
			if o == "z" || o == "Z" {
				b.out.Annotations[annotationRelabel] = m.Source + ":" + o
			}
		}
		path := &HostPath{Path: m.Source, Type: b.PathType(m.Source)}
		return b.volumes.add("path "+m.Source, fmt.Sprintf("%s-host-%d", volumeName(m.Source), index), Volume{HostPath: path}), nil
	case "tmpfs":
		dir := &EmptyDir{Medium: "Memory"}
		for _, o := range m.Options {
			if size, ok := strings.CutPrefix(o, "size="); ok {
				if q, err := sizeOf(size); err == nil {
					dir.SizeLimit = q
				}
			}
		}
		// Each is its own.
		key := fmt.Sprintf("tmpfs %s %s", ctr, m.Destination)
		return b.volumes.add(key, fmt.Sprintf("tmp-%d", index), Volume{EmptyDir: dir}), nil
	case "image":
		return b.volumes.add("image "+m.Source, volumeName(m.Source)+"-image", Volume{Image: &ImageVolume{Reference: m.Source}}), nil
	}
	return "", fmt.Errorf("mount of type %s at %s: Kubernetes has no such volume", m.Type, m.Destination)
}

// named is the volume for a named or anonymous volume.
func (v *volumeNames) named(m container.VolumeMount) string {
	if !m.Anonymous {
		return v.add("volume "+m.Name, volumeName(m.Name)+"-pvc", Volume{PersistentVolumeClaim: &ClaimVolume{ClaimName: m.Name}})
	}
	name := volumeName(m.Destination) + "-dir"
	if v.podID != "" {
		if own, ok := strings.CutPrefix(m.Name, emptyDirName(v.podID, "")); ok {
			name = own
		}
	}
	return v.add("volume "+m.Name, name, Volume{EmptyDir: &EmptyDir{}})
}

// mountOf mounts a volume with those of the options that Kubernetes has.
func mountOf(name, destination, subPath string, options []string) VolumeMount {
	m := VolumeMount{Name: name, MountPath: destination, SubPath: subPath, ReadOnly: slices.Contains(options, "ro")}
	for _, o := range options {
		modes := map[string]string{"slave": "HostToContainer", "rslave": "HostToContainer", "shared": "Bidirectional", "rshared": "Bidirectional"}
		if mode, ok := modes[o]; ok {
			m.MountPropagation = &mode
		}
	}
	return m
}

// Claim describes a named volume: what Kubernetes does not know of it is in
// annotations.
func Claim(name, driver string, options, labels map[string]string, created string) *PersistentVolumeClaim {
	c := &PersistentVolumeClaim{TypeMeta: TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}}
	c.ObjectMeta = ObjectMeta{Name: name, Labels: labels, CreationTimestamp: created, Annotations: map[string]string{annotationVolume + "driver": driver}}
	for key, suffix := range volumeOptions() {
		if value, ok := options[key]; ok {
			c.Annotations[annotationVolume+suffix] = value
		}
	}
	c.Spec.AccessModes = []string{"ReadWriteOnce"}
	size, _ := ParseQuantity("1Gi") // Kubernetes wants one
	c.Spec.Resources.Requests = ResourceList{"storage": size}
	return c
}

// volumeOptions are the annotations for the options of a volume.
func volumeOptions() map[string]string {
	return map[string]string{"o": "mount-options", "device": "device", "type": "type", "UID": "uid", "GID": "gid", "image": "image"}
}
