package networkcmd

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/containers/common/libnetwork/types"
	"github.com/containers/common/libnetwork/util"
)

// subnets puts --subnet, --gateway and --ip-range together by their order.
func (opts *createOptions) subnets() ([]types.Subnet, error) {
	switch {
	case len(opts.Subnets) == 0 && (len(opts.Gateways) > 0 || len(opts.Ranges) > 0):
		return nil, errors.New("cannot set gateway or range without subnet")
	case len(opts.Gateways) > len(opts.Subnets):
		return nil, errors.New("cannot set more gateways than subnets")
	case len(opts.Ranges) > len(opts.Subnets):
		return nil, errors.New("cannot set more ranges than subnets")
	}
	var subnets []types.Subnet
	for i, text := range opts.Subnets {
		cidr, err := types.ParseCIDR(text)
		if err != nil {
			return nil, err
		}
		subnet := types.Subnet{Subnet: cidr}
		if i < len(opts.Gateways) {
			subnet.Gateway = opts.Gateways[i]
		}
		if i < len(opts.Ranges) {
			if subnet.LeaseRange, err = parseRange(opts.Ranges[i]); err != nil {
				return nil, err
			}
		}
		subnets = append(subnets, subnet)
	}
	return subnets, nil
}

// parseRange reads FIRST-LAST or a subnet, of which all addresses are meant.
func parseRange(text string) (*types.LeaseRange, error) {
	if first, last, ok := strings.Cut(text, "-"); ok {
		start, end := net.ParseIP(first), net.ParseIP(last)
		if start == nil {
			return nil, fmt.Errorf("range start ip %q is not a valid ip address", first)
		}
		if end == nil {
			return nil, fmt.Errorf("range end ip %q is not a valid ip address", last)
		}
		return &types.LeaseRange{StartIP: start, EndIP: end}, nil
	}
	_, subnet, err := net.ParseCIDR(text)
	if err != nil {
		return nil, err
	}
	start, err := util.FirstIPInSubnet(subnet)
	if err != nil {
		return nil, fmt.Errorf("failed to get first ip in range: %w", err)
	}
	end, err := util.LastIPInSubnet(subnet)
	if err != nil {
		return nil, fmt.Errorf("failed to get last ip in range: %w", err)
	}
	return &types.LeaseRange{StartIP: start, EndIP: end}, nil
}

func parseRoutes(texts []string) ([]types.Route, error) {
	var routes []types.Route
	for _, text := range texts {
		route, err := parseRoute(text)
		if err != nil {
			return nil, err
		}
		routes = append(routes, route)
	}
	return routes, nil
}

// parseRoute reads DESTINATION,GATEWAY[,METRIC].
func parseRoute(text string) (types.Route, error) {
	parts := strings.Split(text, ",")
	if len(parts) < 2 || len(parts) > 3 {
		return types.Route{}, fmt.Errorf("invalid route: %s: wanted <destination in CIDR>,<gateway>[,<metric>]", text)
	}
	destination, err := types.ParseCIDR(parts[0])
	if err != nil {
		return types.Route{}, fmt.Errorf("invalid route destination %s", parts[0])
	}
	route := types.Route{Destination: destination, Gateway: net.ParseIP(parts[1])}
	if route.Gateway == nil {
		return types.Route{}, fmt.Errorf("invalid route gateway %s", parts[1])
	}
	if len(parts) == 3 {
		metric, err := strconv.ParseUint(parts[2], 10, 32)
		if err != nil {
			return types.Route{}, fmt.Errorf("invalid route metric %s", parts[2])
		}
		short := uint32(metric)
		route.Metric = &short
	}
	return route, nil
}
