package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

func (h *host) links() error {
	links, err := net.Interfaces()
	for _, l := range links {
		h.add("link", l.Name)
	}
	return err
}

// address is one of IPv4, or a subnet of IPv6.
const address = `(^|[^0-9.])([0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-f]+::?[0-9a-f:]*/[0-9]+`

// Chains that netavark made once for all stay; what names an address is of a network
// or a container.
var (
	ruleOfAddress = regexp.MustCompile(`^-A.*(` + address + `)`)
	namesAddress  = regexp.MustCompile(address)
)

func (h *host) firewall() error {
	for _, version := range []string{"iptables", "ip6tables"} {
		for _, rule := range output(version + "-save") {
			if ruleOfAddress.MatchString(rule) {
				h.add(version, rule)
			}
		}
	}
	inet := false
	for _, table := range output("nft", "list", "tables") {
		inet = inet || strings.HasPrefix(table, "table inet ")
		if strings.Contains(table, "netavark") {
			h.add("nft", table)
		}
	}
	if !inet {
		return nil
	}
	for _, rule := range output("nft", "list", "ruleset", "inet") {
		if namesAddress.MatchString(rule) {
			h.add("nft rule", strings.TrimSpace(rule))
		}
	}
	return nil
}

// output is what a program prints, by lines; none where there is no such program, or
// where it may not look.
func output(name string, args ...string) []string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return nil
	}
	return strings.Split(string(bytes.TrimSpace(out)), "\n")
}

// networkFiles finds namespaces, and what netavark and its name server keep.
func (h *host) networkFiles() error {
	state := "/run/containers/networks"
	if os.Geteuid() != 0 {
		state = filepath.Join(h.runRoot, "networks")
	}
	for _, dir := range []string{"/run/netns", filepath.Join(state, "rootless-netns")} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			h.add("netns", filepath.Join(dir, e.Name()))
		}
	}
	err := filepath.WalkDir(filepath.Join(state, "aardvark-dns"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && d.Name() != "aardvark.pid" {
			h.add("aardvark-dns", path)
		}
		return nil //nolint:nilerr // it has gone
	})
	if err != nil {
		return err
	}
	list, err := leases(filepath.Join(state, "ipam.db"))
	for _, l := range list {
		h.add("lease", l)
	}
	if err != nil {
		return fmt.Errorf("leases: %w", err)
	}
	return nil
}
