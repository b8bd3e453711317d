package network

import (
	"errors"
	"net"

	"github.com/sirupsen/logrus"
	"github.com/vishvananda/netlink"
)

// hasLink reports false also where there is no namespace.
func hasLink(nsPath, name string) bool {
	return HasNS(nsPath) && inNS(nsPath, func() error {
		_, err := netlink.LinkByName(name)
		return err
	}) == nil
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
