package runtime

import (
	"path/filepath"
	"reflect"
	"slices"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
)

// origin is where a container stands whose configuration is to be used again.
type origin struct {
	// dir is the container's persistent directory.
	dir   string
	pod   *pod.Pod             // nil outside pods
	infra *container.Container // nil outside pods with one
}

// recipe is what must be asked for to get a container configured like c: a copy
// of its complete configuration without what complete adds for this very
// container, and without what two containers cannot have at once. Namespaces of
// the infra container become the pod's; those of other containers stay. The
// image is that of c, whatever its name means by now.
func recipe(c *container.Config, from origin) (*container.Config, error) {
	out, err := copyConfig(c)
	if err != nil {
		return nil, err
	}
	if c.Image.ID != "" && !c.EntrypointSet {
		out.Entrypoint = nil
	}
	if !c.WorkDirGiven {
		out.WorkDir = ""
	}
	out.CIDFile, out.PidFile, out.ConmonPidFile = "", "", ""
	if c.Log.Path == filepath.Join(from.dir, "ctr.log") {
		out.Log.Path = ""
	}
	recipeStorage(&out.Storage)
	if from.pod != nil && from.pod.Config != nil {
		leavePod(out, from)
	}
	return out, nil
}

// recipeStorage leaves what belongs to one container: its anonymous volumes are
// made anew. What came with --volumes-from is there already.
func recipeStorage(s *container.Storage) {
	s.VolumesFrom = nil
	for i := range s.Volumes {
		if s.Volumes[i].Anonymous {
			s.Volumes[i].Name = ""
		}
	}
}

// leavePod takes out what the pod gave the container, and that it had from the
// infra container.
func leavePod(c *container.Config, from origin) {
	if c.Resources.CgroupParent == from.pod.Config.CgroupPath {
		c.Resources.CgroupParent = ""
	}
	if from.infra == nil || from.infra.Config == nil || c.Infra {
		return
	}
	for _, ns := range c.Namespaces.ByKind() {
		if ns.Mode == container.ModeContainer && ns.Value == from.infra.ID {
			*ns = container.Namespace{Mode: container.ModePod}
		}
	}
	c.Storage.Mounts = slices.DeleteFunc(c.Storage.Mounts, func(m container.Mount) bool { return m.Inherited })
	c.Storage.Volumes = slices.DeleteFunc(c.Storage.Volumes, func(v container.VolumeMount) bool { return v.Inherited })
	had := from.infra.Config
	drop(&c.Storage.ShmSize, had.Storage.ShmSize)
	drop(&c.Storage.ShmSizeSystemd, had.Storage.ShmSizeSystemd)
	sec, infra := &c.Security, &had.Security
	drop(&sec.Seccomp, infra.Seccomp)
	drop(&sec.AppArmor, infra.AppArmor)
	drop(&sec.LabelOpts, infra.LabelOpts)
	drop(&sec.NoNewPrivs, infra.NoNewPrivs)
	for list, added := range map[*[]string][]string{
		&sec.Devices: infra.Devices, &sec.CapAdd: infra.CapAdd, &sec.CapDrop: infra.CapDrop, &sec.ProcOpts: infra.ProcOpts,
		&sec.Mask: infra.Mask, &sec.Unmask: infra.Unmask,
	} {
		// They were appended.
		if n := len(*list) - len(added); n >= 0 && slices.Equal((*list)[n:], added) {
			*list = (*list)[:n]
		}
	}
}

// drop empties a setting that is the infra container's: the clone of the pod
// may have another.
func drop[T any](own *T, inherited T) {
	if reflect.DeepEqual(*own, inherited) {
		*own = *new(T)
	}
}
