package specflags

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/containers/common/libnetwork/types"
)

// errPortFormat is for values with too many parts.
var errPortFormat = errors.New("invalid port format - format is [[hostIP:]hostPort:]containerPort")

var errNoHostIP = errors.New("must provide a non-empty container host IP to publish")

// parsePorts reads the values of --publish. A mapping given twice counts once;
// two that want the same host port are an error. A host port of 0 is to be
// chosen when the ports are bound.
func parsePorts(texts []string) ([]types.PortMapping, error) {
	var ports []types.PortMapping
	type hostPort struct {
		ip, protocol string
		port         uint16
	}
	taken := map[hostPort]uint16{}
	for _, text := range texts {
		port, err := parsePort(text)
		if err != nil {
			return nil, err
		}
		again := port.HostPort != 0
		for i := range port.Range {
			if port.HostPort == 0 {
				break
			}
			key := hostPort{port.HostIP, port.Protocol, port.HostPort + i}
			inside, used := taken[key]
			if used && inside != port.ContainerPort+i {
				return nil, fmt.Errorf("conflicting port mappings for host port %d (protocol %s)", key.port, key.protocol)
			}
			again = again && used
			taken[key] = port.ContainerPort + i
		}
		if !again {
			ports = append(ports, port)
		}
	}
	return ports, nil
}

// parsePort reads [[IP:][HOST[-END]]:]CTR[-END][/PROTO].
func parsePort(text string) (types.PortMapping, error) {
	port := types.PortMapping{Protocol: "tcp"}
	rest, protocol, hasProtocol := strings.Cut(text, "/")
	if hasProtocol {
		if strings.Contains(protocol, "/") {
			return port, errors.New("invalid port format - protocol can only be specified once")
		}
		if protocol == "" {
			return port, errors.New("must provide a non-empty protocol to publish")
		}
		if err := checkProtocol(protocol); err != nil {
			return port, err
		}
		port.Protocol = strings.ToLower(protocol)
	}
	ip, host, inside, err := splitPort(rest)
	if err != nil {
		return port, err
	}
	if inside == "" {
		return port, errors.New("must provide a non-empty container port to publish")
	}
	if ip != "" {
		address := net.ParseIP(ip)
		if address == nil {
			return port, fmt.Errorf("cannot parse %q as an IP address", ip)
		}
		port.HostIP = address.String()
	}
	port.ContainerPort, port.Range, err = parsePortRange(inside)
	if err != nil {
		return port, fmt.Errorf("parsing container port: %w", err)
	}
	if host == "" {
		return port, nil
	}
	start, length, err := parsePortRange(host)
	if err != nil {
		return port, fmt.Errorf("parsing host port: %w", err)
	}
	if length != port.Range {
		return port, fmt.Errorf("host and container port ranges have different lengths: %d vs %d", length, port.Range)
	}
	port.HostPort = start
	return port, nil
}

// splitPort returns the parts between the colons; ip and host may be empty.
func splitPort(text string) (ip, host, inside string, err error) {
	bracketed := strings.ContainsAny(text, "[]")
	if bracketed {
		address, rest, ok := strings.Cut(text, "]")
		if !ok || !strings.HasPrefix(address, "[") {
			return "", "", "", errors.New("invalid port format - IPv6 addresses must be enclosed by []")
		}
		if ip = address[1:]; ip == "" {
			return "", "", "", errNoHostIP
		}
		if !strings.HasPrefix(rest, ":") {
			return "", "", "", errors.New("invalid port format - IPv6 address must be followed by a colon (':')")
		}
		text = rest[1:]
	}
	parts := strings.Split(text, ":")
	switch {
	case len(parts) == 1:
		return ip, "", parts[0], nil
	case len(parts) == 2:
		return ip, parts[0], parts[1], nil
	case len(parts) == 3 && parts[0] == "":
		return "", "", "", errNoHostIP
	case len(parts) == 3 && !bracketed:
		return parts[0], parts[1], parts[2], nil
	}
	return "", "", "", errPortFormat
}

// parsePortRange reads PORT[-END] and returns the first port and how many.
func parsePortRange(text string) (start, length uint16, err error) {
	first, last, isRange := strings.Cut(text, "-")
	if strings.Contains(last, "-") {
		return 0, 0, errors.New("invalid port format - port ranges are formatted as startPort-stopPort")
	}
	if first == "" {
		return 0, 0, errors.New("port numbers cannot be negative")
	}
	if start, err = parsePortNumber(first); err != nil {
		return 0, 0, err
	}
	if !isRange {
		return start, 1, nil
	}
	if last == "" {
		return 0, 0, errors.New("must provide ending number for port range")
	}
	end, err := parsePortNumber(last)
	if err != nil {
		return 0, 0, err
	}
	if end <= start {
		return 0, 0, fmt.Errorf("the end port of a range must be higher than the start port - %d is not higher than %d", end, start)
	}
	return start, end - start + 1, nil
}

func parsePortNumber(text string) (uint16, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("invalid port number: %w", err)
	}
	if n < 1 || n > 65535 {
		return 0, fmt.Errorf("port numbers must be between 1 and 65535 (inclusive), got %d", n)
	}
	return uint16(n), nil
}

func checkProtocol(protocol string) error {
	switch strings.ToLower(protocol) {
	case "tcp", "udp", "sctp":
		return nil
	}
	return fmt.Errorf("unrecognized protocol %q in port mapping", protocol)
}
