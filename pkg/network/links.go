package network

import (
	"errors"
	"net"

	"github.com/sirupsen/logrus"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// hasLink reports false also where there is no namespace.
func hasLink(nsPath, name string) bool {
	return HasNS(nsPath) && inNS(nsPath, func() error {
		return withInterface(name, func(socket int, request *unix.Ifreq) error {
			return unix.IoctlIfreq(socket, unix.SIOCGIFINDEX, request)
		})
	}) == nil
}

// withInterface calls fn with what a request about an interface takes, netdevice(7):
// for questions of one word, which through netlink cost many times as much.
func withInterface(name string, fn func(socket int, request *unix.Ifreq) error) error {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	return fn(socket, request)
}

// dropLink deletes an interface; one that is not there is fine.
func dropLink(nsPath, name string) error {
	if !HasNS(nsPath) {
		return nil
	}
	return inNS(nsPath, func() error {
		link, err := netlink.LinkByName(name)
		if isNoLink(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return netlink.LinkDel(link)
	})
}

// linkAddresses returns the interface's global addresses, the only trace of a
// lease that was freed before its setup was undone.
func linkAddresses(nsPath, name string) (ips []net.IP) {
	if !HasNS(nsPath) {
		return nil
	}
	err := inNS(nsPath, func() error {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		addresses, err := netlink.AddrList(link, netlink.FAMILY_ALL)
		for _, address := range addresses {
			if address.IP.IsGlobalUnicast() {
				ips = append(ips, address.IP)
			}
		}
		return err
	})
	if err != nil && !isNoLink(err) {
		logrus.Debugf("read addresses of %s in %s: %v", name, nsPath, err)
	}
	return ips
}

func isNoLink(err error) bool {
	var missing netlink.LinkNotFoundError
	return errors.As(err, &missing)
}
