package runtime

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/containers/common/libnetwork/types"
	"github.com/sirupsen/logrus"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/network"
	"github.com/podctl/podctl/pkg/pod"
)

// podContext is what a container needs to know of the pod it joins.
type podContext struct {
	pod   *pod.Pod
	infra *container.Container // nil without one
}

// shares reports whether members join the infra container's namespace of a kind.
func (p *podContext) shares(kind string) bool {
	return p != nil && p.infra != nil && p.pod.Config.Shares(kind)
}

// completeNamespaces resolves every mode: the pod's namespace where the pod
// shares it and the container does not say otherwise, else containers.conf's
// default.
func completeNamespaces(c *container.Config, in surroundings) error {
	defaults := map[string]string{
		"ipc": in.settings.Conf.Containers.IPCNS, "pid": in.settings.Conf.Containers.PidNS,
		"uts": in.settings.Conf.Containers.UTSNS, "cgroup": in.settings.Conf.Containers.CgroupNS,
		"net": in.settings.Conf.Containers.NetNS, "user": "host",
	}
	if in.settings.Conf.Containers.UserNS != "" && !in.pod.shares("user") {
		defaults["user"] = in.settings.Conf.Containers.UserNS
	}
	if in.pod != nil && in.pod.infra != nil {
		if err := podConflicts(c, in.pod); err != nil {
			return err
		}
	}
	for kind, ns := range c.Namespaces.ByKind() {
		switch ns.Mode {
		case container.ModeDefault:
			if c.Infra || !in.pod.shares(kind) {
				var err error
				if *ns, err = defaultNamespace(kind, defaults[kind], in.settings.Rootless); err != nil {
					return fmt.Errorf("%sns of containers.conf: %w", kind, err)
				}
				continue
			}
			*ns = joinInfra(in.pod.infra, kind)
		case container.ModePod:
			if in.pod == nil || in.pod.infra == nil {
				return fmt.Errorf("cannot use pod namespace as container is not joining a pod or pod has no infra container: %w", errdefs.ErrInvalidArg)
			}
			*ns = joinInfra(in.pod.infra, kind)
		}
	}
	if c.Namespaces.UTS.Shares() || c.Namespaces.UTS.IsHost() {
		if c.Hostname != "" && !c.Infra {
			where := "joining the pod UTS namespace"
			if c.Namespaces.UTS.IsHost() {
				where = "running in the host UTS namespace"
			}
			return fmt.Errorf("invalid config provided: cannot set hostname when %s: %w", where, errdefs.ErrInvalidConfig)
		}
	}
	if err := checkPaths(&c.Namespaces); err != nil {
		return err
	}
	if c.Infra && in.pod != nil {
		if err := checkShared(c, in.pod.pod); err != nil {
			return err
		}
	}
	return c.CheckSysctls()
}

// checkShared refuses kernel parameters of a pod that its members would not see.
func checkShared(infra *container.Config, p *pod.Pod) error {
	return infra.RefuseSysctls(func(kind string) string {
		if p.Config.Shares(kind) {
			return ""
		}
		return "the pod does not share the " + kind + " namespace"
	})
}

// checkPaths refuses to join a namespace by a path that is not there. A user
// namespace is entered to look at its mappings, which says so too.
func checkPaths(n *container.Namespaces) error {
	words := map[string]string{"ipc": "IPC", "net": "network", "pid": "PID", "uts": "UTS", "cgroup": "cgroup"}
	kinds := n.ByKind()
	for _, kind := range slices.Sorted(maps.Keys(words)) {
		if ns := kinds[kind]; ns.Mode == container.ModePath {
			if _, err := os.Stat(ns.Value); err != nil {
				return fmt.Errorf("cannot find specified %s namespace path: %w", words[kind], err)
			}
		}
	}
	return nil
}

// defaultNamespace is what containers.conf says of a kind. It is read as strictly
// as a flag: a word that means nothing would be a namespace that nothing makes.
func defaultNamespace(kind, text string, rootless bool) (ns container.Namespace, err error) {
	words := []container.Mode{container.ModePrivate, container.ModeHost}
	switch kind {
	case "user":
		ns, err = container.ParseUserNamespace(text, rootless)
	case "ipc":
		ns, err = container.ParseNamespace(text, append(words, container.ModeShareable, container.ModeNone)...)
	case "net":
		ns, err = container.ParseNamespace(text, append(words, container.ModeBridge, container.ModeNone, container.ModePasta, container.ModeSlirp)...)
	default:
		ns, err = container.ParseNamespace(text, words...)
	}
	if err == nil && ns.Mode == container.ModeDefault {
		ns.Mode = container.ModePrivate
	}
	return ns, err
}

// joinInfra is the infra container's namespace, or the host's if infra uses that.
func joinInfra(infra *container.Container, kind string) container.Namespace {
	if infra.Config.Namespaces.ByKind()[kind].IsHost() {
		return container.Namespace{Mode: container.ModeHost}
	}
	return container.Namespace{Mode: container.ModeContainer, Value: infra.ID}
}

// podConflicts refuses options that only the pod may set.
func podConflicts(c *container.Config, p *podContext) error {
	if c.Infra {
		return nil
	}
	refuse := func(what string) error {
		return fmt.Errorf("invalid config provided: %s: %w", what, errdefs.ErrNetworkOnPodCtr)
	}
	n := c.Network
	if p.shares("net") && (c.Namespaces.Net.Mode == container.ModeDefault || c.Namespaces.Net.Mode == container.ModePod) {
		switch {
		case len(n.Ports) > 0 || n.PublishAll:
			return refuse("published or exposed ports must be defined when the pod is created")
		case len(n.HostAdd) > 0:
			return refuse("extra host entries must be specified on the pod")
		case len(n.Networks) > 0:
			return refuse("networks must be defined when the pod is created")
		}
	}
	switch c.Namespaces.User.Mode {
	case container.ModeDefault, container.ModeHost, container.ModePod:
		if len(c.Namespaces.UIDMap)+len(c.Namespaces.GIDMap) == 0 {
			return nil
		}
	}
	return fmt.Errorf("invalid config provided: cannot set user namespace mode when joining pod with infra container: %w", errdefs.ErrInvalidArg)
}

// refuseHosts refuses entries for /etc/hosts where containers.conf has no_hosts: nobody
// would find them. The words are those for the flag.
func refuseHosts(n *container.Network) error {
	switch {
	case len(n.HostAdd) > 0:
		return errdefs.As(errdefs.ErrInvalidArgument, errors.New("--no-hosts and --add-host cannot be set together"))
	case n.HostsFile != "":
		return errdefs.As(errdefs.ErrInvalidArgument, errors.New("--no-hosts and --hosts-file cannot be set together"))
	}
	return nil
}

// completeNetwork decides the network of a container that has its own.
func completeNetwork(c *container.Config, in surroundings) error {
	ns := &c.Namespaces.Net
	if ns.Mode == container.ModePrivate || ns.Mode == "" {
		ns.Mode = container.ModeBridge
		if in.settings.Rootless {
			ns.Mode = container.Mode(in.settings.Conf.Network.DefaultRootlessNetworkCmd)
		}
	}
	if len(c.Network.DNSServers) == 0 {
		c.Network.DNSServers = in.settings.Conf.Containers.DNSServers.Get()
	}
	if len(c.Network.DNSSearch) == 0 {
		c.Network.DNSSearch = in.settings.Conf.Containers.DNSSearches.Get()
	}
	if len(c.Network.DNSOptions) == 0 {
		c.Network.DNSOptions = in.settings.Conf.Containers.DNSOptions.Get()
	}
	if c.Network.NoHosts == nil {
		leave := in.settings.Conf.Containers.NoHosts
		if !c.Infra && in.pod != nil && in.pod.infra != nil {
			leave = in.pod.infra.Config.Network.LeavesHosts()
		}
		if leave && (c.Infra || in.pod == nil) {
			if err := refuseHosts(&c.Network); err != nil {
				return err
			}
		}
		c.Network.NoHosts = &leave
	}
	if c.Network.PublishAll || len(c.Network.Expose) > 0 || in.image != nil {
		exposePorts(c, in)
	}
	if opts, asked := c.Network.Networks[container.DefaultNetwork]; asked && ns.Mode != container.ModeBridge {
		return fmt.Errorf("--%s can only be set when the network mode is bridge: %w", flagOf(opts), errdefs.ErrInvalidArg)
	}
	switch ns.Mode {
	case container.ModeBridge:
		nameDefaultNetwork(&c.Network, in.settings.Conf.Network.DefaultNetwork)
	case container.ModePasta, container.ModeSlirp:
	default:
		if len(c.Network.Ports) > 0 {
			logrus.Warnf("Port mappings have been discarded because %q network namespace mode is in use", ns.Mode)
			c.Network.Ports = nil
		}
		return nil
	}
	var err error
	if len(c.Network.Ports) > 0 {
		c.Network.Ports, err = network.AssignHostPorts(c.Network.Ports)
	}
	return err
}

// flagOf is the flag that the options of an interface come from.
func flagOf(opts types.PerNetworkOptions) string {
	switch {
	case len(opts.StaticIPs) > 0 && opts.StaticIPs[0].To4() == nil:
		return "ip6"
	case len(opts.StaticIPs) > 0:
		return "ip"
	case len(opts.StaticMAC) > 0:
		return "mac-address"
	}
	return "network-alias"
}

// nameDefaultNetwork puts the name of the default network where it was asked for
// without a name, or none was.
func nameDefaultNetwork(n *container.Network, name string) {
	if len(n.Networks) == 0 {
		n.Networks, n.Order = map[string]types.PerNetworkOptions{name: {}}, []string{name}
		return
	}
	opts, asked := n.Networks[container.DefaultNetwork]
	if !asked {
		return
	}
	named := make(map[string]types.PerNetworkOptions, len(n.Networks))
	for network, o := range n.Networks {
		named[network] = o
	}
	delete(named, container.DefaultNetwork)
	named[name] = opts
	n.Networks = named
	n.Order = slices.Clone(n.Order)
	n.Order[slices.Index(n.Order, container.DefaultNetwork)] = name
}

// exposePorts adds the image's exposed ports, and publishes all of them when
// asked to.
func exposePorts(c *container.Config, in surroundings) {
	if in.image != nil {
		c.Network.Expose = withImagePorts(c.Network.Expose, in.image.Config.ExposedPorts)
	}
	if !c.Network.PublishAll {
		return
	}
	numbers := make([]int, 0, len(c.Network.Expose))
	for p := range c.Network.Expose {
		numbers = append(numbers, int(p))
	}
	slices.Sort(numbers)
	for _, p := range numbers {
		for _, proto := range c.Network.Expose[uint16(p)] {
			c.Network.Ports = append(c.Network.Ports, types.PortMapping{ContainerPort: uint16(p), Range: 1, Protocol: proto})
		}
	}
}

// completeCgroup decides the cgroup parent of a container.
func completeCgroup(c *container.Config, in surroundings) error {
	if c.Resources.CgroupMode == "" {
		c.Resources.CgroupMode = in.settings.Conf.Containers.Cgroups
	}
	if c.Resources.CgroupParent != "" {
		switch c.Resources.CgroupMode {
		case "disabled":
			return fmt.Errorf("cannot set cgroup parent if not creating cgroups: %w", errdefs.ErrInvalidArg)
		case "split":
			return fmt.Errorf("cannot specify --cgroup-mode=split with a cgroup-parent: %w", errdefs.ErrInvalidArg)
		}
		return nil
	}
	if in.pod != nil && in.pod.pod.Config.ShareParent {
		c.Resources.CgroupParent = in.pod.pod.Config.CgroupPath
	}
	return nil
}

// withImagePorts adds an image's "80/tcp" ports to the exposed ones.
func withImagePorts(expose map[uint16][]string, image map[string]struct{}) map[uint16][]string {
	out := make(map[uint16][]string, len(expose)+len(image))
	for p, protos := range expose {
		out[p] = slices.Clone(protos)
	}
	for spec := range image {
		port, proto := splitPort(spec)
		if port != 0 && !slices.Contains(out[port], proto) {
			out[port] = append(out[port], proto)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// splitPort reads "80/tcp" or "80"; 0 for anything else.
func splitPort(spec string) (port uint16, proto string) {
	number, proto, found := strings.Cut(spec, "/")
	if !found {
		proto = "tcp"
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return 0, proto
	}
	return uint16(n), proto
}
