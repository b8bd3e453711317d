package kubecmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/kube"
	"github.com/podctl/podctl/pkg/pod"
	engine "github.com/podctl/podctl/pkg/runtime"
	"github.com/podctl/podctl/pkg/version"
	"github.com/podctl/podctl/pkg/volume"
)

type describer interface {
	// DescribeContainer describes a container as create is asked for it. ErrNoSuchCtr.
	DescribeContainer(ctx context.Context, nameOrID string) (*engine.Described, error)
	// DescribePod does so for a pod's containers. ErrNoSuchPod.
	DescribePod(ctx context.Context, nameOrID string) (*pod.Pod, []engine.Described, error)
	// InspectVolume finds a volume. ErrNoSuchVolume.
	InspectVolume(ctx context.Context, name string) (volume.Status, error)
}

type generateOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (describer, error)

	Names    []string
	File     string // "" for standard output
	Kind     string // the flag's word
	Replicas int32
	Service  bool
	Reserved bool
	Now      func() time.Time
}

// NewCmdGenerate returns "podctl kube generate".
func NewCmdGenerate(f *cmdutil.Factory, runF func(context.Context, *generateOptions) error) *cobra.Command {
	return newGenerate(f, "generate", runF)
}

// NewCmdGenerateKube returns "podctl generate kube", which is the same.
func NewCmdGenerateKube(f *cmdutil.Factory, runF func(context.Context, *generateOptions) error) *cobra.Command {
	return newGenerate(f, "kube", runF)
}

func newGenerate(f *cmdutil.Factory, name string, runF func(context.Context, *generateOptions) error) *cobra.Command {
	opts := &generateOptions{IO: f.IO, Now: time.Now, Engine: func(ctx context.Context) (describer, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   name + " [options] CONTAINER|POD|VOLUME [CONTAINER|POD|VOLUME...]",
		Short: "Describe containers, pods or volumes as Kubernetes YAML",
		Long: `Print Kubernetes YAML from which kube play makes the same pods and volumes. All
containers named become one pod.

Exit codes: 0 success, 125 error.`,
		Example: `podctl kube generate web > web.yaml
podctl kube generate --service --type deployment -f web.yaml web data`,
		Args: cmdutil.MinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Names = args
			if opts.Replicas > 1 && opts.Kind != "deployment" {
				return errors.New("--replicas can only be set when --type is set to deployment")
			}
			if opts.Replicas < 1 {
				return errors.New("--replicas has to be greater than or equal to 1. By default, --replicas is set to 1")
			}
			if _, ok := kinds()[opts.Kind]; !ok {
				return fmt.Errorf("invalid generation type - only pods, deployments, jobs, and daemonsets are currently supported: %+v", opts.Kind)
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return generateRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&opts.File, "filename", "f", "", "Write to this `file`, which must not exist")
	fs.BoolVar(&opts.Reserved, "podman-only", false, "Add annotations that Kubernetes does not understand")
	fs.Int32VarP(&opts.Replicas, "replicas", "r", 1, "`Number` of pods of a deployment")
	fs.BoolVarP(&opts.Service, "service", "s", false, "Describe a service for the ports too")
	fs.StringVarP(&opts.Kind, "type", "t", "pod", "`Kind` of object: pod, deployment, daemonset or job")
	fs.Bool("no-trunc", false, "Accepted for compatibility, does nothing")
	fs.Lookup("no-trunc").Hidden = true
	return cmd
}

// kinds are Kubernetes' words for those of --type.
func kinds() map[string]string {
	return map[string]string{"pod": "Pod", "deployment": "Deployment", "daemonset": "DaemonSet", "job": "Job"}
}

func generateRun(ctx context.Context, opts *generateOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	text, err := describeAll(ctx, opts, eng)
	if err != nil {
		return err
	}
	if opts.File == "" {
		fmt.Fprintln(opts.IO.Out, string(text))
		return nil
	}
	if _, err := os.Lstat(opts.File); err == nil {
		return fmt.Errorf("cannot write to %q; file exists", opts.File)
	}
	if err := os.WriteFile(opts.File, text, 0o644); err != nil {
		return fmt.Errorf("cannot write to %q: %w", opts.File, err)
	}
	return nil
}

// named are the objects that the arguments name.
type named struct {
	containers []engine.Described
	pods       []podParts
	volumes    []volume.Status
}

type podParts struct {
	pod   *pod.Pod
	parts []engine.Described
}

// look finds the objects: each name is a container, else a pod, else a volume.
func (n *named) look(ctx context.Context, eng describer, name string) error {
	c, err := eng.DescribeContainer(ctx, name)
	switch {
	case err == nil && c.PodID != "":
		return errdefs.As(errdefs.ErrInvalidArgument, fmt.Errorf("container %s is associated with pod %s: use generate on the pod itself", c.ID, c.PodID))
	case err == nil:
		n.containers = append(n.containers, *c)
		return nil
	case !errors.Is(err, errdefs.ErrNoSuchCtr):
		return err
	}
	p, parts, err := eng.DescribePod(ctx, name)
	if err == nil {
		n.pods = append(n.pods, podParts{p, parts})
		return nil
	}
	if !errors.Is(err, errdefs.ErrNoSuchPod) {
		return err
	}
	v, err := eng.InspectVolume(ctx, name)
	if errors.Is(err, errdefs.ErrNoSuchVolume) {
		return errdefs.As(errdefs.ErrNotFound, fmt.Errorf("name or ID %q not found", name))
	}
	n.volumes = append(n.volumes, v)
	return err
}

// notice is written above pods that a cluster would make otherwise.
const notice = `
# NOTE: The namespace sharing for a pod has been modified by the user and is not the same as the
# default settings for kubernetes. This can lead to unexpected behavior when running the generated
# kube yaml in a kubernetes cluster.
`

const header = `# Save the output of this file and use kubectl create -f to import
# it into Kubernetes.
#
# Created with podctl-%s
`

// describeAll is the whole YAML: volumes, services, then what uses them.
func describeAll(ctx context.Context, opts *generateOptions, eng describer) ([]byte, error) {
	var n named
	for _, name := range opts.Names {
		if err := n.look(ctx, eng, name); err != nil {
			return nil, err
		}
	}
	var documents, services, pods []any
	for _, v := range n.volumes {
		documents = append(documents, kube.Claim(v.Name, v.Driver, v.Options, v.Labels, opts.Now().UTC().Format(time.RFC3339)))
	}
	add := func(d kube.Description) error {
		p, err := kube.Describe(d)
		if err != nil {
			return err
		}
		object := any(p)
		if opts.Kind != "pod" {
			if object, err = p.Controller(kinds()[opts.Kind], opts.Replicas); err != nil {
				return err
			}
		}
		pods = append(pods, object)
		if opts.Service {
			services = append(services, kube.ServiceOf(p, nodePorts()))
		}
		return nil
	}
	ordinary := true
	for _, p := range n.pods {
		d, err := opts.podOf(p)
		if err != nil {
			return nil, err
		}
		if err := add(d); err != nil {
			return nil, err
		}
		ordinary = ordinary && p.pod.Config.Shares("ipc") && p.pod.Config.Shares("net") && p.pod.Config.Shares("uts")
	}
	if len(n.containers) > 0 {
		d := opts.description()
		for _, c := range n.containers {
			d.Members = append(d.Members, kube.Part{Name: c.Name, Config: c.Config})
		}
		if err := add(d); err != nil {
			return nil, err
		}
	}
	documents = append(append(documents, services...), pods...)
	return join(documents, ordinary)
}

// join writes the documents.
func join(documents []any, ordinary bool) ([]byte, error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, header, version.Get().Version)
	if !ordinary {
		out.WriteString(notice + "---\n")
	}
	for i, d := range documents {
		text, err := yaml.Marshal(d)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(text)
	}
	return out.Bytes(), nil
}

func (opts *generateOptions) description() kube.Description {
	return kube.Description{Now: opts.Now(), Service: opts.Service, Reserved: opts.Reserved, PathType: func(path string) string {
		info, err := os.Stat(path)
		if err != nil {
			return kube.DirectoryOrCreate
		}
		return kube.PathType(info.Mode())
	}}
}

// podOf is a pod with the parts told apart.
func (opts *generateOptions) podOf(p podParts) (kube.Description, error) {
	d := opts.description()
	d.PodID, d.PodName, d.Pod = p.pod.ID, p.pod.Name, p.pod.Config
	for _, c := range p.parts {
		part := kube.Part{Name: c.Name, Config: c.Config}
		if c.ID == p.pod.InfraID {
			d.Infra = &part
			continue
		}
		d.Members = append(d.Members, part)
	}
	switch {
	case len(p.parts) == 0:
		return d, errdefs.As(errdefs.ErrInvalidState, fmt.Errorf("pod %s has no containers", p.pod.ID))
	case len(d.Members) == 0:
		return d, errdefs.As(errdefs.ErrInvalidState, fmt.Errorf("pod %s only has an infra container", p.pod.ID))
	}
	return d, nil
}

// The ports that services of Kubernetes may have on the nodes.
const firstNodePort, nodePortCount = 30000, 2768

// nodePorts gives out ports of nodes at random, none twice.
func nodePorts() func() int32 {
	free := rand.Perm(nodePortCount)
	next := 0
	return func() int32 {
		port := firstNodePort + free[next%nodePortCount]
		next++
		return int32(port)
	}
}
