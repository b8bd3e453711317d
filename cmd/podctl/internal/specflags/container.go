package specflags

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// ContainerFlags are the flags that create and run have in common. The zero
// value is ready to be bound. For one command line and one goroutine.
type ContainerFlags struct {
	given
	name, hostname string
	replace        bool
	attach         []string

	pod         joinFlags
	labels      labelFlags
	annotations annotationFlags
	process     processFlags
	lifecycle   lifecycleFlags
	log         logFlags
	health      healthFlags
	pull        pullFlags
	namespaces  namespaceFlags
	network     networkFlags
	storage     containerStorageFlags
	security    containerSecurityFlags
	limits      containerLimitFlags
}

// Bind defines the flags on cmd, whose flags then end at the first argument,
// and whose -h means --hostname.
func (f *ContainerFlags) Bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	f.fs = fs
	fs.SetInterspersed(false)
	cmdutil.LongHelpOnly(cmd)
	cmdutil.AliasFlags(cmd, merged(networkAliases(), healthAliases()))

	fs.StringVar(&f.name, "name", "", "`Name` of the container")
	fs.BoolVar(&f.replace, "replace", false, "Remove a container of the same name first")
	fs.StringVarP(&f.hostname, "hostname", "h", "", "`Hostname` of the container")
	fs.StringSliceVarP(&f.attach, "attach", "a", nil, "Attach to this `stream`: stdin, stdout or stderr")
	for _, group := range []interface{ bind(*pflag.FlagSet) }{
		&f.pod, &f.labels, &f.annotations, &f.process, &f.lifecycle, &f.log, &f.health, &f.pull, &f.namespaces,
		&f.storage, &f.security, &f.limits,
	} {
		group.bind(fs)
	}
	f.network.bindContainer(fs)
}

// BindInit defines --init-ctr, which run does not have.
func (f *ContainerFlags) BindInit(cmd *cobra.Command) { f.pod.bindInit(cmd.Flags()) }

// Options returns what the flags and the arguments, the image and its
// command, ask for. It can be called again.
func (f *ContainerFlags) Options(env Env, args []string) (*engine.CreateOptions, error) {
	c := &container.Config{CreateCommand: env.Argv}
	opts := &engine.CreateOptions{Name: strings.TrimPrefix(f.name, "/"), Config: c, Replace: f.replace, Open: f.open()}
	if f.replace && f.name == "" {
		return nil, errors.New("cannot replace container without --name being set")
	}
	if err := f.pod.apply(opts, env); err != nil {
		return nil, err
	}
	if _, err := f.Attach(); err != nil {
		return nil, err
	}
	f.storage.source(c, args[0], env)
	if len(args) > 1 {
		c.Command = args[1:]
	}
	if err := f.apply(opts, env); err != nil {
		return nil, err
	}
	if opts.NewPod != nil {
		if err := f.shareWithPod(c, opts.NewPod); err != nil {
			return nil, err
		}
	}
	return opts, f.check(c)
}

// open are the switches that were not given.
func (f *ContainerFlags) open() engine.Switches {
	return engine.Switches{
		Init: !f.process.has("init"), ReadOnly: !f.process.has("read-only"),
		Privileged: !f.process.has("privileged"), HTTPProxy: !f.process.has("http-proxy"),
	}
}

// apply runs the groups. The network and the hostname of a container with a
// new pod are the pod's.
func (f *ContainerFlags) apply(opts *engine.CreateOptions, env Env) error {
	c := opts.Config
	net := c
	if opts.NewPod != nil {
		net = opts.NewPod.Infra
		opts.NewPod.Config.Hostname = f.hostname
	}
	net.Hostname = f.hostname
	f.namespaces.user.noDefault = opts.Pod != "" // the pod has decided
	for _, step := range []func() error{
		func() error { return f.network.apply(&net.Namespaces, &net.Network, env) },
		func() error { return f.labels.apply(&c.Labels, env) },
		func() error { return f.annotations.apply(&c.Annotations) },
		func() error { return f.process.apply(&c.Process, env) },
		func() error { return f.lifecycle.apply(&c.Lifecycle, env) },
		func() error { return f.log.apply(&c.Log, env) },
		func() error { return f.health.apply(&c.Health, env) },
		func() error { return f.namespaces.apply(&c.Namespaces, env) },
		func() error { return f.storage.apply(&c.Storage, env) },
		func() error { return f.security.apply(&c.Security, env) },
		func() error { return f.limits.apply(&c.Resources, env) },
		func() error { return f.pull.apply(&opts.Pull) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// check finds contradictions between groups.
func (f *ContainerFlags) check(c *container.Config) error {
	if ipc := c.Namespaces.IPC.Mode; c.Storage.ShmSize != nil && (ipc == container.ModeHost || ipc == container.ModeNone) {
		return fmt.Errorf("invalid config provided: cannot set shmsize when running in the %s IPC Namespace", ipc)
	}
	if c.Hostname != "" && c.Namespaces.UTS.IsHost() {
		return fmt.Errorf("invalid config provided: cannot set hostname when running in the host UTS namespace: %w", errdefs.ErrInvalidConfig)
	}
	if c.Init {
		return checkInit(c)
	}
	return nil
}

// checkInit refuses an init program that would not be process 1.
func checkInit(c *container.Config) error {
	if mode := c.Namespaces.PID.Mode; mode != "" && mode != container.ModePrivate {
		return errors.New("cannot add init binary as PID 1 (PID namespace isn't private)")
	}
	if c.Systemd == "always" {
		return errors.New("cannot use container-init binary with systemd=always")
	}
	return nil
}

// Streams are the standard streams to attach to.
type Streams struct{ In, Out, Err bool }

// Attach returns the streams of --attach. Without the flag these are the two
// outputs, and the input with --interactive.
func (f *ContainerFlags) Attach() (Streams, error) {
	if !f.has("attach") {
		return Streams{In: f.process.interactive, Out: true, Err: true}, nil
	}
	var s Streams
	for _, stream := range f.attach {
		switch strings.ToLower(stream) {
		case "stdin":
			s.In = true
		case "stdout":
			s.Out = true
		case "stderr":
			s.Err = true
		default:
			return s, fmt.Errorf("invalid stream %q for --attach - must be one of stdin, stdout, or stderr: %w", stream, errInvalid)
		}
	}
	s.In = s.In || f.process.interactive
	return s, nil
}

func merged(maps ...map[string]string) map[string]string {
	var all map[string]string
	for _, m := range maps {
		mergeInto(&all, m)
	}
	return all
}
