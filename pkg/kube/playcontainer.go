package kube

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/containers/common/pkg/signal"
	"github.com/docker/go-units"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// Container is the configuration of a member: of the pod with this ID, from an
// image with this environment.
func (p *Play) Container(m Member, podID string, imageEnv []string) (*container.Config, error) {
	cfg, err := p.container(m, podID, imageEnv)
	return cfg, errdefs.As(errdefs.ErrInvalidArgument, err)
}

func (p *Play) container(m Member, podID string, imageEnv []string) (*container.Config, error) {
	c := m.described
	cfg := &container.Config{CreateCommand: p.options.CreateCommand, Labels: p.labels(c.Name), Annotations: maps.Clone(p.meta.Annotations)}
	cfg.Image.RawName = c.Image
	cfg.SDNotify = "ignore"
	if m.Init {
		cfg.InitType = cmp.Or(p.meta.Annotations[annotationInitType], "once")
	} else if p.spec.TerminationGracePeriodSeconds != nil {
		timeout := uint(max(*p.spec.TerminationGracePeriodSeconds, 0))
		cfg.StopTimeout = &timeout
	}
	if p.spec.HostPID {
		cfg.Namespaces.PID = container.Namespace{Mode: container.ModeHost}
	}
	if err := p.process(c, cfg, podID, imageEnv); err != nil {
		return nil, err
	}
	for _, step := range []func(*Container, *container.Config) error{p.confine, p.limit, p.volumesFrom} {
		if err := step(c, cfg); err != nil {
			return nil, err
		}
	}
	if err := p.mountAll(c, cfg, podID); err != nil {
		return nil, err
	}
	var err error
	cfg.Health, err = health(c, !m.Init && p.Pod.Restart.Name != "no")
	return cfg, err
}

// process says what runs.
func (p *Play) process(c *Container, cfg *container.Config, podID string, imageEnv []string) error {
	cfg.Stdin, cfg.StdinOnce, cfg.Terminal, cfg.WorkDir = c.Stdin, c.StdinOnce, c.TTY, c.WorkingDir
	var err error
	if cfg.Env, err = p.environment(c, podID); err != nil {
		return err
	}
	env := map[string]string{}
	for _, kv := range slices.Concat(imageEnv, cfg.Env) {
		name, value, _ := strings.Cut(kv, "=")
		env[name] = value
	}
	expanded := func(words []string) (out []string) {
		for _, word := range words {
			out = append(out, expand(word, env))
		}
		return out
	}
	cfg.Entrypoint, cfg.EntrypointSet = expanded(c.Command), len(c.Command) > 0
	cfg.Command = expanded(c.Args)
	if c.Lifecycle != nil && c.Lifecycle.StopSignal != "" {
		number, err := signal.ParseSignalNameOrNumber(c.Lifecycle.StopSignal)
		if err != nil {
			return err
		}
		cfg.StopSignal = uint(number)
	}
	return nil
}

// labels are the pod's, and those that make podman's auto-update look at a
// container.
func (p *Play) labels(name string) map[string]string {
	labels := map[string]string{}
	for _, key := range []string{labelAutoUpdate, labelAutoUpdateAuth} {
		for _, from := range []string{key, key + "/" + name} {
			if value, ok := p.meta.Annotations[from]; ok {
				labels[key] = value
			}
		}
	}
	maps.Copy(labels, p.meta.Labels)
	return labels
}

// cpuPeriod is the period of a quota in microseconds.
const cpuPeriod = 100000

// limit sets the limits.
func (p *Play) limit(c *Container, cfg *container.Config) error {
	limits, requests := c.Resources.Limits, c.Resources.Requests
	linux := &specs.LinuxResources{}
	cpu, err := limits["cpu"].MilliValue()
	if err != nil {
		return fmt.Errorf("failed to configure container resources: failed to set cpu limit: %w", err)
	}
	if cpu > 0 {
		period, quota := uint64(cpuPeriod), cpu*cpuPeriod/1000
		linux.CPU = &specs.LinuxCPU{Period: &period, Quota: &quota}
		cfg.Resources.CPUs = float64(cpu) / 1000
	}
	memory, err := limits["memory"].Value()
	if err != nil {
		return fmt.Errorf("failed to configure container resources: failed to set memory limit: %w", err)
	}
	reservation, err := requests["memory"].Value()
	if err != nil {
		return fmt.Errorf("failed to configure container resources: failed to set memory reservation: %w", err)
	}
	if memory > 0 || reservation > 0 {
		linux.Memory = &specs.LinuxMemory{Limit: positive(memory), Reservation: positive(reservation)}
	}
	if err := p.limitByAnnotations(c.Name, linux, &cfg.Resources); err != nil {
		return err
	}
	if linux.CPU != nil || linux.Memory != nil {
		cfg.Resources.Linux = linux
	}
	cfg.Security.Devices = append(cfg.Security.Devices, devices(limits, requests)...)
	return nil
}

// deviceResource is before the path of a device that is asked for like an amount.
const deviceResource = "podman.io/device="

// devices are the CDI names, VENDOR/CLASS=NAME, and the paths among the resources.
func devices(lists ...ResourceList) (out []string) {
	for _, list := range lists {
		for _, name := range slices.Sorted(maps.Keys(list)) {
			device := strings.TrimPrefix(name, deviceResource)
			if strings.Contains(name, "=") && !slices.Contains(out, device) {
				out = append(out, device)
			}
		}
	}
	return out
}

func positive(n int64) *int64 {
	if n <= 0 {
		return nil
	}
	return &n
}

// limitByAnnotations sets what Kubernetes has no fields for.
func (p *Play) limitByAnnotations(name string, linux *specs.LinuxResources, r *container.Resources) error {
	annotations := p.meta.Annotations
	if text, ok := annotations[annotationPidsLimit+name]; ok {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("annotation %s: %w", annotationPidsLimit+name, err)
		}
		r.PidsLimit = &n
	}
	if cpus, mems := annotations[annotationCPUs+name], annotations[annotationMems+name]; cpus+mems != "" {
		if linux.CPU == nil {
			linux.CPU = &specs.LinuxCPU{}
		}
		linux.CPU.Cpus, linux.CPU.Mems = cpus, mems
	}
	if text := annotations[annotationUlimit]; text != "" {
		for limit := range strings.SplitSeq(text, ",") {
			parsed, err := units.ParseUlimit(limit)
			if err != nil {
				return fmt.Errorf("annotation %s: %w", annotationUlimit, err)
			}
			r.Rlimits = append(r.Rlimits, specs.POSIXRlimit{
				Type: "RLIMIT_" + strings.ToUpper(parsed.Name), Soft: uint64(parsed.Soft), Hard: uint64(parsed.Hard),
			})
		}
	}
	return nil
}

// volumesFrom reads whose volumes a container mounts: CTR[:OPTS];… . The name of a
// container that stands before it in the pod is that in the description.
func (p *Play) volumesFrom(c *Container, cfg *container.Config) error {
	key := annotationVolumesFrom + "/" + c.Name
	text := p.meta.Annotations[key]
	if text == "" {
		return nil
	}
	for entry := range strings.SplitSeq(text, ";") {
		name, options, hasOptions := strings.Cut(entry, ":")
		switch {
		case strings.Contains(options, ":"):
			return fmt.Errorf("invalid annotation %s value", key)
		case name == "":
			return fmt.Errorf("from container name cannot be empty in annotation %s", key)
		case name == c.Name:
			return fmt.Errorf("to and from container names cannot be same in annotation %s", key)
		}
		for _, m := range p.Members {
			if m.described == c {
				break
			}
			if m.described.Name == name {
				name = m.Name
			}
		}
		if hasOptions {
			name += ":" + options
		}
		cfg.Storage.VolumesFrom = append(cfg.Storage.VolumesFrom, name)
	}
	return nil
}
