package kubecmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/cmd/podctl/internal/specflags"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/kube"
	"github.com/podctl/podctl/pkg/kubeplay"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type playOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (player, error)

	Files       []string
	ConfigMaps  []string
	Annotations map[string]string
	Play        kubeplay.Options // without the overlay, which is Flags in Env
	Flags       specflags.KubeFlags
	Env         specflags.Env
	Wait        bool
	Down        bool
	Force       bool
}

// NewCmdPlay returns "podctl kube play".
func NewCmdPlay(f *cmdutil.Factory, runF func(context.Context, *playOptions) error) *cobra.Command {
	return newPlay(f, "play", runF)
}

// NewCmdPlayKube returns "podctl play kube", which is the same.
func NewCmdPlayKube(f *cmdutil.Factory, runF func(context.Context, *playOptions) error) *cobra.Command {
	return newPlay(f, "kube", runF)
}

func newPlay(f *cmdutil.Factory, name string, runF func(context.Context, *playOptions) error) *cobra.Command {
	opts := &playOptions{IO: f.IO, Engine: func(ctx context.Context) (player, error) { return f.Engine(ctx) }}
	var given playFlags
	cmd := &cobra.Command{
		Use:   name + " [options] FILE|-...",
		Short: "Make pods, volumes and secrets from Kubernetes YAML",
		Long: `Make what Kubernetes YAML describes, start the pods, and print the IDs. Files may be
URLs. Pod, Deployment, DaemonSet and Job become a pod each, PersistentVolumeClaim a
volume, Secret a secret. A ConfigMap is used by pods; other kinds are left out. A
pod that cannot be made leaves nothing of itself.

Exit codes: 0 success, 125 error, also if a container could not be started.`,
		Example: `podctl kube play web.yaml
podctl kube play --replace --configmap settings.yaml - < web.yaml`,
		Args: cmdutil.MinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Files, opts.Play.Kube.CreateCommand = args, f.Argv
			if err := given.fill(opts, cmd.Flags()); err != nil {
				return err
			}
			var err error
			if opts.Env, err = specflags.HostEnv(f.Argv); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return playRun(cmd.Context(), opts)
		},
	}
	cmdutil.AliasFlags(cmd, map[string]string{"net": "network"})
	opts.bind(cmd.Flags())
	given.bind(cmd.Flags())
	return cmd
}

func (opts *playOptions) bind(fs *pflag.FlagSet) {
	opts.Flags.Bind(fs)
	fs.BoolVar(&opts.Play.Build, "build", false, "Build images from directories of their name")
	fs.StringVar(&opts.Play.ContextDir, "context-dir", "", "`Directory` that has those directories")
	fs.StringSliceVar(&opts.ConfigMaps, "configmap", nil, "Use the ConfigMaps of this `file`")
	fs.BoolVar(&opts.Down, "down", false, "Remove pods instead")
	fs.BoolVar(&opts.Force, "force", false, "With --down, remove volumes too")
	fs.BoolVar(&opts.Play.Kube.NoPodPrefix, "no-pod-prefix", false, "Name containers without the name of their pod")
	fs.BoolVar(&opts.Play.Kube.PublishAll, "publish-all", false, "Publish container ports without a host port too")
	fs.BoolVar(&opts.Play.Replace, "replace", false, "Remove what the files describe first")
	fs.StringVar(&opts.Play.Kube.SeccompRoot, "seccomp-profile-root", kube.DefaultSeccompRoot, "`Directory` of seccomp profiles")
	fs.BoolVar(&opts.Play.Start, "start", true, "Start the pods")
	fs.BoolVarP(&opts.Wait, "wait", "w", false, "Stay until the pods have ended, or for a signal, and remove everything")
}

// playFlags are those that need a look before they are options.
type playFlags struct {
	annotations []string
	service     bool
}

func (f *playFlags) bind(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.annotations, "annotation", nil, "Annotation as `key=value` for the pods")
	// What systemd units of podman say. Nothing here depends on it.
	fs.BoolVar(&f.service, "service-container", false, "Accepted for compatibility, does nothing")
	fs.String("service-exit-code-propagation", "", "Accepted for compatibility, does nothing")
	fs.Bool("no-trunc", false, "Accepted for compatibility, does nothing")
	for _, name := range []string{"down", "service-container", "service-exit-code-propagation", "no-trunc"} {
		fs.Lookup(name).Hidden = true
	}
}

func (f *playFlags) fill(opts *playOptions, fs *pflag.FlagSet) error {
	if f.service && !opts.Play.Start {
		return errors.New("--service-container does not work with --start=stop")
	}
	if opts.Play.ContextDir != "" && !opts.Play.Build {
		return errors.New("--build must be specified when using --context-dir option")
	}
	for _, text := range f.annotations {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return fmt.Errorf("annotation %q must include an '=' sign", text)
		}
		if opts.Annotations == nil {
			opts.Annotations = map[string]string{}
		}
		opts.Annotations[key] = value
	}
	macs, err := fs.GetStringSlice("mac-address")
	if err != nil {
		return err
	}
	for _, mac := range macs {
		if _, err := net.ParseMAC(mac); err != nil {
			return err
		}
	}
	if opts.Force && !opts.Down {
		return errors.New("--force may be specified only with --down")
	}
	if opts.Wait && !opts.Play.Start {
		return errors.New("--wait requires starting the pod(s)")
	}
	return nil
}

// overlay is the flags, in the environment that gives them their defaults.
type overlay struct {
	*specflags.KubeFlags
	env specflags.Env
}

func (o overlay) Pod(opts *engine.PodCreateOptions, place int, userNS string) error {
	return o.KubeFlags.Pod(opts, place, userNS, o.env)
}

func (o overlay) Container(cfg *container.Config) error { return o.KubeFlags.Container(cfg, o.env) }
