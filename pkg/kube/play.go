package kube

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/containers/common/libnetwork/types"
	"github.com/containers/image/v5/docker/reference"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
)

// Options are what is decided beside the description.
type Options struct {
	// PublishAll publishes container ports without a host port under their number.
	PublishAll bool
	// NoPodPrefix names containers as the description does.
	NoPodPrefix bool
	// SeccompRoot is the directory of local seccomp profiles.
	SeccompRoot string
	// CreateCommand is the argv of the creating call.
	CreateCommand []string
}

// Play is a pod about to be made.
type Play struct {
	// Name is the pod's.
	Name string
	// UserNS is the mode of the pod's user namespace.
	UserNS string
	// Pod, Infra and InfraName are what the pod is made from, without what flags
	// say of its network and user namespace.
	Pod       *pod.Config
	Infra     *container.Config
	InfraName string // "" for the usual one
	// HostPaths are to be there, and of their type, before a container is made;
	// Images are mounted, Files are what volumes hold.
	HostPaths []HostPath
	Images    []ImageVolume
	Files     []Files
	// Members are the containers in the order they are made, init containers first.
	Members []Member

	meta    *ObjectMeta
	spec    *PodSpec
	options Options
	sources Sources
	volumes map[string]source
}

// Member is a container about to be made.
type Member struct {
	// Name is the container's, with that of the pod before it.
	Name string
	// Image and PullPolicy are what it is made from.
	Image, PullPolicy string
	// Automount are the images whose volumes are mounted in it.
	Automount []string
	Init      bool
	described *Container
}

// NewPlay reads the description of a pod. Errors: class ErrInvalidArgument for one
// that cannot be; those of the sources.
func NewPlay(w Workload, options Options, sources Sources) (*Play, error) {
	if w.Pod == "" {
		kind := strings.ToLower(w.Kind[:1]) + w.Kind[1:]
		return nil, errdefs.As(errdefs.ErrInvalidArgument, fmt.Errorf("%s does not have a name", kind))
	}
	p := &Play{Name: w.Pod, meta: &w.Template.ObjectMeta, spec: &w.Template.Spec, options: options, sources: sources}
	if _, ok := p.meta.Annotations[annotationVolumesFrom]; ok {
		return nil, errdefs.As(errdefs.ErrInvalidArgument,
			fmt.Errorf("annotation %s without target volume is reserved for internal use", annotationVolumesFrom))
	}
	if err := p.listMembers(); err != nil {
		return nil, errdefs.As(errdefs.ErrInvalidArgument, err)
	}
	p.describePod()
	return p, p.resolveVolumes()
}

// listMembers finds the containers and what is wrong with them as a whole.
func (p *Play) listMembers() error {
	seen := map[string]bool{}
	add := func(c *Container, init bool) error {
		if seen[c.Name] {
			return fmt.Errorf("the pod %q is invalid; duplicate container name %q detected", p.Name, c.Name)
		}
		seen[c.Name] = true
		if c.Image == "" {
			return fmt.Errorf("container %q is missing the required 'image' field", c.Name)
		}
		policy, err := PullPolicy(c.Image, c.ImagePullPolicy)
		if err != nil {
			return err
		}
		m := Member{Name: p.Name + "-" + c.Name, Image: c.Image, PullPolicy: policy, Init: init, described: c}
		if p.options.NoPodPrefix && !init {
			m.Name = c.Name
		}
		for _, key := range []string{annotationAutomount, annotationVolumesMount} {
			if images := p.meta.Annotations[key+c.Name]; images != "" {
				m.Automount = strings.Split(images, ";")
			}
		}
		p.Members = append(p.Members, m)
		return nil
	}
	for i := range p.spec.InitContainers {
		c := &p.spec.InitContainers[i]
		if c.Lifecycle != nil || c.LivenessProbe != nil || c.ReadinessProbe != nil || c.StartupProbe != nil {
			return errors.New("cannot create an init container that has either of lifecycle, livenessProbe, readinessProbe, or startupProbe set")
		}
		if err := add(c, true); err != nil {
			return err
		}
	}
	for i := range p.spec.Containers {
		if err := add(&p.spec.Containers[i], false); err != nil {
			return err
		}
	}
	return nil
}

// PullPolicy is podctl's word for a pull policy. Without one, what may have changed
// since is looked for: Kubernetes does so for the tag latest.
func PullPolicy(image, policy string) (string, error) {
	switch strings.ToLower(policy) {
	case "always", "never", "missing", "newer":
		return strings.ToLower(policy), nil
	case "ifnotpresent":
		return "missing", nil
	case "":
	default:
		return "", fmt.Errorf("unsupported pull policy %q", policy)
	}
	// A name without a registry is not asked for again: which one it meant, only
	// the pull decides. There is no registry of images made here.
	named, err := reference.ParseNamed(image)
	if err != nil || reference.Domain(named) == "localhost" {
		return "missing", nil //nolint:nilerr // see above
	}
	if _, digested := named.(reference.Digested); digested {
		return "missing", nil
	}
	if tagged, ok := named.(reference.Tagged); ok && tagged.Tag() != "latest" {
		return "missing", nil
	}
	return "newer", nil
}

// describePod fills in the pod and its infra container.
func (p *Play) describePod() {
	spec := p.spec
	p.Pod = &pod.Config{
		Hostname: cmp.Or(spec.Hostname, p.Name), Labels: p.meta.Labels, CreateCommand: p.options.CreateCommand,
		Share: []string{"ipc", "net", "uts"}, ShareParent: true, ExitPolicy: "stop",
		Restart: container.RestartPolicy{Name: restartPolicy(spec.RestartPolicy)},
	}
	infra := &container.Config{Infra: true, CreateCommand: p.options.CreateCommand}
	infra.Restart, infra.RestartSet = p.Pod.Restart, true
	infra.Hostname = p.Pod.Hostname
	p.Infra, p.InfraName = infra, p.meta.Annotations[annotationInfraName]
	host := container.Namespace{Mode: container.ModeHost}
	if is(spec.ShareProcessNamespace) {
		p.Pod.Share = []string{"ipc", "net", "pid", "uts"}
	}
	if spec.HostPID {
		infra.Namespaces.PID = host
	}
	if spec.HostIPC {
		infra.Namespaces.IPC = host
	}
	if spec.HostNetwork {
		// The name goes with the network.
		infra.Namespaces.Net, infra.Namespaces.UTS = host, host
		p.Pod.Hostname, infra.Hostname = "", ""
	}
	p.describeNetwork(&infra.Network)
	if spec.SecurityContext != nil && len(spec.SecurityContext.Sysctls) > 0 {
		infra.Security.Sysctls = map[string]string{}
		for _, s := range spec.SecurityContext.Sysctls {
			infra.Security.Sysctls[s.Name] = s.Value
		}
	}
	p.UserNS = p.userNS()
}

// restartPolicy is podctl's word for a restart policy.
func restartPolicy(policy string) string {
	switch policy {
	case "OnFailure":
		return "on-failure"
	case "Never":
		return "no"
	}
	return "always"
}

func (p *Play) describeNetwork(n *container.Network) {
	for _, alias := range p.spec.HostAliases {
		for _, name := range alias.Hostnames {
			n.HostAdd = append(n.HostAdd, name+":"+alias.IP)
		}
	}
	if dns := p.spec.DNSConfig; dns != nil {
		n.DNSServers, n.DNSSearch = dns.Nameservers, dns.Searches
		for _, o := range dns.Options {
			if o.Value != nil && *o.Value != "" {
				o.Name += ":" + *o.Value
			}
			n.DNSOptions = append(n.DNSOptions, o.Name)
		}
	}
	for _, c := range p.spec.Containers {
		for _, port := range c.Ports {
			if mapping, ok := p.portMapping(port); ok {
				n.Ports = append(n.Ports, mapping)
			}
		}
	}
}

// portMapping publishes a port: inside of the pod all are open anyway.
func (p *Play) portMapping(port ContainerPort) (types.PortMapping, bool) {
	if port.ContainerPort == 0 {
		port.ContainerPort = port.HostPort
	}
	if port.HostPort == 0 && p.options.PublishAll {
		port.HostPort = port.ContainerPort
	}
	return types.PortMapping{
		HostIP: port.HostIP, HostPort: uint16(port.HostPort), ContainerPort: uint16(port.ContainerPort), Protocol: strings.ToLower(cmp.Or(port.Protocol, "tcp")), Range: 1,
	}, port.HostPort != 0
}

// MergePorts adds the pod's ports to those of flags, unless they are published
// already.
func MergePorts(flags, pod []types.PortMapping) []types.PortMapping {
	out := slices.Clone(flags)
	for _, port := range pod {
		published := slices.ContainsFunc(flags, func(f types.PortMapping) bool {
			return port.ContainerPort >= f.ContainerPort && port.ContainerPort-f.ContainerPort < max(f.Range, 1) && port.Protocol == f.Protocol
		})
		if !published {
			out = append(out, port)
		}
	}
	return out
}

// userNS is the mode of the user namespace that the description asks for.
func (p *Play) userNS() string {
	mode, ok := p.meta.Annotations[annotationUserNS]
	if !ok {
		mode = p.meta.Annotations[annotationUserNS+"/"+p.Name]
	}
	switch {
	case mode == "private", mode == "" && p.spec.HostUsers != nil && !*p.spec.HostUsers:
		return "auto"
	case mode == "":
		return "host"
	}
	return mode
}

// Aliases are the names of the containers as they stand in the description: under
// them too the pod is found by others.
func (p *Play) Aliases() (names []string) {
	for _, c := range p.spec.Containers {
		if c.Name != "" {
			names = append(names, c.Name)
		}
	}
	return names
}
