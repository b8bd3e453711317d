package ctrcmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/containers/common/libnetwork/types"
)

// ports words published ports, "0.0.0.0:8080->80/tcp", then those only exposed,
// "80/tcp"; successive numbers become a range.
func ports(published []types.PortMapping, exposed map[uint16][]string) string {
	var words []string
	done := map[port]bool{}
	for _, p := range published {
		ip := cmp.Or(p.HostIP, "0.0.0.0")
		count := max(p.Range, 1)
		for proto := range strings.SplitSeq(p.Protocol, ",") {
			words = append(words, fmt.Sprintf("%s:%s->%s/%s", ip, numbers(p.HostPort, count), numbers(p.ContainerPort, count), proto))
			for i := range count {
				done[port{proto, p.ContainerPort + i}] = true
			}
		}
	}
	return strings.Join(append(words, exposedPorts(exposed, done)...), ", ")
}

type port struct {
	proto  string
	number uint16
}

// exposedPorts words what is exposed and not done, by protocol and number.
func exposedPorts(exposed map[uint16][]string, done map[port]bool) []string {
	var rest []port
	for number, protos := range exposed {
		for _, proto := range protos {
			if p := (port{proto, number}); !done[p] {
				rest = append(rest, p)
			}
		}
	}
	slices.SortFunc(rest, func(a, b port) int {
		return cmp.Or(strings.Compare(a.proto, b.proto), cmp.Compare(a.number, b.number))
	})
	var words []string
	for len(rest) > 0 {
		n := 1
		for n < len(rest) && rest[n].proto == rest[0].proto && int(rest[n].number) == int(rest[0].number)+n {
			n++
		}
		words = append(words, numbers(rest[0].number, uint16(n))+"/"+rest[0].proto)
		rest = rest[n:]
	}
	return words
}

// numbers are count successive ports: "80" or "80-82".
func numbers(first, count uint16) string {
	if count <= 1 {
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d-%d", first, first+count-1)
}
