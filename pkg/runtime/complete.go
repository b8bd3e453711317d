package runtime

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	units "github.com/docker/go-units"

	"github.com/podctl/podctl/pkg/bundle"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/settings"
)

// surroundings are what a container's configuration is completed from.
type surroundings struct {
	id       string
	settings *settings.Settings
	image    *image.Image // nil without one
	pod      *podContext  // nil outside pods
	open     Switches
}

// complete fills in everything the user left open. It works on a copy of the
// user's configuration and decides nothing that depends on other containers
// still being there: the create transaction checks that.
func complete(user *container.Config, in surroundings) (*container.Config, error) {
	c := *user
	if err := bundle.Check(user); err != nil {
		return nil, err
	}
	if !c.Infra {
		completeConfigured(&c, in)
	}
	if err := completeProcess(&c, in); err != nil {
		return nil, err
	}
	if err := completeNamespaces(&c, in); err != nil {
		return nil, err
	}
	if err := completeNetwork(&c, in); err != nil {
		return nil, err
	}
	if err := completeStorage(&c, in); err != nil {
		return nil, err
	}
	if err := completeLifecycle(&c, in); err != nil {
		return nil, err
	}
	if err := completeLog(&c, in); err != nil {
		return nil, err
	}
	return &c, completeCgroup(&c, in)
}

// completeConfigured fills in what containers.conf(5) has for containers that do
// not say otherwise, where it needs nothing else.
func completeConfigured(c *container.Config, in surroundings) {
	conf := in.settings.Conf.Containers
	for _, s := range []struct {
		open  bool
		field *bool
		value bool
	}{
		{in.open.Init, &c.Init, conf.Init},
		{in.open.ReadOnly, &c.Storage.ReadOnly, conf.ReadOnly},
		{in.open.Privileged, &c.Security.Privileged, conf.Privileged},
		{in.open.HTTPProxy, &c.HTTPProxy, conf.HTTPProxy},
	} {
		if s.open {
			*s.field = s.value
		}
	}
	res := &c.Resources
	if res.OOMScoreAdj == nil {
		res.OOMScoreAdj = conf.OOMScoreAdj
	}
	if res.PidsLimit == nil {
		res.PidsLimit = in.settings.PidsLimit()
	}
	res.CgroupConf = overlay(parsePairs(conf.CgroupConf.Get()), res.CgroupConf)
}

func completeProcess(c *container.Config, in surroundings) error {
	conf := in.settings.Conf.Containers
	c.UserGiven, c.WorkDirGiven = c.User != "", c.WorkDir != ""
	if img := in.image; img != nil {
		c.Image = container.Image{ID: img.ID, Name: img.Name, RawName: c.Image.RawName, Digest: img.Digest}
		if !c.EntrypointSet {
			// A command replaces the image's command, never its entrypoint.
			c.Entrypoint = img.Config.Entrypoint
			if len(c.Command) == 0 {
				c.Command = img.Config.Cmd
			}
		}
		if c.WorkDir == "" {
			c.WorkDir = img.Config.WorkingDir
		}
		if c.User == "" {
			c.User = img.Config.User
		}
		c.Labels = overlay(img.Config.Labels, c.Labels)
		c.Annotations = overlay(img.Annotations, c.Annotations)
	}
	if len(c.Entrypoint)+len(c.Command) == 0 && !c.Infra {
		return errdefs.As(errdefs.ErrInvalidArgument, errors.New("no command or entrypoint provided, and no CMD or ENTRYPOINT from image"))
	}
	if c.WorkDir == "" {
		c.WorkDir = "/"
	}
	if c.Umask == "" {
		c.Umask = conf.Umask
	}
	if c.Timezone == "" {
		c.Timezone = conf.TZ
	}
	c.Annotations = overlay(parsePairs(conf.Annotations.Get()), c.Annotations)
	c.Env = completeEnv(c, in)
	return nil
}

// overlay is base with top's entries above it.
func overlay(base, top map[string]string) map[string]string {
	if len(base) == 0 {
		return top
	}
	out := make(map[string]string, len(base)+len(top))
	for k, v := range base {
		out[k] = v
	}
	for k, v := range top {
		out[k] = v
	}
	return out
}

// completeEnv lays the sources of the environment over each other, lowest first:
// built-in, containers.conf, image, proxies, host, the user's own.
func completeEnv(c *container.Config, in surroundings) []string {
	env := newEnvironment()
	if !c.UnsetEnvAll {
		env.set("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "container=podman")
		if c.Terminal {
			env.set("TERM=xterm")
		}
		env.set(in.settings.Conf.Containers.Env.Get()...)
		if in.image != nil {
			env.set(in.image.Config.Env...)
		}
	}
	for _, name := range c.UnsetEnv {
		env.unset(name)
	}
	if c.HTTPProxy {
		for _, name := range []string{"http_proxy", "https_proxy", "ftp_proxy", "no_proxy"} {
			for _, key := range []string{name, strings.ToUpper(name)} {
				if v, ok := os.LookupEnv(key); ok {
					env.set(key + "=" + v)
				}
			}
		}
	}
	host := in.settings.Conf.Containers.EnvHost
	if c.EnvHost != nil {
		host = *c.EnvHost
	}
	if host {
		env.set(os.Environ()...)
	}
	for _, kv := range c.EnvMerge {
		env.set(os.Expand(kv, env.get))
	}
	env.set(c.Env...)
	return env.list()
}

// environment keeps variables in the order they first appeared.
type environment struct {
	order  []string
	values map[string]string
}

func newEnvironment() *environment { return &environment{values: map[string]string{}} }

func (e *environment) set(pairs ...string) {
	for _, kv := range pairs {
		k, v, _ := strings.Cut(kv, "=")
		if _, ok := e.values[k]; !ok {
			e.order = append(e.order, k)
		}
		e.values[k] = v
	}
}

func (e *environment) unset(name string) {
	delete(e.values, name)
	e.order = slices.DeleteFunc(e.order, func(k string) bool { return k == name })
}

func (e *environment) get(name string) string { return e.values[name] }

func (e *environment) list() []string {
	out := make([]string, 0, len(e.order))
	for _, k := range e.order {
		out = append(out, k+"="+e.values[k])
	}
	return out
}

func completeLifecycle(c *container.Config, in surroundings) error {
	if c.StopSignal == 0 {
		c.StopSignal = 15
		if in.image != nil && in.image.Config.StopSignal != "" {
			sig, err := parseSignal(in.image.Config.StopSignal)
			if err != nil {
				return fmt.Errorf("stop signal of image %s: %w", in.image.Name, err)
			}
			c.StopSignal = uint(sig)
		}
	}
	if c.StopTimeout == nil {
		t := in.settings.Conf.Engine.StopTimeout
		if c.Infra {
			t = container.DefaultStopTimeout
		}
		c.StopTimeout = &t
	}
	if in.pod != nil && !c.RestartSet && c.InitType == "" {
		c.Restart = in.pod.pod.Config.Restart
	}
	return completeHealth(c, in.image)
}

func completeLog(c *container.Config, in surroundings) error {
	if c.Log.Driver == "" {
		c.Log.Driver = in.settings.LogDriver().Value
	}
	if c.Infra {
		c.Log.Driver = "none" // its only process writes nothing
	}
	if c.Log.Driver == "json-file" {
		c.Log.Driver = "k8s-file"
	}
	if c.Log.Driver == "k8s-file" && c.Log.Path == "" {
		c.Log.Path = filepath.Join(in.settings.ContainerDir(in.id), "ctr.log")
	}
	if c.Log.SizeMax == 0 {
		c.Log.SizeMax = in.settings.Conf.Containers.LogSizeMax
	}
	switch c.Log.Driver {
	case "journald":
		c.Log.Tag = cmp.Or(c.Log.Tag, in.settings.Conf.Containers.LogTag)
	case "k8s-file", "none", "passthrough":
	default:
		return fmt.Errorf("running container create option: invalid log driver: %w", errdefs.ErrInvalidArg)
	}
	return nil
}

func completeStorage(c *container.Config, in surroundings) error {
	if in.pod != nil && in.pod.infra != nil && !c.Infra {
		infra := in.pod.infra.Config.Storage
		c.Storage.ShmSize = cmp.Or(c.Storage.ShmSize, infra.ShmSize)
		c.Storage.ShmSizeSystemd = cmp.Or(c.Storage.ShmSizeSystemd, infra.ShmSizeSystemd)
	}
	if c.Storage.ShmSize == nil {
		size := in.settings.Conf.Containers.ShmSize
		n, err := units.RAMInBytes(size)
		if err != nil {
			return fmt.Errorf("shm_size %q in containers.conf: %w", size, err)
		}
		c.Storage.ShmSize = &n
	}
	if c.Storage.ImageVolumes == "" {
		c.Storage.ImageVolumes = in.settings.Conf.Engine.ImageVolumeMode
	}
	if err := configuredVolumes(c, in.settings); err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, m := range c.Storage.Mounts {
		taken[m.Destination] = true
	}
	for _, v := range c.Storage.Volumes {
		taken[v.Destination] = true
	}
	if in.image != nil {
		c.Storage.Mounts, c.Storage.Volumes = withImageVolumes(c, in.image, taken)
	}
	if in.pod != nil && in.pod.infra != nil && !c.Infra {
		inheritStorage(c, in.pod.infra.Config, taken)
	}
	for _, m := range c.Storage.Mounts {
		if m.Type == "bind" && !m.Inherited {
			if _, err := os.Stat(m.Source); err != nil {
				return fmt.Errorf("statfs %s: %w", m.Source, unwrapPath(err))
			}
		}
	}
	return nil
}

// configuredVolumes adds the volumes of containers.conf where the container has
// nothing else. Infra containers have none: their volumes are all members'.
func configuredVolumes(c *container.Config, s *settings.Settings) error {
	if c.Infra {
		return nil
	}
	for _, text := range s.Conf.Containers.Volumes.Get() {
		err := c.Storage.AddVolume(text, func(path string) string {
			if abs, err := filepath.Abs(path); err == nil {
				return abs
			}
			return path
		})
		if err != nil && !errors.Is(err, errdefs.ErrDuplicateDest) {
			return fmt.Errorf("volume %q in containers.conf: %w", text, err)
		}
	}
	return nil
}

// unwrapPath drops the path an os error repeats.
func unwrapPath(err error) error {
	if pe, ok := err.(*os.PathError); ok { //nolint:errorlint // os.Stat returns it bare
		return pe.Err
	}
	return err
}

// withImageVolumes adds the volumes the image declares, unless something else is
// mounted there.
func withImageVolumes(c *container.Config, img *image.Image, taken map[string]bool) ([]container.Mount, []container.VolumeMount) {
	mounts, volumes := c.Storage.Mounts, c.Storage.Volumes
	dests := make([]string, 0, len(img.Config.Volumes))
	for d := range img.Config.Volumes {
		dests = append(dests, filepath.Clean(d))
	}
	slices.Sort(dests)
	for _, dest := range dests {
		if taken[dest] {
			continue
		}
		taken[dest] = true
		switch c.Storage.ImageVolumes {
		case "ignore":
		case "tmpfs":
			mounts = append(mounts, container.Mount{Type: "tmpfs", Source: "tmpfs", Destination: dest, Options: []string{"rprivate", "rw", "nodev", "exec"}})
		default:
			volumes = append(volumes, container.VolumeMount{Destination: dest, Anonymous: true, Options: []string{"rprivate", "rw", "nodev", "exec"}})
		}
	}
	return mounts, volumes
}

// inheritStorage gives a pod member what the pod mounts everywhere.
func inheritStorage(c, infra *container.Config, taken map[string]bool) {
	for _, m := range infra.Storage.Mounts {
		if !taken[m.Destination] {
			m.Inherited = true
			c.Storage.Mounts = append(c.Storage.Mounts, m)
		}
	}
	for _, v := range infra.Storage.Volumes {
		if !taken[v.Destination] {
			v.Inherited = true
			c.Storage.Volumes = append(c.Storage.Volumes, v)
		}
	}
	sec := &c.Security
	sec.Devices = append(sec.Devices, infra.Security.Devices...)
	sec.CapAdd = append(sec.CapAdd, infra.Security.CapAdd...)
	sec.CapDrop = append(sec.CapDrop, infra.Security.CapDrop...)
	sec.NoNewPrivs = sec.NoNewPrivs || infra.Security.NoNewPrivs
	if sec.Seccomp == "" {
		sec.Seccomp = infra.Security.Seccomp
	}
	if sec.AppArmor == "" {
		sec.AppArmor = infra.Security.AppArmor
	}
	if len(sec.LabelOpts) == 0 {
		sec.LabelOpts = infra.Security.LabelOpts
	}
	sec.ProcOpts = append(sec.ProcOpts, infra.Security.ProcOpts...)
	sec.Mask = append(sec.Mask, infra.Security.Mask...)
	sec.Unmask = append(sec.Unmask, infra.Security.Unmask...)
	c.Network.NoHostname = c.Network.NoHostname || infra.Network.NoHostname
}
