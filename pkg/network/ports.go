package network

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/containers/common/libnetwork/types"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/errdefs"
)

// portTries bounds the search for consecutive free ports.
const portTries = 64

// AssignHostPorts returns the mappings with a free host port for each that has
// none (-p 80, -p 127.0.0.1::80). A mapping of several ports gets consecutive
// ones. They are free now; only [ReservePorts] holds them.
func AssignHostPorts(ports []types.PortMapping) ([]types.PortMapping, error) {
	assigned := make([]types.PortMapping, len(ports))
	copy(assigned, ports)
	// Reserved until all have one, so that no port is given out twice.
	var reserved []*os.File
	defer func() { closeAll(reserved) }()
	for i := range assigned {
		if assigned[i].HostPort != 0 {
			continue
		}
		files, port, err := freeRange(assigned[i], taken(assigned))
		if err != nil {
			return nil, err
		}
		reserved = append(reserved, files...)
		assigned[i].HostPort = port
	}
	return assigned, nil
}

// taken are the host ports chosen so far, whatever their address.
func taken(ports []types.PortMapping) map[int]bool {
	all := map[int]bool{}
	for _, p := range ports {
		for n := range count(p) {
			if p.HostPort != 0 {
				all[int(p.HostPort)+n] = true
			}
		}
	}
	return all
}

// freeRange finds and holds consecutive free ports for a mapping.
func freeRange(p types.PortMapping, avoid map[int]bool) ([]*os.File, uint16, error) {
	var last error
	for range portTries {
		first, port, err := listen(protocols(p)[0], p.HostIP, 0)
		if err != nil {
			return nil, 0, fmt.Errorf("find a free host port: %w", portError(protocols(p)[0], err))
		}
		first.Close() // taken again below, with those that follow
		if avoid[port] || port+count(p)-1 > 65535 {
			continue
		}
		p.HostPort = uint16(port)
		files, err := reserve(p)
		if err == nil {
			return files, p.HostPort, nil
		}
		last = err
	}
	return nil, 0, fmt.Errorf("find %d consecutive free host ports: %w", count(p), errors.Join(last, errdefs.ErrUnavailable))
}

// ReservePorts binds every host port of the mappings, so that no other program
// can take one while the container, to whose conmon the files are handed, lives;
// netavark's rules catch the packets before they reach these sockets. On error
// none is held; a taken port is ErrInUse. SCTP ports are not bound.
func ReservePorts(ports []types.PortMapping) ([]*os.File, error) {
	var all []*os.File
	for _, p := range ports {
		files, err := reserve(p)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, files...)
	}
	return all, nil
}

func reserve(p types.PortMapping) ([]*os.File, error) {
	var files []*os.File
	for _, protocol := range protocols(p) {
		for n := range count(p) {
			file, _, err := listen(protocol, p.HostIP, int(p.HostPort)+n)
			if err != nil {
				closeAll(files)
				return nil, portError(protocol, err)
			}
			if file != nil {
				files = append(files, file)
			}
		}
	}
	return files, nil
}

// listen binds one port, any free one for 0, and returns the socket. The socket
// is closed on exec; hand it on with exec.Cmd's ExtraFiles.
func listen(protocol, hostIP string, port int) (*os.File, int, error) {
	ip := net.ParseIP(hostIP)
	family := "4"
	if ip != nil && ip.To4() == nil {
		family = "6"
	}
	switch protocol {
	case "udp":
		conn, err := net.ListenUDP("udp"+family, &net.UDPAddr{IP: ip, Port: port})
		if err != nil {
			return nil, 0, err
		}
		defer conn.Close()
		file, err := conn.File()
		return file, conn.LocalAddr().(*net.UDPAddr).Port, err
	case "sctp":
		if port == 0 {
			return listen("tcp", hostIP, 0) // only to choose a number
		}
		return nil, port, nil
	default:
		l, err := net.ListenTCP("tcp"+family, &net.TCPAddr{IP: ip, Port: port})
		if err != nil {
			return nil, 0, err
		}
		defer l.Close()
		file, err := l.File()
		return file, l.Addr().(*net.TCPAddr).Port, err
	}
}

func portError(protocol string, err error) error {
	class := errdefs.ErrUnavailable
	switch {
	case errors.Is(err, syscall.Errno(unix.EADDRINUSE)):
		class = errdefs.ErrInUse
	case errors.Is(err, syscall.Errno(unix.EACCES)):
		err = fmt.Errorf("%w (a user may not have ports below sysctl net.ipv4.ip_unprivileged_port_start: choose a higher port, or lower that as root)", err)
	}
	return &classed{fmt.Errorf("cannot listen on the %s port: %w", strings.ToUpper(protocol), err), class}
}

// protocols of a mapping; none named is TCP.
func protocols(p types.PortMapping) []string {
	if p.Protocol == "" {
		return []string{"tcp"}
	}
	return strings.Split(strings.ToLower(p.Protocol), ",")
}

// count of ports in a mapping; an unset range is one.
func count(p types.PortMapping) int { return max(1, int(p.Range)) }

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
