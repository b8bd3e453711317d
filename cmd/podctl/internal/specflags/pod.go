package specflags

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/containers/common/pkg/config"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// PodFlags are the flags of pod create; those that [PodFlags.BindCommon]
// defines are those of pod clone too. The zero value is ready to be bound. For
// one command line and one goroutine.
type PodFlags struct {
	given
	// IDFile is where --pod-id-file wants the ID, "" for nowhere.
	IDFile string

	name, hostname                string
	replace                       bool
	exitPolicy, share             string
	infra, shareParent            bool
	infraImage, infraCommand      string
	infraName, infraConmonPidFile string

	labels   labelFlags
	restart  restartFlag
	limits   limitFlags
	pidUTS   pidUTSFlags
	user     userFlags
	security securityFlags
	storage  storageFlags
	network  networkFlags
}

// Bind defines all flags on cmd, whose flags then end at the first argument,
// and whose -h means --hostname.
func (f *PodFlags) Bind(cmd *cobra.Command) {
	f.BindCommon(cmd)
	fs := cmd.Flags()
	fs.SetInterspersed(false)
	cmdutil.AliasFlags(cmd, networkAliases())
	fs.BoolVar(&f.replace, "replace", false, "Remove a pod of the same name first")
	fs.StringVar(&f.IDFile, "pod-id-file", "", "Write the pod ID to this `file`")
	fs.StringVar(&f.exitPolicy, "exit-policy", "continue", "What to do after the last container exited: continue or stop")
	fs.BoolVar(&f.infra, "infra", true, "Create an infra container")
	fs.StringVar(&f.infraImage, "infra-image", "", "`Image` of the infra container; none is needed")
	fs.StringVar(&f.share, "share", defaultShareText, "`Namespaces` to share: cgroup, ipc, net, pid, uts, or none")
	fs.BoolVar(&f.shareParent, "share-parent", true, "Put the containers into the pod's cgroup")
	f.network.bind(fs)
}

// BindCommon defines the flags that pod create and pod clone have in common;
// -h means --hostname.
func (f *PodFlags) BindCommon(cmd *cobra.Command) {
	fs := cmd.Flags()
	f.fs = fs
	cmdutil.LongHelpOnly(cmd)
	fs.StringVarP(&f.name, "name", "n", "", "`Name` of the pod")
	fs.StringVarP(&f.hostname, "hostname", "h", "", "`Hostname` of the pod")
	fs.StringVar(&f.infraCommand, "infra-command", "", "`Command` of the infra container")
	fs.StringVar(&f.infraName, "infra-name", "", "`Name` of the infra container")
	fs.StringVar(&f.infraConmonPidFile, "infra-conmon-pidfile", "", "Write the PID of the infra container's conmon to this `file`")
	for _, group := range []interface{ bind(*pflag.FlagSet) }{
		&f.labels, &f.restart, &f.limits, &f.user, &f.security, &f.storage,
	} {
		group.bind(fs)
	}
	f.limits.truncateCPUs = true
	f.pidUTS.bind(fs, container.ModePrivate, container.ModeHost)
}

// Options returns what the flags and the argument, the name, ask for. The
// infra container is nil for a pod without one.
func (f *PodFlags) Options(env Env, args []string) (*engine.PodCreateOptions, error) {
	opts := &engine.PodCreateOptions{
		Name:    f.name,
		Config:  &pod.Config{CreateCommand: env.Argv},
		Replace: f.replace,
	}
	if len(args) > 0 {
		if f.name != "" {
			return nil, errors.New("cannot specify --name and NAME at the same time")
		}
		opts.Name = args[0]
	}
	if f.replace && opts.Name == "" {
		return nil, errors.New("cannot replace pod without --name being set")
	}
	if err := f.applyShare(opts); err != nil {
		return nil, err
	}
	if err := f.applyExitPolicy(opts.Config); err != nil {
		return nil, err
	}
	if opts.Infra != nil {
		if err := f.network.apply(&opts.Infra.Namespaces, &opts.Infra.Network, env); err != nil {
			return nil, err
		}
		if err := checkPodNetwork(opts.Infra); err != nil {
			return nil, err
		}
		opts.Infra.Image.RawName = f.infraImage
	}
	return opts, f.Overlay(opts, env)
}

// applyShare settles which namespaces are shared and whether there is an
// infra container.
func (f *PodFlags) applyShare(opts *engine.PodCreateOptions) error {
	nothing := f.has("share") && (f.share == "" || f.share == "none")
	if nothing && !f.has("infra") {
		f.infra = false
	}
	if !f.infra {
		opts.Config.ShareParent = true
		return f.checkNoInfra(nothing)
	}
	share, err := parseShare(f.share, f.shareParent)
	if err != nil {
		return err
	}
	opts.Config.Share, opts.Config.ShareParent = share, f.shareParent
	opts.Infra = &container.Config{Infra: true, CreateCommand: opts.Config.CreateCommand}
	return nil
}

func (f *PodFlags) applyExitPolicy(c *pod.Config) error {
	policy, err := config.ParsePodExitPolicy(f.exitPolicy)
	if err != nil {
		return fmt.Errorf("running pod create option: %w", err)
	}
	if f.has("exit-policy") {
		c.ExitPolicy = string(policy)
	}
	return nil
}

// Overlay lays the common flags over a pod that is described already: that of
// Options, or for pod clone a copy of another's. Names are left alone but for
// that of the infra container.
func (f *PodFlags) Overlay(opts *engine.PodCreateOptions, env Env) error {
	if err := f.overlayPod(opts.Config, env); err != nil {
		return err
	}
	infra := opts.Infra
	if infra == nil {
		// The values are checked all the same.
		infra = &container.Config{}
	}
	if err := f.overlayInfra(infra, env); err != nil {
		return err
	}
	if f.restart.has("restart") {
		infra.Restart, infra.RestartSet = opts.Config.Restart, true
	}
	setString(&opts.InfraName, f.infraName)
	if opts.Infra != nil {
		opts.Config.Share = withUser(opts.Config.Share, infra.Namespaces.User)
	}
	return nil
}

func (f *PodFlags) overlayPod(c *pod.Config, env Env) error {
	if f.hostname != "" {
		if !regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`).MatchString(f.hostname) {
			return fmt.Errorf("running pod create option: %w", errdefs.ErrBadName)
		}
		c.Hostname = f.hostname
	}
	if err := f.labels.apply(&c.Labels, env); err != nil {
		return err
	}
	if f.restart.has("restart") {
		policy, err := f.restart.parse("pod")
		if err != nil {
			return err
		}
		c.Restart = policy
	}
	limits := container.Resources{
		Linux: c.Resources, CgroupParent: c.CgroupParent,
		ReadBPS: c.ReadBPS, WriteBPS: c.WriteBPS, BlkioWeightDevice: c.BlkioWeightDevice,
	}
	if err := f.limits.apply(&limits, env); err != nil {
		return err
	}
	c.Resources, c.CgroupParent = limits.Linux, limits.CgroupParent
	c.ReadBPS, c.WriteBPS, c.BlkioWeightDevice = limits.ReadBPS, limits.WriteBPS, limits.BlkioWeightDevice
	c.SecurityOpts = append(c.SecurityOpts, f.security.opts...)
	c.VolumesFrom = append(c.VolumesFrom, f.storage.volumesFrom...)
	return nil
}

func (f *PodFlags) overlayInfra(c *container.Config, env Env) error {
	setString(&c.Hostname, f.hostname)
	if command := strings.Fields(f.infraCommand); len(command) > 0 {
		c.Entrypoint, c.EntrypointSet = command, true
	}
	if f.infraConmonPidFile != "" {
		c.ConmonPidFile = env.abs(f.infraConmonPidFile)
	}
	if err := f.pidUTS.apply(&c.Namespaces); err != nil {
		return err
	}
	if err := f.user.apply(&c.Namespaces, env); err != nil {
		return err
	}
	if err := f.security.apply(&c.Security, env); err != nil {
		return err
	}
	return f.storage.apply(&c.Storage, env)
}
