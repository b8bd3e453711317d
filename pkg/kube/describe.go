package kube

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/containers/common/libnetwork/types"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/pod"
)

// Description is what a pod is described from.
type Description struct {
	// PodID, Pod and PodName are the pod; for containers outside of pods, which become
	// one, they are empty, and so is Infra.
	PodID, PodName string
	Pod            *pod.Config
	Infra          *Part
	// Members are the containers, in the order in which they were made.
	Members []Part
	// PathType tells what a path of the host is: a type of [HostPath].
	PathType func(path string) string
	Now      time.Time
	// Service: the pod's ports are published by a service, not by the host.
	Service bool
	// Reserved adds the annotations that only podman and podctl understand.
	Reserved bool
}

// Part is a container: what somebody would ask for to get it.
type Part struct {
	Name   string
	Config *container.Config
}

// describer is a description being made.
type describer struct {
	Description
	out     *Pod
	volumes volumeNames
}

// Describe describes a pod. Errors: class ErrUnsupported for what Kubernetes has
// no words for.
func Describe(d Description) (*Pod, error) {
	b := &describer{Description: d, out: &Pod{TypeMeta: TypeMeta{APIVersion: "v1", Kind: "Pod"}}}
	b.volumes.podID = d.PodID
	b.out.CreationTimestamp = d.Now.UTC().Format(time.RFC3339)
	b.out.Name = b.podName()
	b.out.Labels = map[string]string{}
	b.out.Annotations = map[string]string{}
	if d.Pod != nil {
		maps.Copy(b.out.Labels, d.Pod.Labels)
	}
	if b.out.Labels["app"] == "" {
		b.out.Labels["app"] = b.out.Name
	}
	if err := b.members(); err != nil {
		return nil, errdefs.As(errdefs.ErrUnsupported, err)
	}
	b.pod()
	if b.out.Spec.RestartPolicy == "" {
		// It is not restarted, and for Kubernetes that has to be said.
		b.out.Spec.RestartPolicy, b.out.anyRestart = "Never", true
	}
	b.annotate()
	b.out.Spec.Volumes = b.volumes.list
	return b.out, nil
}

// withoutUnderscores is a name as Kubernetes takes it.
func withoutUnderscores(name string) string { return strings.ReplaceAll(name, "_", "") }

// podName is the pod's name; without a pod that of the first container, marked as
// that of a pod.
func (b *describer) podName() string {
	if b.Pod != nil {
		return withoutUnderscores(b.PodName)
	}
	return withoutUnderscores(b.Members[0].Name) + "-pod"
}

// names are what the containers are called in the pod: without the pod's name,
// which is put before them when the pod is made.
func (b *describer) names() []string {
	names := make([]string, len(b.Members))
	for i, m := range b.Members {
		names[i] = withoutUnderscores(m.Name)
	}
	if b.Pod == nil {
		return names
	}
	short := slices.Clone(names)
	for i := range short {
		short[i] = strings.TrimPrefix(short[i], b.out.Name+"-")
		if short[i] == "" || slices.Contains(short[:i], short[i]) {
			return names
		}
	}
	return short
}

func (b *describer) members() error {
	spec := &b.out.Spec
	for i, name := range b.names() {
		cfg := b.Members[i].Config
		c, err := b.container(name, cfg)
		if err != nil {
			return fmt.Errorf("container %s: %w", b.Members[i].Name, err)
		}
		if cfg.InitType != "" {
			spec.InitContainers = append(spec.InitContainers, *c)
			if cfg.InitType == "always" {
				b.out.Annotations[annotationInitType] = "always"
			}
		} else {
			spec.Containers = append(spec.Containers, *c)
		}
		b.annotateMember(name, cfg)
	}
	return nil
}

// shares says whether the containers have a namespace from the pod.
func (b *describer) shares(kind string) bool {
	return b.Pod != nil && b.Infra != nil && b.Pod.Shares(kind)
}

// pod fills in what is said of the pod as a whole: its infra container's affairs, or
// those of its containers.
func (b *describer) pod() {
	spec := &b.out.Spec
	if b.Pod != nil {
		spec.RestartPolicy = kubePolicy(b.Pod.Restart.Name)
		if b.shares("pid") {
			yes := true
			spec.ShareProcessNamespace = &yes
		}
	}
	for _, m := range b.Members {
		c := m.Config
		if b.Pod == nil && c.InitType == "" && spec.RestartPolicy == "" {
			spec.RestartPolicy = kubePolicy(c.Restart.Name)
		}
		if c.StopTimeout != nil && spec.TerminationGracePeriodSeconds == nil {
			timeout := int64(*c.StopTimeout)
			spec.TerminationGracePeriodSeconds = &timeout
		}
		spec.Hostname = cmp.Or(spec.Hostname, c.Hostname)
		spec.HostPID = spec.HostPID || c.Namespaces.PID.IsHost()
	}
	b.groups()
	if b.Infra == nil {
		for _, m := range b.Members {
			b.network(m.Config)
		}
		return
	}
	infra := b.Infra.Config
	if b.Pod.Hostname != b.PodName {
		spec.Hostname = cmp.Or(b.Pod.Hostname, spec.Hostname)
	}
	b.network(infra)
	spec.HostPID = spec.HostPID || infra.Namespaces.PID.IsHost()
	if b.PodID == "" || b.Infra.Name != b.PodID[:min(12, len(b.PodID))]+"-infra" {
		b.out.Annotations[annotationInfraName] = b.Infra.Name
	}
	if user := infra.Namespaces.User; user.Mode != container.ModeDefault && !user.IsHost() {
		b.out.Annotations[annotationUserNS] = user.String()
		no := false
		spec.HostUsers = &no
	}
	b.ports(infra.Network.Ports)
}

// kubePolicy is Kubernetes' word for a restart policy; "" if none was chosen.
func kubePolicy(name string) string {
	return map[string]string{"no": "Never", "always": "Always", "unless-stopped": "Always", "on-failure": "OnFailure"}[name]
}

// network adds what a container that has a network of its own says about it.
func (b *describer) network(c *container.Config) {
	spec := &b.out.Spec
	spec.HostNetwork = spec.HostNetwork || c.Namespaces.Net.IsHost()
	spec.HostIPC = spec.HostIPC || c.Namespaces.IPC.IsHost()
	for _, line := range c.Network.HostAdd {
		names, ip, _ := strings.Cut(line, ":")
		alias := HostAlias{IP: ip, Hostnames: strings.Split(names, ";")}
		if !slices.ContainsFunc(spec.HostAliases, func(a HostAlias) bool { return a.IP == ip && slices.Equal(a.Hostnames, alias.Hostnames) }) {
			spec.HostAliases = append(spec.HostAliases, alias)
		}
	}
	b.dns(&c.Network)
	for name, value := range c.Security.Sysctls {
		security := b.security()
		security.Sysctls = append(security.Sysctls, Sysctl{Name: name, Value: value})
		slices.SortFunc(security.Sysctls, func(a, b Sysctl) int { return cmp.Compare(a.Name, b.Name) })
	}
}

func (b *describer) dns(n *container.Network) {
	if len(n.DNSServers)+len(n.DNSSearch)+len(n.DNSOptions) == 0 {
		return
	}
	dns := b.out.Spec.DNSConfig
	if dns == nil {
		dns = &PodDNSConfig{}
		b.out.Spec.DNSConfig = dns
	}
	add := func(list *[]string, more []string) {
		for _, text := range more {
			if !slices.Contains(*list, text) {
				*list = append(*list, text)
			}
		}
	}
	add(&dns.Nameservers, n.DNSServers)
	add(&dns.Searches, n.DNSSearch)
	for _, option := range n.DNSOptions {
		name, value, ok := strings.Cut(option, ":")
		o := PodDNSConfigOption{Name: name}
		if ok {
			o.Value = &value
		}
		dns.Options = append(dns.Options, o)
	}
}

// security is the pod's security context, which is there from now on.
func (b *describer) security() *PodSecurityContext {
	if b.out.Spec.SecurityContext == nil {
		b.out.Spec.SecurityContext = &PodSecurityContext{}
	}
	return b.out.Spec.SecurityContext
}

// ports puts the ports of the pod to its first container.
func (b *describer) ports(ports []types.PortMapping) {
	spec := &b.out.Spec
	switch list := b.containerPorts(ports); {
	case len(spec.Containers) > 0:
		spec.Containers[0].Ports = append(spec.Containers[0].Ports, list...)
	case len(spec.InitContainers) > 0:
		spec.InitContainers[0].Ports = list
	}
}

// containerPorts has an entry for each port of a range. TCP goes without saying.
func (b *describer) containerPorts(ports []types.PortMapping) (out []ContainerPort) {
	for _, p := range ports {
		protocol := strings.ToUpper(p.Protocol)
		if protocol == "TCP" {
			protocol = ""
		}
		for i := range max(p.Range, 1) {
			port := ContainerPort{HostIP: p.HostIP, ContainerPort: int32(p.ContainerPort + i), Protocol: protocol}
			if !b.Service && p.HostPort != 0 {
				port.HostPort = int32(p.HostPort + i)
			}
			out = append(out, port)
		}
	}
	return out
}

// container describes a member.
func (b *describer) container(name string, cfg *container.Config) (*Container, error) {
	if cfg.Rootfs != "" {
		return nil, errors.New("k8s does not support Rootfs")
	}
	c := &Container{
		Name: name, Image: cmp.Or(cfg.Image.Name, cfg.Image.RawName, cfg.Image.ID), WorkingDir: cfg.WorkDir,
		Stdin: cfg.Stdin, StdinOnce: cfg.StdinOnce, TTY: cfg.Terminal, Resources: resources(&cfg.Resources),
		SecurityContext: securityContext(cfg), Lifecycle: lifecycle(cfg.StopSignal),
	}
	c.Command, c.Args = escape(cfg.Entrypoint), escape(cfg.Command)
	if cfg.EntrypointSet && len(cfg.Entrypoint) == 0 {
		c.Command, c.Args = c.Args, nil // and not the image's entrypoint
	}
	for _, kv := range cfg.Env {
		variable, value, _ := strings.Cut(kv, "=")
		c.Env = append(c.Env, EnvVar{Name: variable, Value: value})
	}
	c.LivenessProbe, c.StartupProbe = probes(cfg.Health)
	if !b.shares("net") {
		c.Ports = b.containerPorts(cfg.Network.Ports)
	}
	return c, b.mounts(c, cfg)
}

// Controller is a Deployment, DaemonSet or Job of the pod, which gets the label by
// which it is known to be of it. Errors: class ErrInvalidArgument for a restart policy
// that the kind does not have.
func (p *Pod) Controller(kind string, replicas int32) (*Controller, error) {
	policy := p.Spec.RestartPolicy
	if p.anyRestart {
		policy = ""
	}
	c := &Controller{TypeMeta: TypeMeta{APIVersion: "apps/v1", Kind: kind}}
	switch kind {
	case "Deployment", "DaemonSet":
		if policy != "" && policy != "Always" {
			return nil, errdefs.As(errdefs.ErrInvalidArgument, fmt.Errorf("k8s %ss can only have restartPolicy set to Always", kind))
		}
	case "Job":
		if policy == "Always" {
			return nil, errdefs.As(errdefs.ErrInvalidArgument,
				errors.New("k8s Jobs can not have restartPolicy set to Always; only Never and OnFailure policies allowed"))
		}
	}
	p.Labels["app"] = p.Name
	c.Spec.Template = PodTemplate{ObjectMeta: p.ObjectMeta, Spec: p.Spec}
	c.ObjectMeta = ObjectMeta{Name: p.Name + "-" + strings.ToLower(kind), CreationTimestamp: p.CreationTimestamp, Labels: p.Labels}
	if kind == "Job" {
		one := int32(1)
		c.APIVersion, c.Spec.Completions, c.Spec.Parallelism = "batch/v1", &one, &one
		c.Spec.Template.Spec.RestartPolicy = cmp.Or(policy, "Never")
		return c, nil
	}
	c.Spec.Template.Spec.RestartPolicy = policy
	c.Spec.Selector = &LabelSelector{MatchLabels: map[string]string{"app": p.Name}}
	if replicas > 1 {
		c.Spec.Replicas = &replicas
	}
	return c, nil
}

// ServiceOf is a service for the pod's ports. nodePort gives a port that no other
// service has.
func ServiceOf(p *Pod, nodePort func() int32) *Service {
	s := &Service{TypeMeta: TypeMeta{APIVersion: p.APIVersion, Kind: "Service"}, ObjectMeta: p.ObjectMeta}
	s.Annotations = nil
	s.Spec.Type, s.Spec.Selector = "NodePort", map[string]string{"app": p.Labels["app"]}
	for _, c := range p.Spec.Containers {
		for _, port := range c.Ports {
			s.Spec.Ports = append(s.Spec.Ports, ServicePort{
				Name: fmt.Sprint(port.ContainerPort), Protocol: port.Protocol, Port: port.ContainerPort, TargetPort: port.ContainerPort, NodePort: nodePort(),
			})
		}
	}
	return s
}
