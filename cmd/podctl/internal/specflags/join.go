package specflags

import (
	"errors"
	"fmt"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/spf13/pflag"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// joinFlags say which pod a container joins and how.
type joinFlags struct {
	given
	pod, idFile, initType string
	requires              []string
}

func (f *joinFlags) bind(fs *pflag.FlagSet) {
	f.fs = fs
	fs.StringVar(&f.pod, "pod", "", "Join this `pod`; new:NAME creates it first")
	fs.StringVar(&f.idFile, "pod-id-file", "", "Read the ID of the pod to join from this `file`")
	fs.StringSliceVar(&f.requires, "requires", nil, "`Container` that must run before this one")
}

func (f *joinFlags) bindInit(fs *pflag.FlagSet) {
	fs.StringVar(&f.initType, "init-ctr", "", "Make an init container of the pod that runs `once` or always")
}

func (f *joinFlags) apply(opts *engine.CreateOptions, env Env) error {
	if f.has("pod") && f.has("pod-id-file") {
		return errors.New("cannot specify both --pod and --pod-id-file")
	}
	if err := f.applyInit(opts.Config); err != nil {
		return err
	}
	opts.Requires = append(opts.Requires, f.requires...)
	if f.idFile != "" {
		data, err := env.ReadFile(f.idFile)
		if err != nil {
			return fmt.Errorf("reading pod ID file: %w", err)
		}
		id, _, _ := strings.Cut(string(data), "\n")
		opts.Pod = strings.TrimSpace(id)
		return nil
	}
	name, isNew := strings.CutPrefix(f.pod, "new:")
	if !isNew {
		opts.Pod = f.pod
		return nil
	}
	if name == "" {
		return errors.New("new pod name must be at least one character")
	}
	opts.NewPod = &engine.PodCreateOptions{
		Name:   name,
		Config: &pod.Config{CreateCommand: env.Argv, Share: defaultShare(), ShareParent: true},
		Infra:  &container.Config{Infra: true, CreateCommand: env.Argv, Storage: container.Storage{ReadOnly: true}},
	}
	return nil
}

func (f *joinFlags) applyInit(c *container.Config) error {
	if !f.has("init-ctr") {
		return nil
	}
	if !f.has("pod", "pod-id-file") {
		return errors.New("must specify pod value with init-ctr")
	}
	if f.initType != "once" && f.initType != "always" {
		return errors.New("init-ctr value must be 'always' or 'once'")
	}
	c.InitType = f.initType
	return nil
}

// shareWithPod gives a pod created for a container what the container's flags
// ask of it. The user namespace moves: a container cannot have its own in a
// pod that shares one.
func (f *ContainerFlags) shareWithPod(c *container.Config, opts *engine.PodCreateOptions) error {
	if err := checkPodNetwork(opts.Infra); err != nil {
		return err
	}
	ns := &opts.Infra.Namespaces
	ns.User, ns.UIDMap, ns.GIDMap = c.Namespaces.User, c.Namespaces.UIDMap, c.Namespaces.GIDMap
	ns.SubUIDName, ns.SubGIDName = c.Namespaces.SubUIDName, c.Namespaces.SubGIDName
	c.Namespaces.User, c.Namespaces.UIDMap, c.Namespaces.GIDMap = container.Namespace{}, nil, nil
	c.Namespaces.SubUIDName, c.Namespaces.SubGIDName = "", ""
	opts.Config.Share = withUser(opts.Config.Share, ns.User)
	if !c.Namespaces.PID.Shares() {
		ns.PID = c.Namespaces.PID
	}
	opts.Config.Restart = c.Restart
	opts.Infra.Restart, opts.Infra.RestartSet = c.Restart, c.RestartSet
	if c.Resources.CPUs > 0 || f.limits.cpusetCPUs != "" {
		cpu := &specs.LinuxCPU{Cpus: c.Resources.Linux.CPU.Cpus}
		if c.Resources.CPUs > 0 {
			cpu.Period, cpu.Quota = c.Resources.Linux.CPU.Period, c.Resources.Linux.CPU.Quota
		}
		opts.Config.Resources = &specs.LinuxResources{CPU: cpu}
	}
	return nil
}
