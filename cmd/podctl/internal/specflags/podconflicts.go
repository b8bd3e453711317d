package specflags

import (
	"errors"
	"fmt"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// checkNoInfra refuses what only an infra container can do. sharesNothing:
// --share was given to say so.
func (f *PodFlags) checkNoInfra(sharesNothing bool) error {
	switch {
	case f.has("share") && !sharesNothing:
		return fmt.Errorf("cannot set share(%s) namespaces without an infra container", f.share)
	case f.has("publish"):
		return errors.New("you must have an infra container to publish port bindings to the host")
	case f.has("no-hosts"):
		return errors.New("cannot specify --no-hosts without an infra container")
	case f.has("infra-name"):
		return withoutInfra("NoInfra", "InfraName")
	case f.has("network"):
		return errors.New("NoInfra and network modes cannot be used together")
	}
	for _, flag := range []struct{ name, shown string }{
		{"ip", "ip"}, {"ip6", "ip6"}, {"mac-address", "mac"}, {"network-alias", "network-alias"},
	} {
		if f.has(flag.name) {
			return fmt.Errorf("cannot set --%s without infra container: %w", flag.shown, errInvalid)
		}
	}
	return f.checkNoInfraHosts()
}

func (f *PodFlags) checkNoInfraHosts() error {
	switch {
	case f.has("dns") && len(f.network.dns.servers) == 1 && f.network.dns.servers[0] == "none":
		return withoutInfra("NoInfra", "NoManageResolvConf")
	case f.has("dns"):
		return withoutInfra("NoInfra", "DNSServer")
	case f.has("dns-option"):
		return withoutInfra("NoInfra", "DNSOption")
	case f.has("dns-search"):
		// Scripts know this text with its slip of the pen.
		return withoutInfra("NoInfo", "DNSSearch")
	case f.has("add-host"):
		return withoutInfra("NoInfra", "HostAdd")
	case f.has("hosts-file"):
		return withoutInfra("NoInfra", "HostsFile")
	}
	return nil
}

func withoutInfra(one, other string) error {
	return fmt.Errorf("%s and %s are mutually exclusive pod options: %w", one, other, errdefs.ErrInvalidPodSpec)
}

// checkPodNetwork refuses what the network of a pod cannot be.
func checkPodNetwork(infra *container.Config) error {
	mode, net := infra.Namespaces.Net.Mode, &infra.Network
	switch mode {
	case container.ModeHost, container.ModeNone, container.ModePath, container.ModePrivate:
		if len(net.Ports) > 0 {
			return errors.New("PortMappings can only be used with Bridge, slirp4netns, or pasta networking")
		}
	case container.ModeContainer, container.ModePod:
		return fmt.Errorf("pods presently do not support network mode %s", mode)
	}
	if len(net.Networks) == 0 {
		return nil
	}
	switch mode {
	case container.ModeNone:
		return fmt.Errorf("cannot disable pod network if network-related configuration is specified: %w", errInvalid)
	case container.ModeHost:
		return fmt.Errorf("cannot set host network if network-related configuration is specified: %w", errInvalid)
	}
	return nil
}
