package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containers/common/libnetwork/pasta"
	"github.com/containers/common/libnetwork/slirp4netns"
	"github.com/containers/common/libnetwork/types"
	"github.com/containers/common/libnetwork/util"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Programs that carry packets between a namespace and the host's sockets, for
// users who may not attach anything to the host's network. The names are also
// those of the network modes.
const (
	Pasta = pasta.BinaryName
	Slirp = slirp4netns.BinaryName
)

// Uplink is how a namespace on no network reaches the outside.
type Uplink struct {
	// ID of the container. Required.
	ID string
	// Program is Pasta or Slirp. Required.
	Program string
	// NSPath is the network namespace, as given to [CreateNS]. Required.
	NSPath string
	// Options are added to those of containers.conf: what stands behind the mode.
	Options []string
	// Ports to forward from the host, with HostPort chosen.
	Ports []types.PortMapping
	// Exit is the reading end of a pipe. Slirp, and what forwards its ports, end
	// when no writing end is open any more. Required for Slirp.
	Exit *os.File
}

// Connect starts the program and returns, under its name, what a Setup would
// under that of a network; a gateway in there is where the host is reached.
// [Backend.Disconnect] ends the program. Slirp ends with the pipe, too.
//
// Errors: ErrUnavailable (no such program, or it cannot connect), ErrInUse (a
// port is taken), ErrInvalidArg (ports that cannot be forwarded).
func (b *Backend) Connect(ctx context.Context, u Uplink) (map[string]types.StatusBlock, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var (
		block types.StatusBlock
		err   error
	)
	if u.Program == Slirp {
		block, err = b.slirp(u)
	} else {
		block, err = b.pasta(u)
	}
	if err != nil {
		return nil, fmt.Errorf("set up network: %w", err)
	}
	return map[string]types.StatusBlock{u.Program: block}, nil
}

func (b *Backend) pasta(u Uplink) (types.StatusBlock, error) {
	// It says of a port only that it cannot have it, and not why.
	sockets, err := ReservePorts(u.Ports)
	if err != nil {
		return types.StatusBlock{}, err
	}
	closeAll(sockets)
	res, err := pasta.Setup(&pasta.SetupOptions{Config: b.conf, Netns: u.NSPath, Ports: u.Ports, ExtraOptions: u.Options})
	if err != nil {
		return types.StatusBlock{}, uplinkError(Pasta, "passt", err)
	}
	var host net.IP
	if len(res.MapGuestAddrIPs) > 0 {
		host = net.ParseIP(res.MapGuestAddrIPs[0])
	}
	return uplinkStatus(res.IPAddresses, host, addresses(res.DNSForwardIPs)), nil
}

// slirp starts slirp4netns. Its ports are forwarded like those of networks: the
// program's own way, which it must be asked for, shows containers the host as the
// source of every connection, and needs a socket with a short path.
func (b *Backend) slirp(u Uplink) (types.StatusBlock, error) {
	conf := *b.conf
	conf.Engine.TmpDir = filepath.Dir(u.NSPath) // for its log and its socket, only while it starts
	opts := slirp4netns.SetupOptions{
		Config: &conf, ContainerID: u.ID, Netns: u.NSPath, ExtraOptions: u.Options, Slirp4netnsExitPipeR: u.Exit,
	}
	own := slices.Contains(u.Options, "port_handler=slirp4netns")
	if own {
		opts.Ports = u.Ports
	}
	res, err := slirp4netns.Setup(&opts)
	if err != nil {
		return types.StatusBlock{}, uplinkError(Slirp, Slirp, err)
	}
	if !own {
		if err := b.Forward(u.NSPath, u.Ports, u.Exit); err != nil {
			return types.StatusBlock{}, err
		}
	}
	ip, err := slirp4netns.GetIP(res.Subnet)
	if err != nil {
		return types.StatusBlock{}, err
	}
	dns, err := slirp4netns.GetDNS(res.Subnet)
	if err != nil {
		return types.StatusBlock{}, err
	}
	var host net.IP
	if slices.Contains(u.Options, "allow_host_loopback=true") {
		gateway, err := slirp4netns.GetGateway(res.Subnet)
		if err != nil {
			return types.StatusBlock{}, err
		}
		host = *gateway
	}
	return uplinkStatus([]net.IP{*ip}, host, []net.IP{*dns}), nil
}

func uplinkStatus(ips []net.IP, host net.IP, dns []net.IP) types.StatusBlock {
	return types.StatusBlock{
		Interfaces:   map[string]types.NetInterface{uplinkInterface: {Subnets: subnets(ips, host)}},
		DNSServerIPs: dns,
	}
}

// uplinkInterface stands for the interface, whose name nobody needs.
const uplinkInterface = "uplink"

const tunDevice = "/dev/net/tun"

// uplinkError says in one line what the program said, and what can be done.
func uplinkError(program, pkg string, err error) error {
	lines := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' })
	lines = slices.DeleteFunc(lines, func(line string) bool {
		return strings.HasPrefix(line, "Failed to send") // pasta misses a syslog
	})
	text, class := strings.Join(lines, " "), errdefs.ErrUnavailable
	text, _, _ = strings.Cut(text, " Usage: ") // which is long
	switch {
	case strings.HasPrefix(text, "could not find "+program):
		text = fmt.Sprintf("find %s (install the Debian package %s): %s", program, pkg, text)
	case strings.Contains(text, "No external routable interface for IPv4"):
		text += " (this host has no default route, without which pasta does not start: use --network slirp4netns, none or a network of your own)"
	case strings.Contains(text, "tun socket") && unix.Access(tunDevice, unix.R_OK|unix.W_OK) != nil:
		text += " (" + tunDevice + " is not there or not open to users: as root, chmod 0666 " + tunDevice + ")"
	case strings.Contains(text, "Failed to bind"):
		class = errdefs.ErrInUse // since we looked
	}
	return &classed{errors.New(text), class}
}

func addresses(texts []string) (ips []net.IP) {
	for _, text := range texts {
		if ip := net.ParseIP(text); ip != nil {
			ips = append(ips, ip)
		}
	}
	return ips
}

// subnets are addresses as netavark would report them. The programs take the
// host's, whose prefix matters to nobody.
func subnets(ips []net.IP, gateway net.IP) (nets []types.NetAddress) {
	for _, ip := range ips {
		bits := 8 * net.IPv6len
		if v4 := ip.To4(); v4 != nil {
			ip, bits = v4, 8*net.IPv4len
		}
		address := types.NetAddress{IPNet: types.IPNet{IPNet: net.IPNet{IP: ip, Mask: net.CIDRMask(bits, bits)}}}
		if gateway != nil && util.IsIPv4(gateway) == util.IsIPv4(ip) {
			address.Gateway = gateway
		}
		nets = append(nets, address)
	}
	return nets
}

// uplinkOf is the status of [Backend.Connect], if that is what this is.
func uplinkOf(status map[string]types.StatusBlock) (types.StatusBlock, bool) {
	for _, program := range []string{Pasta, Slirp} {
		if block, ok := status[program]; ok {
			return block, true
		}
	}
	return types.StatusBlock{}, false
}

// gatewayOf is where a namespace with an uplink reaches the host; "" if nowhere.
func gatewayOf(block types.StatusBlock) string {
	for _, i := range block.Interfaces {
		for _, subnet := range i.Subnets {
			if subnet.Gateway != nil {
				return subnet.Gateway.String()
			}
		}
	}
	return ""
}
