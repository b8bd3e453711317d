package network

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"

	"github.com/containers/common/libnetwork/types"
	"github.com/containers/storage/pkg/reexec"

	"github.com/podctl/podctl/pkg/errdefs"
)

// forwarderName is the name under which this program forwards ports.
const forwarderName = "podctl-ports"

// Register lets this program forward ports. main calls it before
// [reexec.Init].
func Register() { reexec.Register(forwarderName, forwarder) }

// Descriptors of a forwarder; the sockets follow.
const (
	exitFD = 3 + iota
	nsFD
	firstSocketFD
)

// forwarded is one socket of a forwarder and where what comes in goes.
type forwarded struct {
	Protocol string // tcp or udp
	Port     uint16 // in the namespace
}

// Forward lets a process of its own pass on what comes to the ports of the host
// to the namespace at nsPath: for users, to whom no firewall rule is open. The
// process ends when no writing end of the pipe exit is open any more. The ports
// are taken when this returns; a taken one is ErrInUse. SCTP is ErrInvalidArg.
func (b *Backend) Forward(nsPath string, ports []types.PortMapping, exit *os.File) error {
	if len(ports) == 0 {
		return nil
	}
	targets, err := targetsOf(ports)
	if err != nil {
		return err
	}
	sockets, err := ReservePorts(ports)
	if err != nil {
		return err
	}
	defer closeAll(sockets)
	ns, err := os.Open(nsPath)
	if err != nil {
		return err
	}
	defer ns.Close()
	text, err := json.Marshal(targets)
	if err != nil {
		return err
	}
	cmd := reexec.Command(forwarderName, string(text))
	cmd.ExtraFiles = append([]*os.File{exit, ns}, sockets...)
	cmd.Dir = "/" // it keeps no directory busy
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("forward ports: %w", err)
	}
	return cmd.Process.Release()
}

// targetsOf lists where each socket of ReservePorts leads, in its order.
func targetsOf(ports []types.PortMapping) (targets []forwarded, err error) {
	for _, p := range ports {
		for _, protocol := range protocols(p) {
			if protocol != "tcp" && protocol != "udp" {
				return nil, fmt.Errorf("publish port %d/%s: users can publish tcp and udp ports only: %w", p.ContainerPort, protocol, errdefs.ErrInvalidArg)
			}
			for n := range count(p) {
				targets = append(targets, forwarded{protocol, p.ContainerPort + uint16(n)})
			}
		}
	}
	return targets, nil
}
