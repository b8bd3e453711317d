package specflags

import (
	"errors"
	"net"

	"github.com/sirupsen/logrus"
	"github.com/spf13/pflag"

	"github.com/podctl/podctl/pkg/container"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// KubeFlags are the flags about pods and containers that kube play has: those
// that say what its files do not. The zero value is ready to be bound. For one
// command line and one goroutine.
type KubeFlags struct {
	given
	network networkFlags
	ips     []net.IP
	macs    []string
	user    userFlags
	log     logFlags
	pull    pullFlags
}

// Bind defines the flags.
func (f *KubeFlags) Bind(fs *pflag.FlagSet) {
	f.fs = fs
	n := &f.network
	n.given, n.dns.given, f.user.given, f.pull.given = f.given, f.given, f.given, f.given
	fs.StringArrayVar(&n.networks, "network", nil, "Network `mode` or name, with options")
	fs.IPSliceVar(&f.ips, "ip", nil, "Static `addresses` of the pods, in their order")
	fs.StringSliceVar(&f.macs, "mac-address", nil, "Static MAC `addresses` of the pods, in their order")
	fs.StringSliceVar(&n.publish, "publish", nil, "Publish a `port`: [[IP:]HOST:]CTR[/PROTO]")
	fs.BoolVar(&n.noHosts, "no-hosts", false, "Leave /etc/hosts alone")
	fs.BoolVar(&n.noHostname, "no-hostname", false, "Leave /etc/hostname alone")
	fs.StringVar(&f.user.userns, "userns", "", "User namespace `mode`")
	f.log.bind(fs)
	fs.BoolVarP(&f.pull.quiet, "quiet", "q", false, "Show no progress when pulling")
	fs.StringVar(&f.pull.authFile, "authfile", "", "`File` with credentials for registries")
	fs.StringVar(&f.pull.creds, "creds", "", "`user[:password]` for the registry")
	fs.StringVar(&f.pull.certDir, "cert-dir", "", "`Directory` with certificates for the registry")
	fs.BoolVar(&f.pull.tlsVerify, "tls-verify", true, "Ask the registry for HTTPS and verify its certificate")
	fs.String("signature-policy", "", "Accepted for compatibility, does nothing")
	fs.Lookup("signature-policy").Hidden = true
}

// NamesNetwork says whether the network of pods is given.
func (f *KubeFlags) NamesNetwork() bool { return f.has("network") }

// Pod lays the flags over the pod with this place among all. userNS is the mode of
// the user namespace unless the flags have one.
func (f *KubeFlags) Pod(opts *engine.PodCreateOptions, place int, userNS string, env Env) error {
	infra := opts.Infra
	n := f.network
	switch {
	case place < len(f.ips) && f.ips[place].To4() == nil:
		n.ip6 = f.ips[place].String()
	case place < len(f.ips):
		n.ip = f.ips[place].String()
	case len(f.ips) > 0:
		logrus.Warn("No more static ips left using a random one")
	}
	switch {
	case place < len(f.macs):
		n.mac = f.macs[place]
	case len(f.macs) > 0:
		logrus.Warn("No more static macs left using a random one")
	}
	if n.noHosts && len(infra.Network.HostAdd) > 0 {
		return errors.New("HostAliases in yaml file will not work with --no-hosts")
	}
	if err := n.apply(&infra.Namespaces, &infra.Network, env); err != nil {
		return err
	}
	user := f.user
	if !user.has("userns") {
		mode, err := container.ParseUserNamespace(userNS, env.Rootless)
		if err != nil {
			return err
		}
		infra.Namespaces.User, user.noDefault = mode, true
	}
	if err := user.apply(&infra.Namespaces, env); err != nil {
		return err
	}
	opts.Config.Share = withUser(opts.Config.Share, infra.Namespaces.User)
	return nil
}

// Container lays the flags over a container.
func (f *KubeFlags) Container(c *container.Config, env Env) error { return f.log.apply(&c.Log, env) }

// Pull says how images are obtained.
func (f *KubeFlags) Pull(policy string) (engine.PullOptions, error) {
	opts := engine.PullOptions{Policy: policy}
	return opts, f.pull.apply(&opts)
}
